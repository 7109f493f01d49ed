/* SPDX-License-Identifier: MIT */

#ifndef EXCESS_H
#define EXCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfa.h"

/*
 * By how much each sample of a mosaic lies beyond what its neighbours allow. For the sample I(p) of
 * colour c, with the black level B,
 *
 *     m_k(p)  the median of the samples of colour k in the 5x5 window around p, p left out
 *     t(q)  = B + (I(q) - B) max(4, m_c - B) / max(4, m_k - B), q of another colour k, brought to
 *             p's colour, rounded half up, 0..65535
 *     U(p)  = the samples of colour c in the 5x5 window, p left out, and t(q) of those of other
 *             colours in the 3x3 window
 *     hi, lo = the r-th largest and the r-th smallest of U; r is at most a third of U's samples,
 *              and at least 1
 *     d(p)  = max(0, I - (2 hi - lo)) - max(0, (2 lo - hi) - I)
 *
 * So the allowed range is three times as wide as lo..hi: a rank adapts it to the noise, the width
 * to texture. A row or column of the window that is outside the frame is replaced by one inside: by
 * the fewest whole periods of the pattern that are at least five samples further in. So each colour
 * has as many samples as elsewhere, and none counts twice; a reflection would double a noisy one,
 * which spoils its good neighbours. Where the frame is too small for that, U is smaller. Where the
 * window has no other sample of p's colour d is 0. Rows come from top to bottom; it holds eight of
 * them.
 *
 *     for (row = excess_restart(excess, 0); row < height; row++) {
 *         excess_push(excess, samples);
 *         while (excess_pull(excess, d, &at))
 *             use(at, d);
 *     }
 */
struct excess;

/* The rows and columns that the window reaches from its middle. */
enum { EXCESS_REACH = 2 };

/* The rows, at most CFA_PERIOD_MAX, at the top or the bottom of a frame that the windows of the
   first two or the last two reach over. */
unsigned excess_border(const struct cfa *cfa);

/* For mosaics of the pattern CFA and of WIDTH x HEIGHT samples, not less than a period; BLACK in
   sample values; RANK is r, at least 1. The caller ends it with excess_free(). */
struct excess *excess_new(const struct cfa *cfa, unsigned width, unsigned height, unsigned black,
                          unsigned rank);
void excess_free(struct excess *excess);

/* Begins another mosaic: the next row pulled will be FIRST. Returns which row is to be pushed next:
   FIRST less EXCESS_REACH, or where the last excess_border() rows begin if that is above it; at
   least 0. */
unsigned excess_restart(struct excess *excess, unsigned first);

/* Gives the next row, width samples. */
void excess_push(struct excess *excess, const uint16_t *samples);

/* Takes d of the next row, -65535..65535, and which row it is, where the rows below it are known;
   false where they are not yet, and behind the last. D has room for excess_row() elements: that of
   sample x is the element excess_at(), the others mean nothing. */
bool excess_pull(struct excess *excess, int32_t *d, unsigned *row);

/*
 * The order of d in a row: column after column of the pattern, as it is computed. In a mosaic of
 * WIDTH samples a row has excess_row() elements, and that of sample X, and of those whole periods
 * to the right of it one by one, is excess_at().
 */
size_t excess_row(const struct cfa *cfa, unsigned width);
size_t excess_at(const struct cfa *cfa, unsigned width, unsigned x);

#endif
