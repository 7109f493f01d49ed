/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "light.h"

void light_init(struct light *light, enum color_space space, unsigned maxval, bool histograms)
{
    *light = (struct light){
        .space = space, .channels = color_channels(space), .has_histograms = histograms};
    for (unsigned i = 0; i < light->channels; i++) {
        light->high[i] = color_top(space, i, maxval);
        if (histograms)
            histogram_init(&light->histograms[i], light->high[i]);
    }
}

void light_free(struct light *light)
{
    for (unsigned i = 0; light->has_histograms && i < light->channels; i++)
        histogram_free(&light->histograms[i]);
    *light = (struct light){0};
}

void light_clear(struct light *light)
{
    memset(light->means, 0, sizeof light->means);
    for (unsigned i = 0; light->has_histograms && i < light->channels; i++)
        histogram_clear(&light->histograms[i]);
}

struct mean light_mean(const struct light *light, unsigned i)
{
    if (light->has_histograms)
        return histogram_mean(&light->histograms[i], light->low[i], light->high[i]);
    return light->means[i];
}

/* Whether the pixel X, Y of FRAME is in the circle. */
static bool in_circle(const struct frame *frame, double x, double y, double circle)
{
    double shorter = frame->width < frame->height ? frame->width : frame->height;
    double across = x - frame->width / 2.0, down = y - frame->height / 2.0;
    double radius = circle * shorter / 2;
    return across * across + down * down <= radius * radius;
}

/* The columns *FIRST..*END - 1 of row Y are in the circle. */
static void circle_span(const struct frame *frame, unsigned y, double circle, unsigned *first,
                        unsigned *end)
{
    *first = 0;
    *end = frame->width;
    if (circle <= 0)
        return;
    while (*first < *end && !in_circle(frame, *first, y, circle))
        ++*first;
    while (*end > *first && !in_circle(frame, *end - 1.0, y, circle))
        --*end;
}

/* Keeps the pixels that are not fully transparent, in place; returns how many. */
static unsigned drop_transparent(uint16_t *samples, unsigned count, unsigned depth)
{
    unsigned kept = 0;
    for (unsigned x = 0; x < count; x++) {
        const uint16_t *pixel = samples + (size_t)x * depth;
        if (pixel[depth - 1] > 0)
            memmove(samples + (size_t)kept++ * depth, pixel, depth * sizeof *pixel);
    }
    return kept;
}

/* Channels that are the samples themselves. */
static void measure_samples(struct light *light, const uint16_t *samples, unsigned count,
                            unsigned depth)
{
    if (light->has_histograms)
        for (unsigned i = 0; i < light->channels; i++)
            histogram_add(&light->histograms[i], samples + i, count, depth);
    else
        mean_add(light->means, depth, samples, count, light->low[0], light->high[0]);
}

static void measure_colors(struct light *light, const uint16_t *samples, unsigned count,
                           unsigned depth, unsigned maxval, uint32_t *values)
{
    for (unsigned i = 0; i < light->channels; i++) {
        color_values(light->space, i, samples, depth, count, maxval, values);
        if (light->has_histograms)
            histogram_add_wide(&light->histograms[i], values, count);
        else
            mean_add_wide(&light->means[i], values, count, light->low[i], light->high[i]);
    }
}

void light_measure(struct light *light, const struct frame *frame, const unsigned char *rows,
                   unsigned first, unsigned count, double circle)
{
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    uint32_t *values = alloc_array(frame->width, sizeof *values);
    unsigned depth = frame->depth, sample_bytes = frame_sample_bytes(frame);
    for (unsigned i = 0; i < count; i++, rows += frame_row_bytes(frame)) {
        unsigned left, end;
        circle_span(frame, first + i, circle, &left, &end);
        unsigned pixels = end - left;
        frame_unpack(rows + (size_t)left * depth * sample_bytes, sample_bytes,
                     (size_t)pixels * depth, samples);
        if (frame_has_opacity(frame))
            pixels = drop_transparent(samples, pixels, depth);
        if (light->space == COLOR_GRAY || light->space == COLOR_RGB)
            measure_samples(light, samples, pixels, depth);
        else
            measure_colors(light, samples, pixels, depth, frame->maxval, values);
    }
    free(samples);
    free(values);
}
