/* SPDX-License-Identifier: MIT */

#ifndef SOLVE_H
#define SOLVE_H

#include <stdbool.h>

#include "blocks.h"
#include "transform.h"

/*
 * The one small transform that moves all blocks as they ask for: weighted least squares on their
 * displacements with Tukey's biweight, so that blocks that disagree (another depth, dust, a moving
 * leg) lose their say.
 */
struct solution {
    struct transform delta; /* reference -> reference, to be applied first */
    double step;            /* its RMS displacement over the image, pixels */
    double error;           /* predicted RMS error of it, pixels */
    unsigned inliers;       /* blocks that kept a weight */
};

/*
 * From the COUNT measured blocks of a level of WIDTH x HEIGHT pixels, those with inside and an NCC
 * of at least SOLVE_LEAST_NCC. KEPT, if not NULL, tells for each block whether it kept a weight.
 * False if the blocks do not determine MODEL.
 */
#define SOLVE_LEAST_NCC 0.1

bool solve_transform(enum transform_model model, const struct block *blocks, unsigned count,
                     unsigned width, unsigned height, struct solution *solution, bool *kept);

#endif
