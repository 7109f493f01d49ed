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

void light_clear(struct light *light)
{
    for (unsigned i = 0; i < light->channels; i++)
        histogram_clear(&light->histograms[i]);
}

void light_measure(struct light *light, const struct frame *frame, unsigned first, unsigned count,
                   double circle)
{
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    uint32_t *values = alloc_array(frame->width, sizeof *values);
    for (unsigned y = first; y < first + count; y++) {
        unsigned left, end;
        circle_span(frame, y, circle, &left, &end);
        if (left == end)
            continue;
        frame_get_row(frame, y, samples);
        uint16_t *inside = samples + (size_t)left * frame->depth;
        unsigned pixels = end - left;
        if (frame_has_opacity(frame))
            pixels = drop_transparent(inside, pixels, frame->depth);
        measure_row(light, inside, pixels, frame->depth, frame->maxval, values);
    }
    free(samples);
    free(values);
}

/*
 * Rasters are sent through tables two bytes at a time, as they lie in memory: one sample of 16
 * bits, or two neighbours of 8. The tables of the pairs then follow each other with a period of at
 * most four: the planes of a pixel, or for bytes the pairs of neighbouring planes.
 */
enum { UNITS = 65536, PERIOD_MAX = 4 };

struct unit_tables {
    unsigned period;
    uint16_t *table[PERIOD_MAX];
};

/* The curve's value at V, rounded half up; no curve is the identity. */
static unsigned round_curve(const float *curve, unsigned v)
{
    return curve ? (unsigned)(curve[v] + 0.5F) : v;
}

static uint16_t as_unit(unsigned first_byte, unsigned second_byte)
{
    const unsigned char bytes[] = {(unsigned char)first_byte, (unsigned char)second_byte};
    uint16_t unit;
    memcpy(&unit, bytes, sizeof unit);
    return unit;
}

static void fill_wide(const float *curve, unsigned maxval, uint16_t *table)
{
    for (unsigned v = 0; v <= maxval; v++) {
        unsigned changed = round_curve(curve, v);
        table[as_unit(v >> 8, v & 255)] = as_unit(changed >> 8, changed & 255);
    }
}

static void fill_pair(const float *first, const float *second, unsigned maxval, uint16_t *table)
{
    for (unsigned v = 0; v <= maxval; v++)
        for (unsigned w = 0; w <= maxval; w++)
            table[as_unit(v, w)] = as_unit(round_curve(first, v), round_curve(second, w));
}

/* PLANES has a curve a plane of FRAME, NULL for the identity. */
static void make_tables(const struct frame *frame, const float *const planes[],
                        struct unit_tables *tables)
{
    bool wide = frame_sample_bytes(frame) == 2;
    unsigned depth = frame->depth;
    tables->period = wide || depth % 2 ? depth : depth / 2;
    for (unsigned i = 0; i < tables->period; i++) {
        tables->table[i] = alloc_array(UNITS, sizeof *tables->table[i]);
        if (wide)
            fill_wide(planes[i], frame->maxval, tables->table[i]);
        else
            fill_pair(planes[2 * i % depth], planes[(2 * i + 1) % depth], frame->maxval,
                      tables->table[i]);
    }
}

static inline void look_up_unit(unsigned char *at, const uint16_t *table)
{
    uint16_t unit;
    memcpy(&unit, at, sizeof unit);
    unit = table[unit];
    memcpy(at, &unit, sizeof unit);
}

/* PERIOD is constant where this is inlined. */
static inline void look_up_units(unsigned char *raster, size_t bytes, unsigned period,
                                 uint16_t *const table[])
{
    size_t step = 2 * (size_t)period;
    for (; bytes >= step; bytes -= step, raster += step)
        for (unsigned i = 0; i < period; i++)
            look_up_unit(raster + 2 * (size_t)i, table[i]);
    for (unsigned i = 0; bytes >= 2; bytes -= 2, raster += 2)
        look_up_unit(raster, table[i++]);
}

static void look_up(struct frame *frame, const struct unit_tables *tables)
{
    size_t bytes = frame_raster_bytes(frame);
    switch (tables->period) {
    case 1:
        look_up_units(frame->raster, bytes, 1, tables->table);
        break;
    case 2:
        look_up_units(frame->raster, bytes, 2, tables->table);
        break;
    case 3:
        look_up_units(frame->raster, bytes, 3, tables->table);
        break;
    default:
        look_up_units(frame->raster, bytes, 4, tables->table);
    }
}

static void change_samples(enum color_space space, float *const curves[], struct frame *frame)
{
    const float *planes[PERIOD_MAX] = {NULL};
    for (unsigned c = 0; c < frame_colors(frame); c++)
        planes[c] = curves[space == COLOR_RGB ? c : 0];
    struct unit_tables tables;
    make_tables(frame, planes, &tables);
    look_up(frame, &tables);
    size_t bytes = frame_raster_bytes(frame);
    if (bytes % 2) { /* the last sample of an odd number of bytes has no neighbour */
        unsigned char *last = frame->raster + bytes - 1;
        *last = (unsigned char)round_curve(planes[frame->depth - 1], *last);
    }
    for (unsigned i = 0; i < tables.period; i++)
        free(tables.table[i]);
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
        color_change(space, samples, frame->depth, frame->width, frame->maxval, light, ratio);
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
