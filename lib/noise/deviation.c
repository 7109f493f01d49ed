/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "band.h"
#include "deviation.h"
#include "mean_deviation.h"
#include "persistence.h"

struct deviation {
    struct deviation_options options;
    struct band band;
    /* The one that the options ask for; the other is NULL. */
    struct mean_deviation *mean;
    struct persistence *persistence;
    uint16_t *planes; /* a row with its opacity; NULL without */
};

struct deviation *deviation_new(const struct deviation_options *options, const struct frame *frame,
                                unsigned band_height)
{
    struct deviation *deviation = alloc_zeroed(1, sizeof *deviation);
    deviation->options = *options;
    band_open(&deviation->band, frame, options->blur_size, band_height);
    if (options->statistic == DEVIATION_MEAN)
        deviation->mean = mean_deviation_new(&deviation->band);
    else
        deviation->persistence = persistence_new(&deviation->band);
    if (frame_has_opacity(frame))
        deviation->planes = alloc_array(frame_row_samples(frame), sizeof *deviation->planes);
    return deviation;
}

void deviation_free(struct deviation *deviation)
{
    if (!deviation)
        return;
    mean_deviation_free(deviation->mean);
    persistence_free(deviation->persistence);
    band_close(&deviation->band);
    free(deviation->planes);
    free(deviation);
}

void deviation_begin(struct deviation *deviation, unsigned first, unsigned *from, unsigned *count)
{
    struct band *band = &deviation->band;
    band_begin(band, first);
    if (deviation->mean)
        mean_deviation_begin(deviation->mean);
    else
        persistence_begin(deviation->persistence);
    *from = band->from;
    *count = band->to - band->from;
}

unsigned deviation_frames(const struct deviation *deviation)
{
    return deviation->band.frames;
}

unsigned deviation_brightest(const struct deviation *deviation)
{
    return deviation->band.brightest;
}

void deviation_add(struct deviation *deviation, const unsigned char *raster, unsigned count)
{
    struct band *band = &deviation->band;
    size_t row_bytes = frame_row_bytes(&band->geometry);
    for (unsigned i = 0; i < count; i++, band->row++) {
        if (deviation->mean)
            mean_deviation_add(deviation->mean, raster + i * row_bytes);
        else
            persistence_add(deviation->persistence, raster + i * row_bytes);
    }
    if (band->row == band->to) {
        band->row = band->from;
        band->frames++;
    }
}

/* Copies the colours of ROW to OUT. */
static void drop_opacity(const uint16_t *row, unsigned width, unsigned depth, uint16_t *out)
{
    for (size_t x = 0; x < width; x++)
        memcpy(out + x * (depth - 1), row + x * depth, (depth - 1) * sizeof *row);
}

bool deviation_row(struct deviation *deviation, uint16_t *row)
{
    const struct frame *geometry = &deviation->band.geometry;
    uint16_t *out = deviation->planes ? deviation->planes : row;
    enum deviation_side side = deviation->options.side;
    bool more = deviation->mean ? mean_deviation_row(deviation->mean, side, out)
                                : persistence_row(deviation->persistence, side, out);
    if (more && deviation->planes)
        drop_opacity(out, geometry->width, geometry->depth, row);
    return more;
}
