/* SPDX-License-Identifier: MIT */

#ifndef MOSAIC_H
#define MOSAIC_H

#include "frame.h"

/* A sensor under colour filters in the pattern R G / G B, and the simplest interpolation to RGB. */

/* The channel, 0..2, that the sensor sees at X, Y. */
unsigned mosaic_channel(unsigned x, unsigned y);

/*
 * Keeps of each pixel of FRAME, RGB with or without opacity and at least 2x2, the channel that the
 * sensor sees there; the two others become the mean, rounded half up, of the nearest 2 or 4 pixels
 * that see them, mirrored at the border. So one hot pixel becomes a spot of 3x3 or, if green, a
 * cross.
 */
void mosaic_interpolate(struct frame *frame);

#endif
