/* SPDX-License-Identifier: MIT */

#ifndef SOLVE_H
#define SOLVE_H

#include <stdbool.h>

#include "block.h"
#include "transform.h"

/*
 * Fits one small transform to the displacements of all blocks, by robust weighted least squares. If
 * no transform of the model fits all blocks (a subject with depth, seen by a moving camera), those
 * half-way between the depths in focus decide: see measurement.h. The scatter and the predicted
 * error tell how far blocks disagree.
 */
struct solution {
    struct transform delta; /* reference -> reference, to be applied first */
    double step;            /* its RMS displacement over the image, pixels */
    double scatter;         /* of the most precise blocks about it: a standard deviation, pixels */
    double misfit;          /* the part of it that their noise does not explain */

    /* What only solve_error() finds. */
    double error; /* predicted RMS error over the image, pixels, without that of the misfit */
    double covariance[TRANSFORM_MAX_PARAMETERS][TRANSFORM_MAX_PARAMETERS];
    /* of the parameters of transform_to_parameters(), pixels squared */
};

/*
 * Solves for MODEL from the COUNT measured blocks of a level of WIDTH x HEIGHT pixels. KEPT tells
 * for each block whether it agrees with the solution. False if the blocks do not determine MODEL.
 */
bool solve_transform(enum transform_model model, const struct block *blocks, unsigned count,
                     unsigned width, unsigned height, struct solution *solution, bool *kept);

/* The same with error and covariance, which take several times as long. */
bool solve_error(enum transform_model model, const struct block *blocks, unsigned count,
                 unsigned width, unsigned height, struct solution *solution, bool *kept);

/*
 * Whether the blocks prefer RICHER, a model of more parameters, to SIMPLER: the two differ by more
 * than VISIBLE pixels, and RICHER predicts the blocks of parts of the image better when both are
 * solved for without that part.
 */
bool solve_prefers(enum transform_model simpler, enum transform_model richer, double visible,
                   const struct block *blocks, unsigned count, unsigned width, unsigned height);

#endif
