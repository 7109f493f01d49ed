/* SPDX-License-Identifier: MIT */

#ifndef LEAVEOUT_H
#define LEAVEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "gauss.h"

/*
 * Deviations from a blur in which noisy samples no longer take part. A noisy sample lifts the blur
 * of its neighbours: they seem to deviate to the other side, and the samples of a noisy column or
 * cluster hide each other. With w(p, q) the weight of q in the blur at p, D the deviation, and Q
 * the samples that deviate by more than a limit and by at least as much as all in their reach that
 * deviate to the other side (the shadows of stronger ones are no sources),
 *
 *     h0(q) = D(q) / (1 - w(q, q))                                    q in Q
 *     h(q) = (D(q) + sum over p in Q, p != q, of w(q, p) h0(p)) / (1 - w(q, q))
 *     D'(p) = D(p) + sum over q in Q, q != p, of w(p, q) h(q)
 *
 * where h estimates by how much a sample stands above what belongs there: one step of Jacobi's
 * iteration; two more change a saturated column by 2 %. Neighbours count within the radius of the
 * blur, at most LEAVEOUT_REACH_MAX. Rows come from top to bottom; it holds 4 reaches of them.
 *
 *     for (row = 0; row < height; row++) {
 *         fill(leaveout_push(leaveout));
 *         while (leaveout_pull(leaveout, size, hot))
 *             use(size, hot);
 *     }
 */
struct leaveout;

enum { LEAVEOUT_REACH_MAX = 3 };

/* A row of samples, the planes of a pixel side by side. */
struct leaveout_row {
    float *mean;    /* D, signed, before the spread is subtracted */
    float *spread;  /* what |D| is to exceed, >= 0; INFINITY where nothing is to be found */
    uint16_t *size; /* max(0, |mean| - spread), rounded half up */
};

/* For images of the geometry of BLUR, with samples up to MAXVAL; more than LIMIT is noisy. BLUR
   must outlive it. The caller ends it with leaveout_free(). */
struct leaveout *leaveout_new(const struct gauss *blur, unsigned limit, unsigned maxval);
void leaveout_free(struct leaveout *leaveout);

/* The next row, to be filled by the caller before the next pull. Only after a pull was false. */
struct leaveout_row *leaveout_push(struct leaveout *leaveout);

/* Takes the next row: max(0, |D'| - spread), rounded half up and at most the maxval, in SIZE; and
   D' > 0 in HOT, as 65535 or 0. False where rows below it are still needed, and behind the last. */
bool leaveout_pull(struct leaveout *leaveout, uint16_t *size, uint16_t *hot);

#endif
