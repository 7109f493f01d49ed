/* SPDX-License-Identifier: MIT */

#ifndef LEAVEOUT_H
#define LEAVEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "gauss.h"

/*
 * Deviations from a blur that leaves out noisy samples. A noisy sample shifts the blur of its
 * neighbours: they seem to deviate to the other side, and the samples of a noisy column or cluster
 * hide each other. With w(p, q) the weight of q in the blur at p, D the deviation, and Q the
 * samples that deviate by more than a limit and by at least as much as all in their reach that
 * deviate to the other side (the shadows of stronger ones are no sources),
 *
 *     h0(q) = D(q) / (1 - w(q, q))                                    q in Q
 *     h(q) = (D(q) + sum over p in Q, p != q, of w(q, p) h0(p)) / (1 - w(q, q))
 *     D'(p) = D(p) + sum over q in Q, q != p, of w(p, q) h(q)
 *
 * where h estimates how far a sample stands above its true value. This is one step of Jacobi's
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
    float *spread;  /* what |D| must exceed, >= 0; INFINITY: nothing is noisy */
    uint16_t *size; /* max(0, |mean| - spread), rounded half up */
};

/* For images of BLUR's geometry, with samples up to MAXVAL; sizes over LIMIT are noisy. BLUR must
   outlive it. The caller frees it with leaveout_free(). */
struct leaveout *leaveout_new(const struct gauss *blur, unsigned limit, unsigned maxval);
void leaveout_free(struct leaveout *leaveout);

/* The next row, which the caller fills before the next pull. Push only when leaveout_pull() has no
   row left. */
struct leaveout_row *leaveout_push(struct leaveout *leaveout);

/* Takes the next row: SIZE gets max(0, |D'| - spread), rounded half up and at most the maxval; HOT
   gets 65535 where D' > 0, else 0. False while rows below it are still needed, and after the
   last. */
bool leaveout_pull(struct leaveout *leaveout, uint16_t *size, uint16_t *hot);

#endif
