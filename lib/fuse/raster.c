/* SPDX-License-Identifier: MIT */

#include <stddef.h>

#include "raster.h"
#include "simd.h"

static inline void part(const uint16_t *restrict from, size_t width, size_t planes,
                        uint16_t *restrict to)
{
    for (size_t i = 0; i < width; i++)
        for (size_t plane = 0; plane < planes; plane++)
            to[plane * width + i] = from[planes * i + plane];
}

/* Puts the planes of a row one after the other. A constant number of them lets a compiler vectorise
   that. */
SIMD_CLONES
static void part_planes(const uint16_t *restrict from, size_t width, unsigned planes,
                        uint16_t *restrict to)
{
    if (planes == 2)
        part(from, width, 2, to);
    else if (planes == 3)
        part(from, width, 3, to);
    else
        part(from, width, 4, to);
}

SIMD_CLONES
static void scale_all(const uint16_t *restrict samples, size_t count, float factor,
                      float *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)samples[i] * factor;
}

void raster_get(const struct frame *frame, unsigned row, uint16_t *pixels, uint16_t *samples,
                float *out)
{
    size_t width = frame->width, colored = width * frame_colors(frame);
    float maxval = (float)frame->maxval;
    frame_get_row(frame, row, frame->depth > 1 ? pixels : samples);
    if (frame->depth > 1)
        part_planes(pixels, width, frame->depth, samples);
    scale_all(samples, colored, RASTER_FULL / maxval, out);
    if (frame_has_opacity(frame))
        scale_all(samples + colored, width, 1 / maxval, out + colored);
}

void raster_put(const float *x, unsigned count, unsigned maxval, unsigned step, uint16_t *samples)
{
    float scale = (float)maxval / RASTER_FULL, top = (float)maxval;
    for (unsigned i = 0; i < count; i++) {
        float value = x[i] * scale + 0.5f;
        value = value < 0 ? 0 : value > top ? top : value;
        samples[(size_t)i * step] = (uint16_t)(int)value;
    }
}
