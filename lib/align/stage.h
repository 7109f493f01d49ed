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
 * One resolution of a registration: measures the blocks of the reference in the frame and refines
 * the transform by Gauss-Newton steps.
 */

/* Where blocks are measured: a level of the pyramids, or windows of the full frames. */
struct stage {
    unsigned width, height; /* of the reference at that resolution */
    unsigned count;
    const struct block *blocks;
    float telling;                   /* blocks of less information do not count in the figures */
    const struct level *own, *other; /* the levels, or NULL: then */
    const struct view *own_views;    /* the reference's windows, one a block */
    const struct frame *frame;       /* to cut the frame's windows from */
    double factor;                   /* the size of its pixels in those of the frames */
};

/* A transform and what the stage found about it, in pixels of the stage. */
struct step {
    struct transform transform; /* after it */
    struct block *blocks;       /* as measured before it */
    bool *kept;
    struct registration figures;
    double mean;    /* NCC */
    double scatter; /* as in struct registration */
};

/* How far interpolation may displace, in pixels of a stage. */
#define STAGE_INTERPOLATION 0.1

/* A step; the caller sets its transform, and frees it with step_close(). */
struct step step_open(const struct stage *stage);
void step_close(struct step *step);

/* Takes up to STEPS Gauss-Newton steps; false if one has no solution. STEP gets the figures of the
   last. */
bool stage_refine(const struct stage *stage, enum transform_model model, unsigned steps,
                  struct step *step);

/* The answer of the refined STEP, in pixels of the frames; its error leaves out that of the misfit.
   False if the blocks do not determine MODEL. */
bool stage_answer(const struct stage *stage, enum transform_model model, struct step *step,
                  struct registration *answer);

#endif
