/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "mask.h"
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
    free(mask->noisy);
    *mask = (struct mask){0};
}

/* The bits set in any of the samples: 0 if all are 0, as in most rows of a mask. */
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
    if (!mask->noisy)
        mask_init(mask, image);
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

/* Skips zeros, which are most of a mask, eight pixels at a time. */
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

size_t mask_next(const struct mask *mask, size_t at)
{
    return next_noisy(mask->noisy, at, (size_t)mask->width * mask->height);
}

/* Spreads all bits of ROW by RADIUS pixels to both sides. */
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
