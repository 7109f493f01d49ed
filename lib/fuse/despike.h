/* SPDX-License-Identifier: MIT */

#ifndef DESPIKE_H
#define DESPIKE_H

#include <stdint.h>

#include "frame.h"

/*
 * A frame without spikes, row by row: each colour sample clipped to the range of the 16 around it
 * at distance 2, the border of the 5x5 pixels whose middle it is. A spot of up to 3x3 pixels, as a
 * hot pixel is after interpolation, sinks into what is around it; an edge or a line stays, for the
 * ring meets it again. Borders are mirrored without repeating the edge; opacity stays as it is.
 */
struct despike;

/* For frames of GEOMETRY. The caller ends it with despike_free(). */
struct despike *despike_new(const struct frame *geometry);
void despike_free(struct despike *despike);

/* Begins FRAME, whose raster must stay as it is; then each call gives the next of its rows, as
   frame_get_row() has it and clipped, both valid until the next call. */
void despike_begin(struct despike *despike, const struct frame *frame);
void despike_next(struct despike *despike, const uint16_t **raw, const uint16_t **clipped);

#endif
