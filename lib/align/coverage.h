/* SPDX-License-Identifier: MIT */

#ifndef COVERAGE_H
#define COVERAGE_H

#include <stdbool.h>

#include "transform.h"

/*
 * Which pixels a frame covers: a point lies inside a WIDTH x HEIGHT frame if it falls on one of its
 * pixels, -1/2 <= u <= WIDTH - 1/2 and -1/2 <= v <= HEIGHT - 1/2.
 */

/* The columns FIRST..END-1, out of 0..COLUMNS-1, of row Y that T takes inside; FIRST = END if there
   are none. */
void coverage_span(const struct transform *t, unsigned width, unsigned height, double y,
                   unsigned columns, unsigned *first, unsigned *end);

/* Whether T takes any pixel of a WIDTH x HEIGHT image inside a frame of that size. */
bool coverage_any(const struct transform *t, unsigned width, unsigned height);

/* A rectangle of pixels. */
struct rectangle {
    unsigned left, top, width, height;
};

/* The pixels that lie inside all of several frames, row by row. */
struct coverage;

/* Begins with all of WIDTH x HEIGHT pixels; the caller frees it. */
struct coverage *coverage_all(unsigned width, unsigned height);

/* Keeps the pixels that T takes inside a frame of the same size. */
void coverage_keep(struct coverage *coverage, const struct transform *t);

/* The largest rectangle that fits; of several the one nearest the top, then the least high. False
   if there is none. */
bool coverage_largest(const struct coverage *coverage, struct rectangle *largest);

void coverage_free(struct coverage *coverage);

#endif
