/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "good.h"
#include "membrane.h"
#include "repair.h"
#include "simd.h"

void mask_init(struct mask *mask, const struct frame *image)
{
    *mask = (struct mask){
        .width = image->width,
        .height = image->height,
        .planes = frame_colors(image),
        .noisy = alloc_zeroed((size_t)image->width * image->height, 1),
    };
}

void mask_free(struct mask *mask)
{
    for (unsigned plane = 0; plane < 3; plane++) {
        membrane_free(mask->membranes[plane]);
        good_free(mask->good[plane]);
    }
    free(mask->noisy);
    *mask = (struct mask){0};
}

/* What is set in any of the samples: 0 where all are 0, as in most rows of a mask. */
SIMD_CLONES
static uint16_t set_bits(const uint16_t *samples, size_t count)
{
    uint16_t bits = 0;
    for (size_t i = 0; i < count; i++)
        bits |= samples[i];
    return bits;
}

void mask_add(struct mask *mask, const struct frame *image)
{
    uint16_t *samples = alloc_array(frame_row_samples(image), sizeof *samples);
    for (unsigned row = 0; row < image->height; row++) {
        frame_get_row(image, row, samples);
        if (!set_bits(samples, frame_row_samples(image)))
            continue;
        uint8_t *noisy = mask->noisy + (size_t)row * mask->width;
        for (unsigned x = 0; x < mask->width; x++)
            for (unsigned c = 0; c < mask->planes; c++)
                noisy[x] |= (uint8_t)((samples[(size_t)x * image->depth + c] != 0) << c);
    }
    free(samples);
}

/* The index of the first noisy pixel from AT on, or END: most of a mask is zero, and looked at
   eight pixels at a time. */
static size_t next_noisy(const uint8_t *noisy, size_t at, size_t end)
{
    while (at < end) {
        uint64_t eight = 0;
        if (at + sizeof eight <= end)
            memcpy(&eight, noisy + at, sizeof eight);
        if (at + sizeof eight <= end && eight == 0)
            at += sizeof eight;
        else if (noisy[at])
            return at;
        else
            at++;
    }
    return end;
}

/* ROW with all bits spread RADIUS pixels to both sides. */
static void spread_row(const uint8_t *row, unsigned width, unsigned radius, uint8_t *spread)
{
    memset(spread, 0, width);
    for (size_t x = next_noisy(row, 0, width); x < width; x = next_noisy(row, x + 1, width)) {
        size_t last = width - 1 - x > radius ? x + radius : width - 1;
        for (size_t i = x > radius ? x - radius : 0; i <= last; i++)
            spread[i] |= row[x];
    }
}

SIMD_CLONES
static void join_rows(uint8_t *restrict into, const uint8_t *restrict row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        into[i] |= row[i];
}

void mask_grow(struct mask *mask, unsigned radius)
{
    size_t width = mask->width, height = mask->height;
    uint8_t *grown = alloc_zeroed(width * height, 1);
    uint8_t *spread = alloc_array(width, 1);
    for (size_t row = 0; row < height; row++) {
        const uint8_t *noisy = mask->noisy + row * width;
        if (next_noisy(noisy, 0, width) == width)
            continue;
        spread_row(noisy, mask->width, radius, spread);
        size_t last = height - 1 - row > radius ? row + radius : height - 1;
        for (size_t i = row > radius ? row - radius : 0; i <= last; i++)
            join_rows(grown + i * width, spread, width);
    }
    free(spread);
    free(mask->noisy);
    mask->noisy = grown;
}

unsigned long mask_count(const struct mask *mask)
{
    unsigned long count = 0;
    size_t pixels = (size_t)mask->width * mask->height;
    for (size_t i = 0; i < pixels; i++)
        count += mask->noisy[i] != 0;
    return count;
}

bool mask_fits(const struct mask *mask, unsigned colors)
{
    return mask->planes == 1 || mask->planes == colors;
}

static bool is_visible(const struct frame *frame, unsigned x, unsigned y)
{
    return !frame_has_opacity(frame) || frame_get(frame, x, y, frame->depth - 1) > 0;
}

/* The mean of SUM over COUNT, rounded half up. */
static unsigned mean(uint64_t sum, uint64_t count)
{
    return (unsigned)((2 * sum + count) / (2 * count));
}

/* The sample that K of COUNT are not above; by the high bytes, then by the low ones. */
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

/* Of the good samples in the window of RADIUS around X, Y, which grows until one is in it, the
   middle one or the mean of the middle two, or the mean of all. */
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

/* The bit of the mask that says where COLOR is noisy. */
static uint8_t bit_of(const struct mask *mask, unsigned color)
{
    return (uint8_t)(1 << (mask->planes == 1 ? 0 : color));
}

/* Where COLOR is good, found once; with opacity, once a frame. */
static const struct good *good_of(const struct frame *frame, struct mask *mask, unsigned color)
{
    struct good **good = &mask->good[mask->planes == 1 ? 0 : color];
    if (!*good)
        *good = good_new(frame, mask->noisy, bit_of(mask, color));
    return *good;
}

static void forget_good(struct mask *mask)
{
    for (unsigned plane = 0; plane < 3; plane++) {
        good_free(mask->good[plane]);
        mask->good[plane] = NULL;
    }
}

/* The first pixel from AT on that COLOR is to be repaired in, or END. */
static size_t next_hole(const struct frame *frame, const struct mask *mask, unsigned color,
                        size_t at, size_t end)
{
    for (; (at = next_noisy(mask->noisy, at, end)) < end; at++)
        if (mask->noisy[at] & bit_of(mask, color) &&
            is_visible(frame, (unsigned)(at % mask->width), (unsigned)(at / mask->width)))
            break;
    return at;
}

static void repair_pixels(struct frame *frame, struct mask *mask, unsigned color,
                          enum repair_method method, unsigned radius)
{
    size_t end = (size_t)mask->width * mask->height;
    for (size_t at = next_hole(frame, mask, color, 0, end); at < end;
         at = next_hole(frame, mask, color, at + 1, end)) {
        unsigned x = (unsigned)(at % mask->width), y = (unsigned)(at / mask->width);
        const struct good *good = good_of(frame, mask, color);
        unsigned value = method == REPAIR_NEAREST
                             ? nearest(good, frame, color, x, y)
                             : windowed(good, frame, color, x, y, method, radius);
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

static void repair_holes(struct frame *frame, struct mask *mask, unsigned color)
{
    struct membrane **membrane = &mask->membranes[mask->planes == 1 ? 0 : color];
    if (!*membrane)
        *membrane = membrane_new(mask->noisy, bit_of(mask, color), mask->width, mask->height);
    for (size_t hole = 0; hole < membrane_holes(*membrane); hole++)
        if (!membrane_fill(*membrane, hole, frame, color))
            repair_enclosed(frame, good_of(frame, mask, color), *membrane, hole, color);
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

bool repair_frame(struct frame *frame, struct mask *mask, enum repair_method method,
                  unsigned window)
{
    size_t end = (size_t)mask->width * mask->height;
    if (next_noisy(mask->noisy, 0, end) == end)
        return true;
    if (!has_good(frame, mask))
        return false;
    for (unsigned color = 0; color < frame_colors(frame); color++)
        if (method == REPAIR_MEMBRANE)
            repair_holes(frame, mask, color);
        else
            repair_pixels(frame, mask, color, method, window / 2);
    if (frame_has_opacity(frame))
        forget_good(mask);
    return true;
}
