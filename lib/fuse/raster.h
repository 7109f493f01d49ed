/* SPDX-License-Identifier: MIT */

#ifndef RASTER_H
#define RASTER_H

#include <stdint.h>

#include "frame.h"

/*
 * The rows of frames one plane after the other, as samples and as floats: colours in
 * 0..RASTER_FULL, whatever the maxval, and behind them opacity in 0..1, if the frames have it.
 */
#define RASTER_FULL 255.0f

/* Row ROW of FRAME to SAMPLES, and as floats to OUT; PIXELS is room for as many samples. */
void raster_get(const struct frame *frame, unsigned row, uint16_t *pixels, uint16_t *samples,
                float *out);

/* COUNT samples X of a plane, rounded half up and clipped to 0..MAXVAL, to every STEP-th of
   SAMPLES. */
void raster_put(const float *x, unsigned count, unsigned maxval, unsigned step, uint16_t *samples);

#endif
