/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "range.h"
#include "simd.h"

#define OPAQUE 0.99f

void range_alloc(struct range *range, unsigned width, unsigned height, unsigned colors,
                 unsigned maxval)
{
    range->low =
        (struct frame){.width = width, .height = height, .depth = colors, .maxval = maxval};
    range->high = range->low;
    frame_alloc(&range->low);
    frame_alloc(&range->high);
    memset(range->low.raster, 0xFF, frame_raster_bytes(&range->low));
    memset(range->high.raster, 0, frame_raster_bytes(&range->high));
    range->least = alloc_array(frame_row_samples(&range->low), sizeof *range->least);
    range->greatest = alloc_array(frame_row_samples(&range->low), sizeof *range->greatest);
    range->opaque = alloc_array(width, sizeof *range->opaque);
}

void range_free(struct range *range)
{
    frame_free(&range->low);
    frame_free(&range->high);
    free(range->least);
    free(range->greatest);
    free(range->opaque);
}

double range_bytes(unsigned width, unsigned height, unsigned colors, unsigned maxval)
{
    return 2.0 * width * height * colors * (maxval > 255 ? 2 : 1);
}

/* Sets all bits where the opacity is enough, none elsewhere. */
SIMD_CLONES
static void mark_opaque(const float *restrict opacity, unsigned width, uint16_t *restrict opaque)
{
    for (unsigned i = 0; i < width; i++)
        opaque[i] = (uint16_t) - (opacity[i] > OPAQUE);
}

SIMD_CLONES
static void widen_row(const uint16_t *restrict samples, const uint16_t *restrict opaque,
                      unsigned width, uint16_t *restrict least, uint16_t *restrict greatest)
{
    for (unsigned i = 0; i < width; i++) {
        uint16_t low = samples[i] | (uint16_t)~opaque[i], high = samples[i] & opaque[i];
        least[i] = low < least[i] ? low : least[i];
        greatest[i] = high > greatest[i] ? high : greatest[i];
    }
}

void range_widen(struct range *range, unsigned row, const uint16_t *samples, const float *opacity)
{
    unsigned width = range->low.width;
    size_t count = frame_row_samples(&range->low);
    frame_get_row(&range->low, row, range->least);
    frame_get_row(&range->high, row, range->greatest);
    mark_opaque(opacity, width, range->opaque);
    for (size_t from = 0; from < count; from += width)
        widen_row(samples + from, range->opaque, width, range->least + from,
                  range->greatest + from);
    frame_put_row(&range->low, row, range->least);
    frame_put_row(&range->high, row, range->greatest);
}

SIMD_CLONES
static void clip_row(const uint16_t *restrict least, const uint16_t *restrict greatest,
                     size_t count, float level, float margin, float *restrict x)
{
    for (size_t i = 0; i < count; i++) {
        float low = (float)least[i] * level - margin, high = (float)greatest[i] * level + margin;
        float within = x[i] < low ? low : x[i] > high ? high : x[i];
        x[i] = least[i] <= greatest[i] ? within : x[i];
    }
}

void range_clip(struct range *range, unsigned row, float full, float margin, float *x)
{
    frame_get_row(&range->low, row, range->least);
    frame_get_row(&range->high, row, range->greatest);
    clip_row(range->least, range->greatest, frame_row_samples(&range->low),
             full / (float)range->low.maxval, margin, x);
}
