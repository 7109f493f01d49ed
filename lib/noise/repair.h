/* SPDX-License-Identifier: MIT */

#ifndef REPAIR_H
#define REPAIR_H

#include <stdbool.h>

#include "cfa.h"
#include "frame.h"
#include "mask.h"

/*
 * Repairs the noisy samples of frames from the good samples of their plane, rounded half up. Good
 * samples are neither noisy nor fully transparent. A noisy sample becomes
 *
 *     membrane     a point of a membrane over its hole, see membrane.h; by the nearest where a hole
 *                  has no good sample beside it
 *     mean, median of the samples in a window around it; where the window holds none, it grows by
 *                  two until one is in it
 *     nearest      the mean of those at the smallest distance
 */
struct repair;

enum repair_method { REPAIR_MEMBRANE, REPAIR_MEAN, REPAIR_MEDIAN, REPAIR_NEAREST };

/* For frames of the mask's geometry and of colours that it fits (mask_fits()). WINDOW is the
   window's size, odd, at least 3, for mean and median. MASK must not change until the caller frees
   the result with repair_free(). */
struct repair *repair_new(const struct mask *mask, enum repair_method method, unsigned window);
void repair_free(struct repair *repair);

/* The same for mosaics of the pattern CFA, which are repaired within each colour, see
   mosaic_repair.h. */
struct repair *repair_new_mosaic(const struct mask *mask, const struct cfa *cfa);

/*
 * Repairs FRAME in place. Fully transparent pixels and samples that are not noisy stay unchanged.
 * False, with FRAME unchanged, if a colour has no good sample in the whole frame.
 */
bool repair_frame(struct repair *repair, struct frame *frame);

#endif
