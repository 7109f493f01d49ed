/* SPDX-License-Identifier: MIT */

#ifndef RING_H
#define RING_H

#include <stdint.h>

#include "frame.h"

/*
 * The samples of a frame, row by row, one plane after the other, and of each the least and the
 * greatest of the 16 at distance 2 around it, the border of the 5x5 pixels whose middle it is. What
 * is larger than 3x3 pixels, or is a line or an edge, meets the ring again; a spot that is not lies
 * outside the ring's range. Borders are mirrored without repeating the edge.
 */
struct ring;

/* For frames of GEOMETRY. The caller ends it with ring_free(). */
struct ring *ring_new(const struct frame *geometry);
void ring_free(struct ring *ring);

/* Begins FRAME, whose raster must stay as it is; then each call gives the next of its rows, and the
   range, of as many samples; valid until the next call. */
void ring_begin(struct ring *ring, const struct frame *frame);
void ring_next(struct ring *ring, const uint16_t **middle, const uint16_t **low,
               const uint16_t **high);

#endif
