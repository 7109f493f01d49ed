/* SPDX-License-Identifier: MIT */

#ifndef EXPOSURE_H
#define EXPOSURE_H

#include "frame.h"
#include "options.h"

/*
 * Frame INDEX of a stack that was aligned, from the light RGB, 3 planes, 0..1: sRGB, with the gain
 * of each colour off by up to options->gain, noise as of photons (options->noise is its standard
 * deviation at mid-gray), options->hot hot pixels that drift by (0.9, 0.5) pixels a frame, and,
 * where FRAME has opacity, none along the borders, more of them the farther the frame is from the
 * middle one.
 */
void exposure_take(struct frame *frame, const struct options *options, unsigned index,
                   const float *rgb);

/* RGB itself, without noise, gain and hot pixels, opaque. */
void exposure_truth(struct frame *frame, const float *rgb);

#endif
