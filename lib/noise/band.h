/* SPDX-License-Identifier: MIT */

#ifndef BAND_H
#define BAND_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "gauss.h"

/*
 * A band of rows over which a statistic of all frames is taken, and what every statistic of
 * deviations from a blur needs of it: where the frames are, the blur, and room for rows. Frames
 * give the rows from FROM to TO, which are those of the band and what the blur needs around it.
 */
struct band {
    struct frame geometry; /* of the frames: no name, no raster */
    size_t row_samples;    /* of a row, opacity among them */
    unsigned height;       /* rows of a band, at most */
    unsigned radius;       /* rows beyond a band that the statistic looks at */
    size_t sum_rows;       /* rows that its frames give, at most */

    unsigned first, end, from, to;
    unsigned frames; /* complete ones */
    unsigned row;    /* the next to be added, from..to */
    uint16_t brightest;
    uint32_t *counts; /* a row of pixels a row from FROM on: frames in which the pixel is not
                         transparent; NULL without opacity: all */

    struct gauss *blur;          /* NULL without */
    uint16_t *samples, *blurred; /* a row each */
};

/* For frames of the geometry of FRAME, in bands of at most HEIGHT rows; the statistic looks RADIUS
   rows beyond them. The caller ends it with band_close(). */
void band_open(struct band *band, const struct frame *frame, unsigned radius, unsigned height);
void band_close(struct band *band);

/* Gives it a blur of SIZE rows, 2 RADIUS + 1. */
void band_add_blur(struct band *band, unsigned size);

/* The band of rows from FIRST on, without a frame. */
void band_begin(struct band *band, unsigned first);

/* How many samples the sums over a band have, and where among them those of the image's row ROW
   begin. */
size_t band_sums(const struct band *band);
size_t band_at(const struct band *band, unsigned row);

/* The counts of that row; NULL: all frames. */
uint32_t *band_counts(const struct band *band, unsigned row);

/* The next row, RASTER, as samples, valid until the next call. With opacity a weight of 0 or 1
   stands in its place, the pixels of weight 0 are black, and the others are counted. */
const uint16_t *band_unpack(struct band *band, const unsigned char *raster);

#endif
