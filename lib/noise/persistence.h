/* SPDX-License-Identifier: MIT */

#ifndef PERSISTENCE_H
#define PERSISTENCE_H

#include "band.h"
#include "deviation.h"

/* The statistic `persistent` of deviation.h: with m and s the mean and the population standard
   deviation of d = I - blur(I) over the frames, D = sign(m) max(0, |m| - s). The subject moves in
   and out of focus; the sensor does not. */
struct persistence;

/* The sums of BAND, which must outlive them, of frames whose white less black is FULL_SCALE. The
   caller frees them with persistence_free(). */
struct persistence *persistence_new(struct band *band, unsigned full_scale);
void persistence_free(struct persistence *persistence);

/* Begins the band: clears the sums. */
void persistence_begin(struct persistence *persistence);

/* Adds the next row. */
void persistence_add(struct persistence *persistence, const unsigned char *raster);

/* Gives the next row of |D| on SIDE, all planes; false if it needs rows of the next band, and after
   the last row of the image. */
bool persistence_row(struct persistence *persistence, enum deviation_side side, uint16_t *out);

#endif
