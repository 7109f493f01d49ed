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

/* For an output of WIDTH x HEIGHT pixels, which T takes to SOURCE's. SIGMA is in pixels, > 0. The
   caller frees it. */
struct border *border_open(const struct frame *source, const struct transform *t, double sigma,
                           unsigned width, unsigned height);

/* The samples of row ROW, its columns FIRST..END-1, as many planes as the source has, to SAMPLES.
   Rows are asked for from the top down; the same one several times if need be. */
void border_row(struct border *border, unsigned row, unsigned first, unsigned end,
                uint16_t *samples);

void border_free(struct border *border);

#endif
