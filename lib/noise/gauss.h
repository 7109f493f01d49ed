/* SPDX-License-Identifier: MIT */

#ifndef GAUSS_H
#define GAUSS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Gaussian blur of an image whose rows come from top to bottom, in fixed point: separable, N x N,
 * rounded half up. Borders are reflected without repeating the edge sample (... 2 1 0 1 2 ...); an
 * axis of one sample repeats it. The kernels are
 *
 *     1: [1]   3: [1 2 1]/4   5: [1 4 6 4 1]/16   7: [2 7 14 18 14 7 2]/64
 *
 * and for larger N samples of exp(-x^2 / 2 sigma^2), sigma = 0.3 ((N - 1)/2 - 1) + 0.8, as whole
 * multiples of 2^-16 whose sum is 1. It holds N rows, never the image. Usage:
 *
 *     for (row = gauss_restart(blur, 0); row < height; row++) {
 *         gauss_push(blur, samples);
 *         while (gauss_pull(blur, blurred, &at))
 *             use(at, gauss_center(blur), blurred);
 *     }
 */
struct gauss;

enum { GAUSS_SIZE_MAX = 999 };

struct gauss_geometry {
    unsigned width, height, depth; /* depth: planes side by side in a row */
    /* The last plane is a weight, 0 or 1, and the samples of weight 0 are 0: each blurred sample is
       the weighted mean, but 0 where its own weight is 0. */
    bool weighted;
};

/* A blur of SIZE x SIZE, SIZE odd, 1..GAUSS_SIZE_MAX. The caller frees it with gauss_free(). */
struct gauss *gauss_new(unsigned size, const struct gauss_geometry *geometry);
void gauss_free(struct gauss *blur);

/* Begins another image of the same geometry: the next row pulled will be FIRST, 0 for a whole
   image. Returns which row is to be pushed next: FIRST less the kernel's radius, or 0. */
unsigned gauss_restart(struct gauss *blur, unsigned first);

/* Gives the next row, width * depth samples. */
void gauss_push(struct gauss *blur, const uint16_t *samples);

/* Takes the next blurred row and its number; false while the blur still needs rows below it, and
   after the last. The weight plane is unchanged. */
bool gauss_pull(struct gauss *blur, uint16_t *blurred, unsigned *row);

/* The size and the geometry of BLUR. */
unsigned gauss_size(const struct gauss *blur);
const struct gauss_geometry *gauss_geometry(const struct gauss *blur);

/* The weight, 0 to 1, of sample OF in the blur of sample AT on an axis of LENGTH samples, with its
   mirror images at the borders. A pixel's weight is the product of those on both axes. */
double gauss_weight(const struct gauss *blur, unsigned at, unsigned of, unsigned length);

/* The unblurred samples of the row that gauss_pull() just gave; valid until the next push. */
const uint16_t *gauss_center(const struct gauss *blur);

#endif
