/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "good.h"
#include "membrane.h"
#include "mosaic_repair.h"
#include "repair.h"

static bool is_visible(const struct frame *frame, unsigned x, unsigned y)
{
    return !frame_has_opacity(frame) || frame_get(frame, x, y, frame->depth - 1) > 0;
}

/* The mean of SUM over COUNT, rounded half up. */
static unsigned mean(uint64_t sum, uint64_t count)
{
    return (unsigned)((2 * sum + count) / (2 * count));
}

/* The K-th smallest sample, from 0: by the high bytes, then by the low ones. */
static unsigned kth(const uint16_t *samples, size_t count, size_t k)
{
    size_t high[256] = {0}, low[256] = {0};
    unsigned h = 0, l = 0;
    for (size_t i = 0; i < count; i++)
        high[samples[i] >> 8]++;
    for (; k >= high[h]; h++)
        k -= high[h];
    for (size_t i = 0; i < count; i++)
        low[samples[i] & 255] += samples[i] >> 8 == h;
    for (; k >= low[l]; l++)
        k -= low[l];
    return h << 8 | l;
}

/* The median (of an even number, the mean of the middle two) or mean of the good samples in the
   window of RADIUS around X, Y, which grows until one is in it. */
static unsigned windowed(const struct good *good, const struct frame *frame, unsigned color,
                         unsigned x, unsigned y, enum repair_method method, unsigned radius)
{
    unsigned nearest = good_distance(good, x, y);
    radius = nearest > radius ? nearest : radius;
    size_t count = good_around(good, x, y, radius, frame, color, NULL);
    uint16_t *samples = alloc_array(count, sizeof *samples);
    good_around(good, x, y, radius, frame, color, samples);
    uint64_t sum = 0;
    if (method == REPAIR_MEDIAN)
        sum = kth(samples, count, (count - 1) / 2) + kth(samples, count, count / 2);
    else
        for (size_t i = 0; i < count; i++)
            sum += samples[i];
    free(samples);
    return method == REPAIR_MEDIAN ? mean(sum, 2) : mean(sum, count);
}

static unsigned nearest(const struct good *good, const struct frame *frame, unsigned color,
                        unsigned x, unsigned y)
{
    uint64_t sum = 0;
    size_t count = good_nearest(good, x, y, frame, color, &sum);
    return mean(sum, count);
}

struct repair {
    const struct mask *mask;
    enum repair_method method;
    unsigned radius;              /* of the window */
    struct mosaic_repair *mosaic; /* of mosaics; else NULL */
    /* By plane of the mask, made when a frame first needs them. */
    struct membrane *membranes[3]; /* its holes */
    struct good *good[3];          /* good samples; with opacity, of the current frame */
};

struct repair *repair_new(const struct mask *mask, enum repair_method method, unsigned window)
{
    struct repair *repair = alloc_zeroed(1, sizeof *repair);
    repair->mask = mask;
    repair->method = method;
    repair->radius = window / 2;
    return repair;
}

struct repair *repair_new_mosaic(const struct mask *mask, const struct cfa *cfa)
{
    struct repair *repair = repair_new(mask, REPAIR_NEAREST, 0);
    repair->mosaic = mosaic_repair_new(mask, cfa);
    return repair;
}

static void forget_good(struct repair *repair)
{
    for (unsigned plane = 0; plane < 3; plane++) {
        good_free(repair->good[plane]);
        repair->good[plane] = NULL;
    }
}

void repair_free(struct repair *repair)
{
    if (!repair)
        return;
    forget_good(repair);
    mosaic_repair_free(repair->mosaic);
    for (unsigned plane = 0; plane < 3; plane++)
        membrane_free(repair->membranes[plane]);
    free(repair);
}

/* The plane of the mask that marks COLOR, and its bit. */
static unsigned plane_of(const struct mask *mask, unsigned color)
{
    return mask->planes == 1 ? 0 : color;
}

