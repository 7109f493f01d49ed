/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stdlib.h>

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
    range->low.raster = alloc_zeroed(height, frame_row_bytes(&range->low));
    range->high.raster = alloc_zeroed(height, frame_row_bytes(&range->high));
}

void range_free(struct range *range)
{
    frame_free(&range->low);
    frame_free(&range->high);
}

void range_rows_alloc(struct range_rows *rows, unsigned width, unsigned colors)
{
    rows->least = alloc_array((size_t)width * colors, sizeof *rows->least);
    rows->greatest = alloc_array((size_t)width * colors, sizeof *rows->greatest);
    rows->opaque = alloc_array(width, sizeof *rows->opaque);
}

void range_rows_free(struct range_rows *rows)
{
    free(rows->least);
    free(rows->greatest);
    free(rows->opaque);
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

/* LEAST is below TOP by as much as it says. */
SIMD_CLONES
static void widen_row(const uint16_t *restrict samples, const uint16_t *restrict opaque,
                      unsigned width, uint16_t top, uint16_t *restrict least,
                      uint16_t *restrict greatest)
{
    for (unsigned i = 0; i < width; i++) {
        uint16_t low = (uint16_t)(top - samples[i]) & opaque[i], high = samples[i] & opaque[i];
        least[i] = low > least[i] ? low : least[i];
        greatest[i] = high > greatest[i] ? high : greatest[i];
    }
}

static uint16_t top_of(const struct range *range)
{
    return range->low.maxval > 255 ? 65535 : 255;
}

void range_widen(struct range *range, unsigned row, const uint16_t *samples, const float *opacity,
                 struct range_rows *rows)
{
    unsigned width = range->low.width;
    size_t count = frame_row_samples(&range->low);
    frame_get_row(&range->low, row, rows->least);
    frame_get_row(&range->high, row, rows->greatest);
    mark_opaque(opacity, width, rows->opaque);
    for (size_t from = 0; from < count; from += width)
        widen_row(samples + from, rows->opaque, width, top_of(range), rows->least + from,
                  rows->greatest + from);
    frame_put_row(&range->low, row, rows->least);
    frame_put_row(&range->high, row, rows->greatest);
}

SIMD_CLONES
static void clip_row(const uint16_t *restrict least, const uint16_t *restrict greatest,
                     size_t count, uint16_t top, float level, float margin, float *restrict x)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t bottom = (uint16_t)(top - least[i]);
        float low = (float)bottom * level - margin, high = (float)greatest[i] * level + margin;
        float within = x[i] < low ? low : x[i] > high ? high : x[i];
        x[i] = bottom <= greatest[i] ? within : x[i];
    }
}

void range_clip(struct range *range, unsigned row, float full, float margin, float *x,
                struct range_rows *rows)
{
    frame_get_row(&range->low, row, rows->least);
    frame_get_row(&range->high, row, rows->greatest);
    clip_row(rows->least, rows->greatest, frame_row_samples(&range->low), top_of(range),
             full / (float)range->low.maxval, margin, x);
}
