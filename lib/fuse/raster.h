/* SPDX-License-Identifier: MIT */

#ifndef RASTER_H
#define RASTER_H

#include <stdint.h>

#include "frame.h"

/*
 * The rows of frames as float samples, one plane after the other: colours in 0..RASTER_FULL,
 * whatever the maxval, and behind them opacity in 0..1, if the frames have it.
 */
struct raster;

#define RASTER_FULL 255.0f

/* For frames of GEOMETRY. The caller ends it with raster_free(). */
struct raster *raster_new(const struct frame *geometry);
void raster_free(struct raster *raster);

/* Begins FRAME, whose raster must stay as it is; then each call gives the next of its rows, its
   colours CALM and KEPT, as spike.h has them, both with opacity behind them, and TRUST. */
void raster_begin(struct raster *raster, const struct frame *frame);
void raster_next(struct raster *raster, float *calm, float *kept, float *trust);

/* COUNT samples X of a plane, rounded half up and clipped to 0..MAXVAL, to every STEP-th of
   SAMPLES. */
void raster_put(const float *x, unsigned count, unsigned maxval, unsigned step, uint16_t *samples);

#endif
