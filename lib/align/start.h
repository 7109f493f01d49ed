/* SPDX-License-Identifier: MIT */

#ifndef START_H
#define START_H

#include <stdbool.h>

#include "phase.h"
#include "pyramid.h"
#include "stage.h"
#include "transform.h"

/*
 * Where a registration starts: a Gauss-Newton step only sees a pixel or two, so candidates are
 * tried at the coarsest level, where a pixel is many of the frame's. Each gets one step; the best
 * of them a few more; the best of those, by the mean NCC of its blocks, less where few blocks
 * agree, is taken.
 */

/* The identity or GUESS (NULL: none), in pixels of the frames, if one of them is good, into T; else
   false, T being the better. COARSEST is the stage of that level. */
bool start_quickly(const struct stage *coarsest, enum transform_model model,
                   const struct transform *guess, struct transform *t);

/* The best of those and of the peaks of the phase correlations with LEVEL, the frame's coarsest,
   over a few scales and rotations. */
struct transform start_thoroughly(const struct stage *coarsest, enum transform_model model,
                                  const struct transform *guess, struct phase *phase,
                                  const struct level *level);

#endif
