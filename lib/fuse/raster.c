/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "raster.h"
#include "ring.h"
#include "simd.h"
#include "spike.h"

struct raster {
    unsigned width, maxval;
    unsigned colors, planes; /* without and with opacity */
    struct ring *ring;
    float *row, *low, *high; /* a row, and the range of its ring */
};

struct raster *raster_new(const struct frame *geometry)
{
    struct raster *raster = alloc_zeroed(1, sizeof *raster);
    size_t samples = frame_row_samples(geometry);
    *raster = (struct raster){.width = geometry->width,
                              .maxval = geometry->maxval,
                              .colors = frame_colors(geometry),
                              .planes = geometry->depth,
                              .ring = ring_new(geometry),
                              .row = alloc_array(samples, sizeof *raster->row),
                              .low = alloc_array(samples, sizeof *raster->low),
                              .high = alloc_array(samples, sizeof *raster->high)};
    return raster;
}

void raster_free(struct raster *raster)
{
    if (!raster)
        return;
    ring_free(raster->ring);
    free(raster->row);
    free(raster->low);
    free(raster->high);
    free(raster);
}

void raster_begin(struct raster *raster, const struct frame *frame)
{
    ring_begin(raster->ring, frame);
}

SIMD_CLONES
static void scale_all(const uint16_t *restrict samples, size_t count, float factor,
                      float *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)samples[i] * factor;
}

/* A row of samples as colours in 0..RASTER_FULL and opacity in 0..1. */
static void convert_row(const struct raster *raster, const uint16_t *samples, float *out)
{
    size_t colored = (size_t)raster->width * raster->colors;
    float maxval = (float)raster->maxval;
    scale_all(samples, colored, RASTER_FULL / maxval, out);
    if (raster->planes > raster->colors)
        scale_all(samples + colored, raster->width, 1 / maxval, out + colored);
}

void raster_next(struct raster *raster, float *calm, float *kept, float *trust)
{
    size_t colored = (size_t)raster->width * raster->colors;
    const uint16_t *middle, *low, *high;
    ring_next(raster->ring, &middle, &low, &high);
    convert_row(raster, middle, raster->row);
    convert_row(raster, low, raster->low);
    convert_row(raster, high, raster->high);
    spike_divide(raster->row, raster->low, raster->high, raster->colors, raster->width, calm, kept,
                 trust);
    if (raster->planes == raster->colors)
        return;
    memcpy(calm + colored, raster->row + colored, raster->width * sizeof *calm);
    memcpy(kept + colored, raster->row + colored, raster->width * sizeof *kept);
}

void raster_put(const float *x, unsigned count, unsigned maxval, unsigned step, uint16_t *samples)
{
    float scale = (float)maxval / RASTER_FULL, top = (float)maxval;
    for (unsigned i = 0; i < count; i++) {
        float value = floorf(x[i] * scale + 0.5f);
        samples[(size_t)i * step] = (uint16_t)(value < 0 ? 0 : value > top ? top : value);
    }
}
