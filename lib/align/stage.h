/* SPDX-License-Identifier: MIT */

#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>

#include "block.h"
#include "frame.h"
#include "pyramid.h"
#include "register.h"
#include "transform.h"

/*
 * One resolution of a registration: the blocks of the reference are measured in the frame, and the
 * transform takes the Gauss-Newton step that they ask for.
 */

/* What blocks are measured at: a level, or the details of the full frames. */
struct stage {
    unsigned width, height; /* of the reference, seen at that resolution */
    unsigned count;
    const struct block *blocks;
    float telling;                   /* blocks of less information are not asked for the figures */
    const struct level *own, *other; /* or NULL: then */
    const struct view *own_views;    /* one a block */
    const struct frame *frame;       /* to cut the others' from */
    double factor;                   /* its pixels in those of the frames */
};

/* What a stage makes of a transform; in pixels of the stage. */
struct step {
    struct transform transform; /* after it */
    struct block *blocks;       /* as measured before it */
    bool *kept;
    struct registration figures;
    double mean;    /* NCC */
    double scatter; /* as in struct registration */
};

/* What interpolation may displace, in pixels of a stage. */
#define STAGE_INTERPOLATION 0.1

/* A step from the transform that the caller sets; step_close() ends it. */
struct step step_open(const struct stage *stage);
void step_close(struct step *step);

/* Takes up to STEPS Gauss-Newton steps; false if one has no solution. STEP gets the figures of the
   last. */
bool stage_refine(const struct stage *stage, enum transform_model model, unsigned steps,
                  struct step *step);

/* The answer of the refined STEP, with its error but without that of the misfit, in pixels of the
   frames. False if the blocks do not determine MODEL. */
bool stage_answer(const struct stage *stage, enum transform_model model, struct step *step,
                  struct registration *answer);

#endif
