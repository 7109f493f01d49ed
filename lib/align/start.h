/* SPDX-License-Identifier: MIT */

#ifndef START_H
#define START_H

#include <stdbool.h>

#include "phase.h"
#include "pyramid.h"
#include "stage.h"
#include "transform.h"

/*
 * Finds where a registration starts: a Gauss-Newton step only sees a pixel or two, so candidates
 * are tried at the coarsest level, where a pixel is many of the frame's. Each gets one step, the
 * best of them a few more. The best score wins: the mean NCC of the blocks, lowered where few
 * blocks agree.
 */

/* Sets T to the better of the identity and GUESS (NULL: none), refined, in pixels of the frames.
   Returns whether it is good. COARSEST is the stage of the coarsest level. */
bool start_quickly(const struct stage *coarsest, enum transform_model model,
                   const struct transform *guess, struct transform *t);

/* The best of those two and of the peaks of the phase correlations with LEVEL, the frame's
   coarsest, over a few scales and rotations. */
struct transform start_thoroughly(const struct stage *coarsest, enum transform_model model,
                                  const struct transform *guess, struct phase *phase,
                                  const struct level *level);

#endif
