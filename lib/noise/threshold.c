/* SPDX-License-Identifier: MIT */

#include <stddef.h>

#include "simd.h"
#include "threshold.h"

/*
 * A level is a decimal number, rounded to binary; so are the quotients d * 255 / maxval compared
 * with it. Each is rounded once, from the exact value, so that equal values stay equal and the
 * order stays.
 */
unsigned threshold_limit(double level, unsigned maxval)
{
    unsigned nearest = (unsigned)(level * maxval / 255 + 0.5);
    return nearest * 255.0 / maxval <= level ? nearest : nearest - 1;
}

bool threshold_limits(const double levels[3], unsigned colors, unsigned maxval, unsigned limits[3])
{
    for (unsigned c = 0; c < colors; c++)
        limits[c] = threshold_limit(levels[c], maxval);
    return colors == 3 || (levels[0] == levels[1] && levels[1] == levels[2]);
}

SIMD_CLONES
static void mark_gray(const uint16_t *restrict row, size_t count, unsigned limit,
                      uint8_t *restrict noisy)
{
    for (size_t i = 0; i < count; i++)
        noisy[i] = row[i] > limit ? 255 : 0;
}

SIMD_CLONES
static void mark_rgb(const uint16_t *restrict row, size_t width, const unsigned limits[3],
                     uint8_t *restrict noisy)
{
    unsigned red = limits[0], green = limits[1], blue = limits[2];
    for (size_t x = 0; x < width; x++) {
        noisy[3 * x] = row[3 * x] > red ? 255 : 0;
        noisy[3 * x + 1] = row[3 * x + 1] > green ? 255 : 0;
        noisy[3 * x + 2] = row[3 * x + 2] > blue ? 255 : 0;
    }
}

SIMD_CLONES
static void join_planes(const uint8_t *restrict noisy, size_t width, uint8_t *restrict any)
{
    for (size_t x = 0; x < width; x++)
        any[x] = noisy[3 * x] | noisy[3 * x + 1] | noisy[3 * x + 2];
}

void threshold_row(const uint16_t *row, unsigned width, unsigned colors, const unsigned limits[3],
                   uint8_t *noisy, uint8_t *any)
{
    if (colors == 1) {
        mark_gray(row, width, limits[0], noisy);
        mark_gray(row, width, limits[0], any);
    } else {
        mark_rgb(row, width, limits, noisy);
        join_planes(noisy, width, any);
    }
}
