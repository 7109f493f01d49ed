/* SPDX-License-Identifier: MIT */

#ifndef BLOCK_H
#define BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "pyramid.h"
#include "transform.h"

/*
 * Measures how far one square block of the reference is displaced in a frame, by the normal
 * equations of its displacement, from intensities, with a gain and an offset for each block.
 * Registration fits one transform to all blocks of a level.
 */
enum { BLOCK_SIDE = 24 };

struct block {
    unsigned x, y;     /* upper left pixel in the reference level */
    float information; /* smaller eigenvalue of its summed gradient products, see block_choose() */
    float sharpness;   /* mean squared frequency of its detail, radians a pixel */

    /* What block_measure() finds. */
    bool inside;           /* it lies wholly within the frame, and enough of it is seen in both */
    bool blown;            /* it would be inside, but the frame is overexposed there */
    double share;          /* of its pixels that are seen in both */
    double ncc;            /* normalised cross-correlation of block and frame; 0 where flat */
    float sharpness_there; /* the sharpness of what the frame shows there */
    double likeness;       /* 0..1: the smaller of the two gradient energies over the larger */
    double dx, dy;         /* remaining displacement, in pixels of the level, at most 3 */
    double variance[2];    /* of the displacement along the directions (c, s) and (-s, c) */
    double c, s;
};

/* A part of an image: its upper left sample lies at X, Y of the image's coordinates. */
struct view {
    const float *gray;         /* rows STRIDE apart */
    const unsigned char *seen; /* as in a level, or NULL */
    size_t stride;
    unsigned x, y, width, height;
};

/* All of LEVEL. */
struct view block_view(const struct level *level);

/* Measures BLOCK of REFERENCE, a view with a pixel to spare on each side of it, in FRAME. TRANSFORM
   takes the reference's coordinates to those of FRAME's image. */
void block_measure(const struct view *reference, const struct view *frame,
                   const struct transform *transform, struct block *block);

/* Sets the information and the sharpness of BLOCK in VIEW. */
void block_look(const struct view *view, struct block *block);

/* Copies the best of the COUNT blocks in ALL, of an image of WIDTH x HEIGHT pixels, to BLOCKS, at
   most MOST; returns how many. First come those within an equal share for each cell of a grid, then
   the rest while there is room, both by falling information. Those without any are left out.
   Reorders ALL. */
unsigned block_best(struct block *all, unsigned count, unsigned width, unsigned height,
                    unsigned most, struct block *blocks);

/*
 * Chooses the best blocks of LEVEL, none of them flat, in the order of block_best(). Returns how
 * many were written to BLOCKS, which has room for MOST.
 */
unsigned block_choose(const struct level *level, unsigned most, struct block *blocks);

#endif
