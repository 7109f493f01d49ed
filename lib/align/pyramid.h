/* SPDX-License-Identifier: MIT */

#ifndef PYRAMID_H
#define PYRAMID_H

#include "frame.h"

/*
 * A frame's gray pyramid, as registration sees it: gray = (r + 2g + b) / 4 of full scale, each
 * pixel clipped to the range of its eight neighbours (which removes hot and dead pixels), then
 * halved again and again with the binomial kernel [1 4 6 4 1]/16. Edges are repeated.
 *
 * Level 0 is the finest: half resolution, or, for frames under PYRAMID_FULL pixels, the clipped
 * gray frame itself. The last level's longer side is at most PYRAMID_COARSEST pixels. But nothing
 * is halved whose shorter side would fall below PYRAMID_THINNEST. Pixel i of a level lies at pixel
 * 2 i of the next finer one, exactly: no half-pixel term arises.
 */
enum { PYRAMID_COARSEST = 300, PYRAMID_THINNEST = 64, PYRAMID_FULL = 400000, PYRAMID_LEVELS = 16 };

struct level {
    unsigned width, height;
    float *gray;         /* 0..1, rows without gaps */
    unsigned char *seen; /* 1 if no pixel that went in is fully transparent; NULL: all 1 */
};

struct pyramid {
    unsigned width, height; /* of the frame */
    double factor;          /* pixel i of level 0 lies at factor * i of the frame: 1 or 2 */
    unsigned levels;        /* at least 1 */
    struct level level[PYRAMID_LEVELS];
};

/* Builds the pyramid of FRAME; the caller frees it. */
void pyramid_build(struct pyramid *pyramid, const struct frame *frame);

/* Writes the clipped gray of the WIDTH x HEIGHT pixels of FRAME from X, Y on, all inside, as in a
   level 0 of full resolution. SEEN is only written for frames with opacity. */
void pyramid_window(const struct frame *frame, unsigned x, unsigned y, unsigned width,
                    unsigned height, float *gray, unsigned char *seen);

void pyramid_free(struct pyramid *pyramid);

#endif
