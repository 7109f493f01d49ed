/* SPDX-License-Identifier: MIT */

#ifndef MEAN_DEVIATION_H
#define MEAN_DEVIATION_H

#include "band.h"
#include "deviation.h"

/* The statistic `mean` of deviation.h: M = floor of the mean of the frames, D = M - blur(M). */
struct mean_deviation;

/* The sums of BAND, which must outlive them. The caller frees them with mean_deviation_free(). */
struct mean_deviation *mean_deviation_new(struct band *band);
void mean_deviation_free(struct mean_deviation *mean);

/* Begins the band: clears the sums. */
void mean_deviation_begin(struct mean_deviation *mean);

/* Adds the next row. */
void mean_deviation_add(struct mean_deviation *mean, const unsigned char *raster);

/* Gives the next row of |D| on SIDE, all planes; false after the band's last. */
bool mean_deviation_row(struct mean_deviation *mean, enum deviation_side side, uint16_t *out);

#endif
