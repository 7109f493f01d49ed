/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "depth.h"
#include "simd.h"

/* An energy that every frame has: below it logarithms would tell noise from less noise. */
#define NO_DETAIL 0.05f
#define NEVER (-1e30f) /* the logarithm of no energy at all */

/* Planes of an image of what is known. */
enum {
    BEFORE,
    LAST,
    TOTAL,
    POSITION,
    HEIGHT = POSITION + DEPTH_PEAKS,
    PLANES = HEIGHT + DEPTH_PEAKS
};

struct depth {
    struct image known; /* logarithms of energies: of the last two frames, their sum; peaks */
    unsigned last;      /* number of the last frame */
    unsigned added;     /* frames so far */
};

struct depth *depth_new(unsigned width, unsigned height)
{
    struct depth *depth = alloc_zeroed(1, sizeof *depth);
    image_alloc(&depth->known, width, height, PLANES);
    for (unsigned row = 0; row < height; row++) {
        float *known = image_row(&depth->known, row);
        for (unsigned plane = 0; plane < PLANES; plane++)
            for (unsigned i = 0;
                 i < width && plane != TOTAL && (plane < POSITION || plane >= HEIGHT); i++)
                known[(size_t)plane * width + i] = NEVER;
    }
    return depth;
}

void depth_free(struct depth *depth)
{
    if (!depth)
        return;
    image_free(&depth->known);
    free(depth);
}

double depth_bytes(unsigned width, unsigned height)
{
    return image_bytes(width, height, PLANES);
}

/*
 * The natural logarithm of X, a normal float above 0, the same on every machine: with x = m 2^e and
 * m in sqrt(1/2)..sqrt(2), ln m = 2 atanh t, t = (m - 1)/(m + 1), of whose series four terms leave
 * less than 3e-8.
 */
static inline float log_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t shifted = bits - 0x3f3504f3; /* sqrt(1/2) */
    float exponent = (float)((int32_t)shifted >> 23);
    bits = (shifted & 0x7fffff) + 0x3f3504f3;
    float m;
    memcpy(&m, &bits, sizeof m);
    float t = (m - 1) / (m + 1), t2 = t * t;
    float series = 1 + t2 * (1 / 3.0f + t2 * (1 / 5.0f + t2 * (1 / 7.0f)));
    return 2 * t * series + exponent * 0.69314718f;
}

/* Where the parabola through BEFORE, PEAK and AFTER, the greatest, has its vertex: -.5 .. .5. */
static inline float vertex(float before, float peak, float after)
{
    float bend = before - 2 * peak + after;
    if (before <= NEVER || after <= NEVER || bend >= 0)
        return 0;
    float at = 0.5f * (before - after) / bend;
    return at < -0.5f ? -0.5f : at > 0.5f ? 0.5f : at;
}

/* Puts a peak among those of the pixel I that KNOWN has, the highest first. */
static void keep_peak(float *known, unsigned width, unsigned i, float position, float height)
{
    float *at = known + (size_t)POSITION * width + i, *high = known + (size_t)HEIGHT * width + i;
    for (unsigned peak = 0; peak < DEPTH_PEAKS; peak++, at += width, high += width)
        if (height > *high) {
            float lower_at = *at, lower = *high;
            *at = position;
            *high = height;
            position = lower_at;
            height = lower;
        }
}

SIMD_CLONES
static void take_logarithms(const float *restrict energy, const float *restrict opacity,
                            unsigned width, float *restrict now)
{
    for (unsigned i = 0; i < width; i++)
        now[i] = log_of(energy[i] * (opacity[i] < 0.5f ? 0.05f : 1.0f) + NO_DETAIL);
}

void depth_add_row(struct depth *depth, unsigned row, const float *energy, const float *opacity,
                   float *now)
{
    unsigned width = depth->known.width;
    float *known = image_row(&depth->known, row);
    float *before = known + (size_t)BEFORE * width, *last = known + (size_t)LAST * width;
    float *total = known + (size_t)TOTAL * width, frame = (float)depth->last;
    take_logarithms(energy, opacity, width, now);
    for (unsigned i = 0; i < width; i++)
        if (last[i] > before[i] && last[i] >= now[i])
            keep_peak(known, width, i, frame + vertex(before[i], last[i], now[i]), last[i]);
    for (unsigned i = 0; i < width; i++)
        total[i] += now[i];
    memcpy(before, last, width * sizeof *before);
    memcpy(last, now, width * sizeof *last);
}

void depth_added(struct depth *depth, unsigned index)
{
    depth->last = index;
    depth->added++;
}

void depth_end(struct depth *depth)
{
    unsigned width = depth->known.width;
#pragma omp parallel for schedule(static)
    for (unsigned row = 0; row < depth->known.height; row++) {
        float *known = image_row(&depth->known, row);
        const float *before = known + (size_t)BEFORE * width, *last = known + (size_t)LAST * width;
        for (unsigned i = 0; i < width; i++)
            if (last[i] > before[i])
                keep_peak(known, width, i, (float)depth->last, last[i]);
    }
}

const float *depth_position(const struct depth *depth, unsigned peak, unsigned row)
{
    return image_row(&depth->known, row) + (size_t)(POSITION + peak) * depth->known.width;
}

void depth_height(const struct depth *depth, unsigned peak, unsigned row, float *height)
{
    unsigned width = depth->known.width;
    const float *known = image_row(&depth->known, row);
    const float *high = known + (size_t)(HEIGHT + peak) * width;
    const float *total = known + (size_t)TOTAL * width;
    float frames = (float)depth->added;
    for (unsigned i = 0; i < width; i++)
        height[i] = high[i] > NEVER ? high[i] - total[i] / frames : -HUGE_VALF;
}
