/* SPDX-License-Identifier: MIT */

#ifndef MOSAIC_REPAIR_H
#define MOSAIC_REPAIR_H

#include <stdbool.h>

#include "cfa.h"
#include "frame.h"
#include "mask.h"

/*
 * Repairs the noisy samples of mosaics: each becomes the mean, rounded half up, of good samples of
 * its colour. Under a Bayer pattern, of 2x2, these are those at the smallest Euclidean distance:
 * the four diagonal ones (green) or the four at distance 2 (red, blue), where these are good. Under
 * others they are those of the 5x5 window around it, weighted by the inverse of their squared
 * distance, or, where none is there, those at the smallest distance. A sample is noisy where the
 * mask marks it in its own colour.
 */
struct mosaic_repair;

/* For mosaics of the mask's geometry and of the pattern CFA. MASK must stay as it is until
   mosaic_repair_free(), with which the caller ends it. */
struct mosaic_repair *mosaic_repair_new(const struct mask *mask, const struct cfa *cfa);
void mosaic_repair_free(struct mosaic_repair *repair);

/* Repairs FRAME, which suits the pattern (cfa_misfit()), in place. False, with FRAME unchanged,
   where a colour has noisy samples and no good one. */
bool mosaic_repair_frame(struct mosaic_repair *repair, struct frame *frame);

#endif
