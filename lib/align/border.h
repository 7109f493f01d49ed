/* SPDX-License-Identifier: MIT */

#ifndef BORDER_H
#define BORDER_H

#include "frame.h"
#include "transform.h"

/*
 * What surrounds a warped frame: the frame with its edge repeated, blurred by a Gaussian. It is
 * computed row by row, as the rows are asked for, at reduced resolution; the blur hides the
 * difference.
 */
struct border;

/* For an output of WIDTH x HEIGHT pixels; T takes its coordinates to SOURCE's. SIGMA is in pixels,
   > 0. The caller frees it. */
struct border *border_open(const struct frame *source, const struct transform *t, double sigma,
                           unsigned width, unsigned height);

/* Writes columns FIRST..END-1 of row ROW to SAMPLES, with the planes of the source. Ask for rows
   from the top down; a row may be asked for several times. */
void border_row(struct border *border, unsigned row, unsigned first, unsigned end,
                uint16_t *samples);

void border_free(struct border *border);

#endif
