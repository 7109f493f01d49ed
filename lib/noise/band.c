/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "band.h"

void band_open(struct band *band, const struct frame *frame, unsigned radius, unsigned border,
               unsigned height)
{
    *band = (struct band){.geometry = *frame,
                          .row_samples = frame_row_samples(frame),
                          .height = height,
                          .radius = radius,
                          .border = border,
                          .sum_rows = (size_t)height + 2 * (size_t)radius};
    band->geometry.name = NULL;
    band->geometry.raster = NULL;
    if (band->sum_rows < border)
        band->sum_rows = border;
    if (band->sum_rows > frame->height)
        band->sum_rows = frame->height;
    band->samples = alloc_array(band->row_samples, sizeof(uint16_t));
    if (frame_has_opacity(frame))
        band->counts = alloc_array(frame->width * band->sum_rows, sizeof *band->counts);
}

void band_add_blur(struct band *band, unsigned size)
{
    const struct frame *frame = &band->geometry;
    band->blur = gauss_new(size, &(struct gauss_geometry){.width = frame->width,
                                                          .height = frame->height,
                                                          .depth = frame->depth,
                                                          .weighted = frame_has_opacity(frame)});
    band->blurred = alloc_array(band->row_samples, sizeof(uint16_t));
}

void band_close(struct band *band)
{
    gauss_free(band->blur);
    free(band->samples);
    free(band->blurred);
    free(band->counts);
}

void band_begin(struct band *band, unsigned first)
{
    unsigned height = band->geometry.height, radius = band->radius;
    unsigned border = band->border < height ? band->border : height;
    unsigned left = height - first;
    band->first = first;
    band->end = first + (left < band->height ? left : band->height);
    band->from = first > radius ? first - radius : 0;
    band->to = height - band->end > radius ? band->end + radius : height;
    if (band->from > height - border)
        band->from = height - border;
    if (band->to < border)
        band->to = border;
    band->row = band->from;
    band->frames = 0;
    if (band->counts)
        memset(band->counts, 0, band->geometry.width * band->sum_rows * sizeof *band->counts);
}

size_t band_sums(const struct band *band)
{
    return band->row_samples * band->sum_rows;
}

size_t band_at(const struct band *band, unsigned row)
{
    return (row - band->from) * band->row_samples;
}

uint32_t *band_counts(const struct band *band, unsigned row)
{
    return band->counts ? band->counts + (size_t)(row - band->from) * band->geometry.width : NULL;
}

/* Replaces opacity by a weight of 0 or 1 and blackens pixels of weight 0, so that they add nothing;
   counts the others. */
static void weigh(uint16_t *samples, unsigned width, unsigned depth, uint32_t *counts)
{
    for (unsigned x = 0; x < width; x++) {
        uint16_t *pixel = samples + (size_t)x * depth;
        uint16_t weight = pixel[depth - 1] > 0;
        for (unsigned c = 0; c < depth - 1; c++)
            pixel[c] = weight ? pixel[c] : 0;
        pixel[depth - 1] = weight;
        counts[x] += weight;
    }
}

const uint16_t *band_unpack(struct band *band, const unsigned char *raster)
{
    const struct frame *geometry = &band->geometry;
    frame_unpack(raster, frame_sample_bytes(geometry), band->row_samples, band->samples);
    if (band->counts)
        weigh(band->samples, geometry->width, geometry->depth, band_counts(band, band->row));
    return band->samples;
}
