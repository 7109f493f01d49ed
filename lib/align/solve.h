/* SPDX-License-Identifier: MIT */

#ifndef SOLVE_H
#define SOLVE_H

#include <stdbool.h>

#include "block.h"
#include "transform.h"

/*
 * The one small transform that moves all blocks as they ask for: robust weighted least squares on
 * their displacements. Where no transform of the model satisfies all blocks (a subject with depth,
 * seen by a camera that moves), the sharpest ones decide, and the scatter and the predicted error
 * tell how far they disagree.
 */
struct solution {
    struct transform delta; /* reference -> reference, to be applied first */
    double step;            /* its RMS displacement over the image, pixels */
    double scatter;         /* of the most precise blocks about it: a standard deviation, pixels */
    double misfit;          /* what of it their own noise does not explain */

    /* What solve_error() finds besides. */
    double error; /* predicted RMS error over the image, pixels, but for that of the misfit */
    double covariance[TRANSFORM_MAX_PARAMETERS][TRANSFORM_MAX_PARAMETERS];
    /* of the parameters of a homography, in the frame of transform_centred(), pixels squared */
};

/* Blocks of a smaller NCC than this have no say. */
#define SOLVE_LEAST_NCC 0.1

/*
 * From the COUNT measured blocks of a level of WIDTH x HEIGHT pixels. KEPT tells for each block
 * whether it agrees with the solution. False if the blocks do not determine MODEL.
 */
bool solve_transform(enum transform_model model, const struct block *blocks, unsigned count,
                     unsigned width, unsigned height, struct solution *solution, bool *kept);

/* The same with error and covariance, which take several times as long. */
bool solve_error(enum transform_model model, const struct block *blocks, unsigned count,
                 unsigned width, unsigned height, struct solution *solution, bool *kept);

/*
 * Whether the evidence is for RICHER, a model of more parameters than SIMPLER: whether it predicts
 * the blocks of each part of the image better than SIMPLER does when both are solved for without
 * that part, and the two differ by VISIBLE pixels or more.
 */
bool solve_prefers(enum transform_model simpler, enum transform_model richer, double visible,
                   const struct block *blocks, unsigned count, unsigned width, unsigned height);

#endif
