/* SPDX-License-Identifier: MIT */

#ifndef FINE_WINDOW_H
#define FINE_WINDOW_H

#include "block.h"
#include "frame.h"
#include "transform.h"

/*
 * Blocks at the frames' full resolution, without a full-resolution gray image: small windows are
 * cut from the frames where the blocks lie.
 */
enum { FINE_WINDOW_SIDE = 40 }; /* of a window: room for a block to turn and to move */

/* Room for one window. */
struct fine_window {
    float gray[FINE_WINDOW_SIDE * FINE_WINDOW_SIDE];
    unsigned char seen[FINE_WINDOW_SIDE * FINE_WINDOW_SIDE];
};

/* The window of FRAME around the point that T takes BLOCK's middle to, kept within FRAME, as a view
   into WINDOW; of width 0 if FRAME is smaller than a window, or T takes the middle to infinity. */
struct view fine_window_around(const struct frame *frame, const struct transform *t,
                               const struct block *block, struct fine_window *window);

/* Samples that fine_window_keep() stores for a block. */
enum { FINE_WINDOW_KEPT = (BLOCK_SIDE + 2) * (BLOCK_SIDE + 2) };

/* BLOCK of FRAME, with the pixel around it that block_measure() needs, as a view into GRAY and
   SEEN, which have room for FINE_WINDOW_KEPT samples. SEEN is only used for frames with opacity. */
struct view fine_window_keep(const struct frame *frame, const struct block *block, float *gray,
                             unsigned char *seen);

/*
 * Writes to BLOCKS the best blocks of FRAME, at most MOST, that lie in the COUNT blocks COARSE of
 * half its resolution. Returns how many.
 */
unsigned fine_window_choose(const struct frame *frame, const struct block *coarse, unsigned count,
                            unsigned most, struct block *blocks);

#endif
