/* SPDX-License-Identifier: MIT */

#ifndef COVERAGE_H
#define COVERAGE_H

#include <stdbool.h>

#include "transform.h"

/*
 * Where a frame has something to show: a point lies inside a WIDTH x HEIGHT frame where it falls on
 * one of its pixels, -1/2 <= u <= WIDTH - 1/2 and likewise down.
 */

/* The columns FIRST..END-1, out of 0..COLUMNS-1, of row Y whose points T takes inside; FIRST = END
   where there is none. */
void coverage_span(const struct transform *t, unsigned width, unsigned height, double y,
                   unsigned columns, unsigned *first, unsigned *end);

/* Whether T takes any pixel of a WIDTH x HEIGHT image inside a frame of that size. */
bool coverage_any(const struct transform *t, unsigned width, unsigned height);

/* A rectangle of pixels. */
struct rectangle {
    unsigned left, top, width, height;
};

/* The rows of what is inside every one of several frames. */
struct coverage;

/* At first, all of WIDTH x HEIGHT pixels; the caller frees it. */
struct coverage *coverage_all(unsigned width, unsigned height);

/* Keeps what T takes inside a frame of the same size. */
void coverage_keep(struct coverage *coverage, const struct transform *t);

/* The rectangle of the largest area that fits in; of several the one nearest the top, then the
   lowest. False if there is none. */
bool coverage_largest(const struct coverage *coverage, struct rectangle *largest);

void coverage_free(struct coverage *coverage);

#endif