static uint8_t bit_of(const struct mask *mask, unsigned color)
{
    return (uint8_t)(1 << plane_of(mask, color));
}

static const struct good *good_of(const struct frame *frame, struct repair *repair, unsigned color)
{
    const struct mask *mask = repair->mask;
    struct good **good = &repair->good[plane_of(mask, color)];
    if (!*good)
        *good = good_new(frame, mask->noisy, bit_of(mask, color));
    return *good;
}

/* Whether the pixel AT is noisy in COLOR and shows something. */
static bool is_hole(const struct frame *frame, const struct mask *mask, unsigned color, size_t at)
{
    return mask->noisy[at] & bit_of(mask, color) &&
           is_visible(frame, (unsigned)(at % mask->width), (unsigned)(at / mask->width));
}

static void repair_pixels(struct frame *frame, struct repair *repair, unsigned color)
{
    const struct mask *mask = repair->mask;
    size_t end = (size_t)mask->width * mask->height;
    for (size_t at = mask_next(mask, 0); at < end; at = mask_next(mask, at + 1)) {
        if (!is_hole(frame, mask, color, at))
            continue;
        unsigned x = (unsigned)(at % mask->width), y = (unsigned)(at / mask->width);
        const struct good *good = good_of(frame, repair, color);
        unsigned value = repair->method == REPAIR_NEAREST
                             ? nearest(good, frame, color, x, y)
                             : windowed(good, frame, color, x, y, repair->method, repair->radius);
        frame_put(frame, x, y, color, value);
    }
}

/* Repairs hole HOLE of the membrane, which has no good sample beside it. */
static void repair_enclosed(struct frame *frame, const struct good *good,
                            const struct membrane *membrane, size_t hole, unsigned color)
{
    for (size_t i = 0; i < membrane_pixels(membrane, hole); i++) {
        unsigned x, y;
        membrane_pixel(membrane, hole, i, &x, &y);
        if (is_visible(frame, x, y))
            frame_put(frame, x, y, color, nearest(good, frame, color, x, y));
    }
}

static void repair_holes(struct frame *frame, struct repair *repair, unsigned color)
{
    const struct mask *mask = repair->mask;
    struct membrane **membrane = &repair->membranes[plane_of(mask, color)];
    if (!*membrane)
        *membrane = membrane_new(mask->noisy, bit_of(mask, color), mask->width, mask->height);
    for (size_t hole = 0; hole < membrane_holes(*membrane); hole++)
        if (!membrane_fill(*membrane, hole, frame, color))
            repair_enclosed(frame, good_of(frame, repair, color), *membrane, hole, color);
}

/* Whether every colour has a good sample, or nothing to repair; nearly always the first pixel is
   good. */
static bool has_good(const struct frame *frame, const struct mask *mask)
{
    for (unsigned color = 0; color < frame_colors(frame); color++) {
        bool good = false, visible = false;
        const uint8_t *noisy = mask->noisy;
        for (unsigned y = 0; y < frame->height && !good; y++)
            for (unsigned x = 0; x < frame->width && !good; x++, noisy++)
                if (is_visible(frame, x, y)) {
                    visible = true;
                    good = !(*noisy & bit_of(mask, color));
                }
        if (visible && !good)
            return false;
    }
    return true;
}

bool repair_frame(struct repair *repair, struct frame *frame)
{
    const struct mask *mask = repair->mask;
    if (mask_next(mask, 0) == (size_t)mask->width * mask->height)
        return true;
    if (repair->mosaic)
        return mosaic_repair_frame(repair->mosaic, frame);
    if (!has_good(frame, mask))
        return false;
    for (unsigned color = 0; color < frame_colors(frame); color++)
        if (repair->method == REPAIR_MEMBRANE)
            repair_holes(frame, repair, color);
        else
            repair_pixels(frame, repair, color);
    if (frame_has_opacity(frame))
        forget_good(repair);
    return true;
}
