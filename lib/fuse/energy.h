/* SPDX-License-Identifier: MIT */

#ifndef ENERGY_H
#define ENERGY_H

#include <stdbool.h>

#include "window.h"

/*
 * How much detail is at each pixel of a level of a Laplacian pyramid, as a blurred square of the
 * Laplacian, row by row:
 *
 *     e = v^2 of gray, (R^2 + 2 G^2 + B^2) / 4 of colours
 *     no e is more than 3 times the greatest around it, so that a spike, such as a hot pixel that
 * was left, is not taken for detail: of the 16 pixels at distance 2 on level 0, where such a pixel
 *     and what interpolation made of it has 3x3 pixels; of its 8 neighbours on level 1
 *     E = e blurred by the binomial kernel [1 4 6 4 1]/16 in each direction, twice on level 0
 *
 * Borders are mirrored without repeating the edge. A few rows are held, never the level:
 *
 *     energy_begin(energy);
 *     for (row = 0; row < height || more rows are wanted; row++) {
 *         if (row < height)
 *             energy_square(detail, planes, width, energy_next(energy));
 *         if ((blurred = energy_push(energy)))
 *             use(blurred);                             rows from the top, up to ENERGY_LAG behind
 *     }
 */
struct energy;

enum { ENERGY_LAG = 6 };

/* For level LEVEL, of WIDTH x HEIGHT; the caller frees it. */
struct energy *energy_new(unsigned level, unsigned width, unsigned height);
void energy_free(struct energy *energy);

void energy_begin(struct energy *energy);

/* Where the next row of e is to be put; once that is done, or behind the last one, energy_push()
   returns the next row of E, valid until it is called again, or NULL where that waits for more. */
float *energy_next(struct energy *energy);
const float *energy_push(struct energy *energy);

/* e of a row of DETAIL: PLANES, 1 or 3, of WIDTH samples one after the other. */
void energy_square(const float *detail, unsigned planes, unsigned width, float *e);

#endif
