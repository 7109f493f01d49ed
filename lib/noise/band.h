/* SPDX-License-Identifier: MIT */

#ifndef BAND_H
#define BAND_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "gauss.h"

/*
 * A band of rows over which a statistic of all frames is taken, and what every statistic of
 * deviations from a blur needs: the position in the frames, the blur, and room for rows. Each frame
 * gives the rows from FROM to TO: those of the band, and those around it that the blur needs.
 */
struct band {
    struct frame geometry; /* of the frames: no name, no raster */
    size_t row_samples;    /* samples of a row, with its opacity */
    unsigned height;       /* rows of a band, at most */
    unsigned radius;       /* rows beyond a band that the statistic looks at */
    unsigned border;       /* rows at a border of the frame that it looks at together */
    size_t sum_rows;       /* rows that its frames give, at most */

    unsigned first, end, from, to;
    unsigned frames; /* complete ones */
    unsigned row;    /* the next to be added, from..to */
    uint16_t brightest;
    uint32_t *counts; /* by pixel, rows from FROM on: the number of frames in which it is not
                         transparent; NULL without opacity: all */

    struct gauss *blur;          /* NULL without */
    uint16_t *samples, *blurred; /* a row each */
};

/* For frames of FRAME's geometry, in bands of at most HEIGHT rows; the statistic reads RADIUS rows
   beyond them, and at least BORDER rows where they lie at the top or the bottom of the frame. The
   caller frees it with band_close(). */
void band_open(struct band *band, const struct frame *frame, unsigned radius, unsigned border,
               unsigned height);
void band_close(struct band *band);

/* Adds a blur of SIZE rows, 2 RADIUS + 1. */
void band_add_blur(struct band *band, unsigned size);

/* Begins the band of rows from FIRST on, with no frame added yet. */
void band_begin(struct band *band, unsigned first);

/* The number of samples in the sums over a band, and the index at which those of image row ROW
   begin. */
size_t band_sums(const struct band *band);
size_t band_at(const struct band *band, unsigned row);

/* The counts of that row; NULL: all frames. */
uint32_t *band_counts(const struct band *band, unsigned row);

/* Unpacks the next row, RASTER, to samples, valid until the next call. With opacity, replaces it by
   a weight of 0 or 1, blackens pixels of weight 0, and counts the others. */
const uint16_t *band_unpack(struct band *band, const unsigned char *raster);

#endif
