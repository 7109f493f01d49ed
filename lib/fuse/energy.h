/* SPDX-License-Identifier: MIT */

#ifndef ENERGY_H
#define ENERGY_H

#include "rolling.h"

/*
 * How much detail is at each pixel of a level of a Laplacian pyramid, row by row: its square
 *
 *     e = v^2 of gray, (R^2 + 2 G^2 + B^2) / 4 of colours
 *
 * blurred by the binomial kernel [1 4 6 4 1]/16 in each direction, borders mirrored without
 * repeating the edge, once or twice. A few rows are held, never the level:
 *
 *     unsigned next = energy_begin(energy, first);
 *     for (unsigned made = first; made < end;) {
 *         if (next < height)
 *             energy_square(detail(next++), planes, width, energy_next(energy));
 *         const float *blurred = energy_push(energy);
 *         if (blurred)
 *             use(blurred, made++);
 *     }
 */
struct energy;

enum { ENERGY_BLURS = 2, ENERGY_LAG = 2 * ENERGY_BLURS };

/* For a level of WIDTH x HEIGHT and BLURS, 1 to ENERGY_BLURS; the caller frees it. */
struct energy *energy_new(unsigned width, unsigned height, unsigned blurs);
void energy_free(struct energy *energy);

/* Row FIRST is to be the first that is blurred; returns the row of e that comes first for that:
   ROLLING_REACH earlier for each blur, or 0. */
unsigned energy_begin(struct energy *energy, unsigned first);

/* Where the next row of e is to be put; once that is done, or behind the last one, energy_push()
   returns the next blurred row, valid until it is called again, or NULL where that waits for more.
 */
float *energy_next(struct energy *energy);
const float *energy_push(struct energy *energy);

/* e of a row of DETAIL: PLANES, 1 or 3, of WIDTH samples one after the other. */
void energy_square(const float *detail, unsigned planes, unsigned width, float *e);

#endif
