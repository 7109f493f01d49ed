/* SPDX-License-Identifier: MIT */

#ifndef SUM_H
#define SUM_H

#include "image.h"

/*
 * What the frames of a layer come to at each pixel: A, the weighted sum of the detail, of each
 * colour, and W, the sum of the weights. In the end the colours of x take their place.
 *
 * A float's 24 bits are too few for that: what is rounded depends on the order of the frames, and
 * at 16 bits another order made other levels of up to 25 in 10,000 samples, for a level is 1/257
 * and the last bit of a float, at half of full scale, 1/65536. So a sum has 32 bits: those of a
 * float, and 8 more in a byte.
 */
struct sum {
    struct image image;  /* colours: A, later x; and W */
    unsigned char *rest; /* of each of its samples the next 8 bits, while that is a sum; owned */
};

/* All sums are 0. */
void sum_alloc(struct sum *sum, unsigned width, unsigned height, unsigned colors);
void sum_free(struct sum *sum);

/* Bytes of sums of that geometry. */
double sum_bytes(unsigned width, unsigned height, unsigned colors);

/* Adds WEIGHT times DETAIL to A of row ROW, and WEIGHT to W. */
void sum_add(struct sum *sum, unsigned row, const float *detail, const float *weight);

/* Turns row ROW into x = A / W + COARSER. */
void sum_solve(struct sum *sum, unsigned row, const float *coarser);

#endif
