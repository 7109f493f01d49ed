/* SPDX-License-Identifier: MIT */

#ifndef DEPTH_H
#define DEPTH_H

#include "frame.h"

/*
 * The depth of a subject, in numbers of frames: at each pixel of a level of the pyramid the frame
 * with the most energy, of those that are equal the first. Where a frame is less than half opaque
 * its energy counts a twentieth.
 */
struct depth;

/* For a level of WIDTH x HEIGHT. The caller ends it with depth_free(). */
struct depth *depth_new(unsigned width, unsigned height);
void depth_free(struct depth *depth);

/* The bytes that it takes. */
double depth_bytes(unsigned width, unsigned height);

/* Frame INDEX has this ENERGY and OPACITY in row ROW. */
void depth_add_row(struct depth *depth, unsigned row, unsigned index, const float *energy,
                   const float *opacity);

/*
 * The number of the sharpest frame, its median over 5x5 pixels (of those inside, the upper one), as
 * a gray image of WIDTH x HEIGHT whose pixel (FACTOR x, FACTOR y) is the level's (x, y): each pixel
 * takes the nearest. MAP's width and height are set by the caller; the rest, and the raster, here:
 * maxval 65535, samples as depth_sample() has them for COUNT frames.
 */
void depth_map(const struct depth *depth, unsigned factor, unsigned count, struct frame *map);

/* INDEX times 65535 / (COUNT - 1), rounded half up; 0 for the only frame. */
unsigned depth_sample(unsigned index, unsigned count);

#endif
