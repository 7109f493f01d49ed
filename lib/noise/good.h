/* SPDX-License-Identifier: MIT */

#ifndef GOOD_H
#define GOOD_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

/*
 * Where the good samples of a plane are: those neither noisy nor fully transparent. They are kept
 * row by row as runs of columns, so that finding the nearest ones takes time by the rows on the way
 * that have any, and not by the samples.
 */
struct good;

/* Of FRAME, where NOISY, a byte a pixel, does not have BIT set. The caller ends it with
 * good_free().
 */
struct good *good_new(const struct frame *frame, const uint8_t *noisy, uint8_t bit);
void good_free(struct good *good);

/* The least R for which one lies in the square of 2 R + 1 around X, Y, which is none; there is one.
 */
unsigned good_distance(const struct good *good, unsigned x, unsigned y);

/* How many lie in the square of 2 RADIUS + 1 around X, Y; their samples of plane COLOR of FRAME go
   to SAMPLES, unless that is NULL. */
size_t good_around(const struct good *good, unsigned x, unsigned y, unsigned radius,
                   const struct frame *frame, unsigned color, uint16_t *samples);

/* How many are the nearest to X, Y, which is none; their samples of plane COLOR of FRAME are added
   to *SUM. */
size_t good_nearest(const struct good *good, unsigned x, unsigned y, const struct frame *frame,
                    unsigned color, uint64_t *sum);

#endif
