/* SPDX-License-Identifier: MIT */

#ifndef DETAIL_H
#define DETAIL_H

#include "blocks.h"
#include "frame.h"
#include "transform.h"

/*
 * Blocks at the frames' full resolution, without a full-resolution gray image: a few hundred small
 * windows are cut from the frames where the blocks lie.
 */
struct detail;

/* Windows around COUNT BLOCKS of FRAME, of SIDE pixels each, at the places that T takes the blocks'
   middles to, as far inside FRAME as need be; the caller frees them. NULL if FRAME is smaller than
   a window. */
struct detail *detail_cut(const struct frame *frame, unsigned side, const struct transform *t,
                          unsigned count, const struct block *blocks);

struct view detail_view(const struct detail *detail, unsigned block);

void detail_free(struct detail *detail);

/*
 * The best of the blocks of FRAME that lie in COUNT COARSE blocks of half its resolution, at most
 * MOST of them, written to BLOCKS. Returns how many there are.
 */
unsigned detail_choose(const struct frame *frame, const struct block *coarse, unsigned count,
                       unsigned most, struct block *blocks);

#endif
