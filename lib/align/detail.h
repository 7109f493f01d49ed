/* SPDX-License-Identifier: MIT */

#ifndef DETAIL_H
#define DETAIL_H

#include "blocks.h"
#include "frame.h"
#include "transform.h"

/*
 * Blocks at the frames' full resolution, without a full-resolution gray image: small windows are
 * cut from the frames where the blocks lie.
 */
enum { DETAIL_SIDE = 40 }; /* of a window: room for a block to turn and to move */

/* Room for one window. */
struct detail {
    float gray[DETAIL_SIDE * DETAIL_SIDE];
    unsigned char seen[DETAIL_SIDE * DETAIL_SIDE];
};

/* The window of FRAME around the point that T takes BLOCK's middle to, kept within FRAME, as a view
   into DETAIL; of width 0 if FRAME is smaller than a window. */
struct view detail_around(const struct frame *frame, const struct transform *t,
                          const struct block *block, struct detail *detail);

/* Samples that detail_keep() stores for a block. */
enum { DETAIL_KEPT = (BLOCK_SIDE + 2) * (BLOCK_SIDE + 2) };

/* BLOCK of FRAME, with the pixel around it that blocks_measure() needs, as a view into GRAY and
   SEEN, which have room for DETAIL_KEPT samples. SEEN is only used for frames with opacity. */
struct view detail_keep(const struct frame *frame, const struct block *block, float *gray,
                        unsigned char *seen);

/*
 * The best of the blocks of FRAME that lie in COUNT COARSE blocks of half its resolution, at most
 * MOST of them, written to BLOCKS. Returns how many there are.
 */
unsigned detail_choose(const struct frame *frame, const struct block *coarse, unsigned count,
                       unsigned most, struct block *blocks);

#endif
