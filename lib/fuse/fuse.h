/* SPDX-License-Identifier: MIT */

#ifndef FUSE_H
#define FUSE_H

#include <stdbool.h>

#include "frame.h"

/*
 * One sharp picture from the aligned frames of a stack: a Laplacian pyramid of each frame, averaged
 * over the frames with weights that favour by far the frame with the most detail at a place. One
 * pass: a frame is added and can be forgotten. The method and its formulas stand at the head of
 * fuse.c.
 *
 *     struct fuse *fuse = fuse_new(&frame, &options);
 *     for (i = 0; i < count; i++)
 *         fuse_add(fuse, &frames[i]);
 *     fuse_finish(fuse, &frame);
 *     fuse_free(fuse);
 *
 * The picture takes the place of the last frame.
 *
 * In bytes a pixel of RGB frames, beside the frame in hand, as level 1 and all above it have a
 * third of level 0's pixels:
 *
 *     sums of detail and weights            20 + 20/3
 *     least and greatest colours             6 + 12/3,  of 16 bits 12 + 12/3
 *     the frame's pyramid from level 1 on         12/3, with opacity 16/3
 *     energies from finer levels                   4/3
 *     where a frame showed anything                1 with opacity
 *     for the depth map                           36/16, and 16/16 while it is made
 *     for a choice                                16 + 20/3 + its map
 *     rows in work: about 100 rows of floats
 *     together                              42.0 to 46.6; of 16 bits 48.0 to 52.6; without a choice
 *
 * The depth map itself, 2, is made when the pyramid is no longer needed.
 */
struct fuse;

struct fuse_options {
    unsigned sharpness; /* 4, 6 or 8: the power of the finest level's energies in weights */
    bool depth;         /* a depth map is wanted */
    bool opacity;       /* the picture keeps the frames' opacity plane in any case */
    const struct frame
        *choice;    /* a person's choice of frames, as choice.h has it, or NULL; stays */
    unsigned count; /* of frames, for that choice */
};

/* About how many bytes fusing frames of this geometry takes, the frame in hand included. */
double fuse_bytes(const struct frame *geometry, const struct fuse_options *options);

/* For frames of this geometry. The caller ends it with fuse_free(). */
struct fuse *fuse_new(const struct frame *geometry, const struct fuse_options *options);
void fuse_free(struct fuse *fuse);

/* Adds FRAME. False where it is transparent everywhere: then it only counts as a frame. */
bool fuse_add(struct fuse *fuse, const struct frame *frame);

/*
 * The picture of at least one frame that was added with success, to FRAME, of the frames' geometry
 * and with its raster allocated. If that frame is the only one, FRAME still has to hold it, and its
 * colours stay. It gets an opacity plane, 0 or maxval, where the frames have one
 * and nothing is seen in any of them at some pixel, or the option asks for it; else none: then its
 * depth and tuple type change. Frames can no longer be added.
 */
void fuse_finish(struct fuse *fuse, struct frame *frame);

/* The depth map, where it was asked for and the picture is finished, as large as the frames: filled
   SMOOTH pixels far, with OPACITY or without; see depth_map() in depth_map.h. To be called once.
   The caller frees it with frame_free(). */
void fuse_depth_map(struct fuse *fuse, unsigned smooth, bool opacity, struct frame *map);

#endif
