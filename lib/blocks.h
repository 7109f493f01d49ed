/* SPDX-License-Identifier: MIT */

#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdbool.h>

#include "pyramid.h"
#include "transform.h"

/*
 * What one square block of the reference says about its own place in a frame: the normal equations
 * of its displacement, from intensities, with a gain and an offset of its own. Registration puts
 * the blocks of a level together into one transform.
 */
enum { BLOCK_SIDE = 24 };

struct block {
    unsigned x, y;     /* upper left pixel in the reference level */
    float information; /* smaller eigenvalue of its summed gradient products, see blocks_choose() */

    /* What blocks_measure() finds. */
    bool inside;        /* it lies wholly within the frame, and enough of it is seen in both */
    double ncc;         /* normalised cross-correlation of block and frame; 0 where flat */
    double likeness;    /* 0..1: the smaller of the two gradient energies over the larger */
    double dx, dy;      /* displacement that remains, in pixels of the level, at most 3 */
    double variance[2]; /* of the displacement along the directions (c, s) and (-s, c) */
    double c, s;
};

/*
 * The blocks of LEVEL that say most, at most MOST of them: the best of each cell of a 12x8 grid,
 * an equal share for each, then the best of the rest. Returns how many were written to BLOCKS,
 * which has room for MOST; none of them is flat.
 */
unsigned blocks_choose(const struct level *level, unsigned most, struct block *blocks);

/* Measures COUNT blocks of REFERENCE against FRAME, which T takes its coordinates to. */
void blocks_measure(const struct level *reference, const struct level *frame,
                    const struct transform *t, unsigned count, struct block *blocks);

#endif
