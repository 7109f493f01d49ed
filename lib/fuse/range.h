/* SPDX-License-Identifier: MIT */

#ifndef RANGE_H
#define RANGE_H

#include <stdint.h>

#include "frame.h"

/*
 * The least and the greatest value that the frames of a stack have at each pixel of a layer, of
 * each colour. Rows are samples of 0..maxval, plane after plane, which take one byte or two, by the
 * maxval.
 */
struct range {
    struct frame low, high; /* a row of theirs is one colour after the other; the least is kept as
                               its distance from what a sample's bytes can hold, so 0 is none */
};

/* The rows that a thread has in work, of layers of that geometry. */
struct range_rows {
    uint16_t *least, *greatest, *opaque;
};

void range_rows_alloc(struct range_rows *rows, unsigned width, unsigned colors);
void range_rows_free(struct range_rows *rows);

/* For a layer of that geometry; no frame has counted yet. */
void range_alloc(struct range *range, unsigned width, unsigned height, unsigned colors,
                 unsigned maxval);
void range_free(struct range *range);

/* Bytes of such a range. */
double range_bytes(unsigned width, unsigned height, unsigned colors, unsigned maxval);

/* Row ROW of a frame has these SAMPLES, which count where its OPACITY, in 0..1, is above .99. */
void range_widen(struct range *range, unsigned row, const uint16_t *samples, const float *opacity,
                 struct range_rows *rows);

/* Clips the colours X of row ROW, in 0..FULL, to the range and MARGIN beyond it, where any frame
   has counted. */
void range_clip(struct range *range, unsigned row, float full, float margin, float *x,
                struct range_rows *rows);

#endif
