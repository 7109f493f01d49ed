/* SPDX-License-Identifier: MIT */

#ifndef THRESHOLD_H
#define THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Decides which deviations are noisy. A level is 1/255 of full scale: a sample of deviation |D| is
 * noisy at threshold t where |D| > t * maxval / 255, strictly.
 */

/* The largest |D| that is not noisy at LEVEL. */
unsigned threshold_limit(double level, unsigned maxval);

/* The limits of COLORS (1 or 3) planes; false for gray with levels that are not all the same. */
bool threshold_limits(const double levels[3], unsigned colors, unsigned maxval, unsigned limits[3]);

/*
 * Marks a row of a deviation map: NOISY[i] = 255 where ROW[i], of plane i mod COLORS, exceeds that
 * plane's limit, else 0, WIDTH * COLORS samples; ANY[x] = 255 where a plane of the pixel is noisy.
 */
void threshold_row(const uint16_t *row, unsigned width, unsigned colors, const unsigned limits[3],
                   uint8_t *noisy, uint8_t *any);

#endif
