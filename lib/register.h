/* SPDX-License-Identifier: MIT */

#ifndef REGISTER_H
#define REGISTER_H

#include <stdbool.h>

#include "pyramid.h"
#include "transform.h"

/*
 * Registers frames to a reference: finds the transform that takes the reference's pixels to the
 * frame's, and tells how far it can be trusted. Phase correlations at the coarsest level give
 * candidates; Gauss-Newton steps on blocks, from coarse to fine, make the best one precise.
 *
 *     struct registrar *registrar = register_open(&reference, TRANSFORM_SIMILARITY);
 *     struct registration found;
 *     register_frame(registrar, &pyramid, &found);
 *     if (register_verdict(&found) == REGISTER_GOOD)
 *         use(&found.transform);
 *     register_close(registrar);
 */
struct registrar;

/* The figures below are of the telling half of the reference's blocks, those with the more detail.
 */
struct registration {
    struct transform transform; /* reference -> frame, in the frames' own pixels */
    bool solved;                /* false: there is no transform, the figures are what was seen */
    double error;               /* predicted RMS error, pixels */
    double share;               /* of the telling blocks within the frame: those that agree, 0..1 */
    double ncc;                 /* the telling blocks' median normalised cross-correlation */
    double overlap;             /* part of the reference's blocks that lie within the frame */
    unsigned blocks;            /* the reference's blocks */
};

enum register_verdict {
    REGISTER_GOOD,
    REGISTER_NO_BLOCKS, /* too small, or nothing to see in the reference */
    REGISTER_DISAGREES, /* share or ncc below what is needed */
    REGISTER_ELSEWHERE  /* overlap below what is needed */
};

/* What is needed. */
#define REGISTER_LEAST_SHARE 0.5
#define REGISTER_LEAST_NCC 0.5
#define REGISTER_LEAST_OVERLAP 0.6

/* REFERENCE, which must outlive the registrar, is FRAME's pyramid; the caller closes it. */
struct registrar *register_open(const struct pyramid *reference, const struct frame *frame,
                                enum transform_model model);

/* PYRAMID is FRAME's, which has the reference's geometry. */
void register_frame(const struct registrar *registrar, const struct pyramid *pyramid,
                    const struct frame *frame, struct registration *found);

enum register_verdict register_verdict(const struct registration *found);

void register_close(struct registrar *registrar);

#endif
