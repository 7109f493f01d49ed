/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "light.h"

void light_init(struct light *light, enum color_space space, unsigned maxval)
{
    light->space = space;
    light->channels = color_channels(space);
    for (unsigned i = 0; i < light->channels; i++)
        histogram_init(&light->histograms[i], color_top(space, i, maxval));
}

void light_free(struct light *light)
{
    for (unsigned i = 0; i < light->channels; i++)
        histogram_free(&light->histograms[i]);
    *light = (struct light){0};
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

static void measure_row(struct light *light, const uint16_t *samples, unsigned count,
                        unsigned depth, unsigned maxval, uint32_t *values)
{
    for (unsigned i = 0; i < light->channels; i++) {
        if (light->space == COLOR_GRAY || light->space == COLOR_RGB) {
            histogram_add(&light->histograms[i], samples + i, count, depth);
        } else {
            color_values(light->space, i, samples, depth, count, maxval, values);
            histogram_add_wide(&light->histograms[i], values, count);
        }
    }
}

void light_measure(struct light *light, const struct frame *frame, double circle)
{
    unsigned first, end;
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    uint32_t *values = alloc_array(frame->width, sizeof *values);
    for (unsigned i = 0; i < light->channels; i++)
        histogram_clear(&light->histograms[i]);
    for (unsigned y = 0; y < frame->height; y++) {
        circle_span(frame, y, circle, &first, &end);
        if (first == end)
            continue;
        frame_get_row(frame, y, samples);
        uint16_t *inside = samples + (size_t)first * frame->depth;
        unsigned count = end - first;
        if (frame_has_opacity(frame))
            count = drop_transparent(inside, count, frame->depth);
        measure_row(light, inside, count, frame->depth, frame->maxval, values);
    }
    free(samples);
    free(values);
}

/* The curve as a table of samples, rounded half up. */
static void round_curve(const float *curve, unsigned maxval, uint16_t *table)
{
    for (unsigned v = 0; v <= maxval; v++)
        table[v] = (uint16_t)(curve[v] + 0.5F);
}

static void look_up_bytes(unsigned char *raster, size_t pixels, unsigned depth, unsigned colors,
                          unsigned char tables[][256])
{
    for (size_t x = 0; x < pixels; x++, raster += depth)
        for (unsigned c = 0; c < colors; c++)
            raster[c] = tables[c][raster[c]];
}

static void look_up_pairs(unsigned char *raster, size_t pixels, unsigned depth, unsigned colors,
                          uint16_t *const tables[])
{
    for (size_t x = 0; x < pixels; x++, raster += 2 * (size_t)depth)
        for (unsigned c = 0; c < colors; c++) {
            uint16_t changed = tables[c][raster[2 * c] << 8 | raster[2 * c + 1]];
            raster[2 * c] = (unsigned char)(changed >> 8);
            raster[2 * c + 1] = (unsigned char)changed;
        }
}

/* Sends colour c of all pixels through TABLES[c]. */
static void look_up(struct frame *frame, uint16_t *const tables[])
{
    unsigned depth = frame->depth, colors = frame_colors(frame);
    size_t pixels = (size_t)frame->width * frame->height;
    if (frame_sample_bytes(frame) == 2) {
        look_up_pairs(frame->raster, pixels, depth, colors, tables);
        return;
    }
    unsigned char narrow[3][256];
    for (unsigned c = 0; c < colors; c++)
        for (unsigned v = 0; v <= frame->maxval; v++)
            narrow[c][v] = (unsigned char)tables[c][v];
    look_up_bytes(frame->raster, pixels, depth, colors, narrow);
}

static void change_samples(enum color_space space, float *const curves[], struct frame *frame)
{
    uint16_t *tables[3];
    for (unsigned c = 0; c < frame_colors(frame); c++) {
        tables[c] = alloc_array((size_t)frame->maxval + 1, sizeof *tables[c]);
        round_curve(curves[space == COLOR_RGB ? c : 0], frame->maxval, tables[c]);
    }
    look_up(frame, tables);
    for (unsigned c = 0; c < frame_colors(frame); c++)
        free(tables[c]);
}

/* By how much the curve multiplies a saturation; at 0 there is no chroma to change. */
static float *saturation_ratio(const float *curve)
{
    float *ratio = alloc_array(COLOR_SATURATION_TOP + 1, sizeof *ratio);
    for (unsigned s = 1; s <= COLOR_SATURATION_TOP; s++)
        ratio[s] = curve[s] / (float)s;
    ratio[0] = ratio[1];
    return ratio;
}

static void change_hue_kept(enum color_space space, float *const curves[], struct frame *frame)
{
    bool hsv = space == COLOR_HSV;
    float *ratio = saturation_ratio(curves[hsv ? 0 : 1]);
    const float *light = curves[hsv ? 1 : 0];
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    for (unsigned y = 0; y < frame->height; y++) {
        frame_get_row(frame, y, samples);
        if (hsv)
            color_change_hsv(samples, frame->depth, frame->width, frame->maxval, light, ratio);
        else
            color_change_hls(samples, frame->depth, frame->width, frame->maxval, light, ratio);
        frame_put_row(frame, y, samples);
    }
    free(samples);
    free(ratio);
}

void light_change(enum color_space space, float *const curves[COLOR_CHANNELS_MAX],
                  struct frame *frame)
{
    if (space == COLOR_HSV || space == COLOR_HLS)
        change_hue_kept(space, curves, frame);
    else
        change_samples(space, curves, frame);
}
