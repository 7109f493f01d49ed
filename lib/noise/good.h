/* SPDX-License-Identifier: MIT */

#ifndef GOOD_H
#define GOOD_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

/*
 * Finds the good samples of a plane: those neither noisy nor fully transparent. Keeps them row by
 * row as runs of columns, so that the time to find the nearest ones grows with the rows searched,
 * not with the samples.
 */
struct good;

/* Of FRAME, where NOISY, a byte a pixel, does not have BIT set. The caller ends it with
   good_free(). */
struct good *good_new(const struct frame *frame, const uint8_t *noisy, uint8_t bit);
void good_free(struct good *good);

/* The least R for which a good sample lies in the square of 2 R + 1 around X, Y. X, Y must not be
   good, and some sample must be. */
unsigned good_distance(const struct good *good, unsigned x, unsigned y);

/* How many good samples lie in the square of 2 RADIUS + 1 around X, Y. Copies them, of plane COLOR
   of FRAME, to SAMPLES unless that is NULL. */
size_t good_around(const struct good *good, unsigned x, unsigned y, unsigned radius,
                   const struct frame *frame, unsigned color, uint16_t *samples);

/* How many good samples are nearest to X, Y, which must not be good. Adds them, of plane COLOR of
   FRAME, to *SUM. */
size_t good_nearest(const struct good *good, unsigned x, unsigned y, const struct frame *frame,
                    unsigned color, uint64_t *sum);

#endif
