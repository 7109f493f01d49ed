/* SPDX-License-Identifier: MIT */

#ifndef ROLLING_H
#define ROLLING_H

#include <stddef.h>

/*
 * The last rows of an image that comes in row by row:
 *
 *     rolling_begin(&rolling, 0);
 *     fill(rolling_next(&rolling));
 *     rolling.got++;
 */
enum { ROLLING_REACH = 2 /* rows that the binomial kernel needs to each side */ };

struct rolling {
    unsigned height; /* of the image */
    unsigned got;    /* the number of the next row */
    unsigned kept;   /* rows */
    size_t samples;  /* of a row */
    float *rows;     /* owned */
};

/* For images of HEIGHT rows of SAMPLES samples, of which the last KEPT are kept. */
void rolling_alloc(struct rolling *rolling, unsigned height, size_t samples, unsigned kept);
void rolling_free(struct rolling *rolling);

/* Begins an image with what the kernel needs around ROW: ROLLING_REACH rows earlier, or with the
   first. */
void rolling_begin(struct rolling *rolling, long row);

/* Where the next row is to be put. */
float *rolling_next(const struct rolling *rolling);

/* Row ROW, which is kept; outside the image the row that is mirrored there: see reflected_index().
 */
const float *rolling_row(const struct rolling *rolling, long row);

/* [1 4 6 4 1]/256 over the rows around ROW, which are kept, of the COUNT samples from FROM on, to
   SUM: the binomial kernel's vertical half and both halves' scale. Before and behind SUM is room
   for ROLLING_REACH samples, which get those that are mirrored there. */
void rolling_sum_down(const struct rolling *rolling, long row, size_t from, unsigned count,
                      float *sum);

#endif
