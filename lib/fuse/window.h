/* SPDX-License-Identifier: MIT */

#ifndef WINDOW_H
#define WINDOW_H

#include <stddef.h>

/*
 * The last rows of an image that comes in row by row:
 *
 *     fill(window_next(&window));
 *     window.got++;
 */
struct window {
    unsigned height; /* of the image */
    unsigned got;    /* rows so far */
    unsigned kept;   /* rows */
    size_t samples;  /* of a row */
    float *rows;     /* owned */
};

/* For images of HEIGHT rows of SAMPLES samples, of which the last KEPT are kept. */
void window_alloc(struct window *window, unsigned height, size_t samples, unsigned kept);
void window_free(struct window *window);

/* Where the next row is to be put. */
float *window_next(const struct window *window);

/* Row ROW, which is kept; outside the image the row that is mirrored there. */
const float *window_row(const struct window *window, long row);

/* The index that I is mirrored to on an axis of N: ... 2 1 0 1 2 ..., the edge not repeated; an
   axis of one is mirrored onto itself. */
unsigned window_mirror(long i, unsigned n);

/* Puts the REACH samples that are mirrored there before and behind the COUNT of ROW. */
void window_pad(float *row, unsigned count, unsigned reach);

#endif
