/* SPDX-License-Identifier: MIT */

#ifndef MOSAIC_DEVIATION_H
#define MOSAIC_DEVIATION_H

#include "band.h"
#include "cfa.h"
#include "deviation.h"

/*
 * The statistic of deviation.h for mosaics: with m and s the mean and the population standard
 * deviation of d, see excess.h, over the frames, D = sign(m) max(0, |m| - s). The rank that d needs
 * depends on the number of frames:
 *
 *     frames      1    2 to 5   6 or more
 *     Bayer       1    2        5
 *     others      1    1        3
 *
 * where a pattern of 2x2 is Bayer's. As the number of frames is not known before the last, the
 * first five are kept, in the memory of the sums.
 */
struct mosaic_deviation;

/* For the frames of BAND, which must outlive it, reaches EXCESS_REACH rows beyond itself and has
   excess_border() rows at a border. BLACK in sample values. The caller ends it with
   mosaic_deviation_free(). */
struct mosaic_deviation *mosaic_deviation_new(struct band *band, const struct cfa *cfa,
                                              unsigned black);
void mosaic_deviation_free(struct mosaic_deviation *mosaic);

/* The band begins: it has no frame. */
void mosaic_deviation_begin(struct mosaic_deviation *mosaic);

/* Adds the next row. */
void mosaic_deviation_add(struct mosaic_deviation *mosaic, const unsigned char *raster);

/* The next row of |D| on SIDE, at most LIMIT: a plane a colour, each sample in that of its own and
   0 in the others. False behind the band's last. */
bool mosaic_deviation_row(struct mosaic_deviation *mosaic, enum deviation_side side, unsigned limit,
                          uint16_t *out);

/* The threshold, in levels, that suits that many frames of a pattern. */
double mosaic_deviation_level(const struct cfa *cfa, unsigned frames);

#endif
