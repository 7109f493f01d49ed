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
 *     struct registrar *registrar = register_open(&pyramid, &reference, models);
 *     struct registration found;
 *     register_frame(registrar, &frame_pyramid, &frame, NULL, &found);
 *     if (register_verdict(&found) == REGISTER_GOOD)
 *         use(&found.transform);
 *     register_close(registrar);
 */
struct registrar;

/* The models to choose from; equal: that one is used. The richest is chosen if it predicts blocks
   left out of the fit better than the simplest does, and the two differ visibly. */
struct register_models {
    enum transform_model simplest, richest;
};

/* The telling blocks are the half of the reference's blocks with more information. */
struct registration {
    struct transform transform; /* reference -> frame, in the frames' own pixels */
    enum transform_model model; /* the one chosen */
    bool vouched;               /* share and ncc suffice at some level */
    bool solved;                /* false: there is no transform, the figures are what was seen */
    double error;               /* predicted RMS error, pixels, misfit of the model included */
    double scatter;             /* of the most precise blocks about the transform, pixels */
    double misfit;              /* the part of the scatter that their noise does not explain */
    double share;               /* of the telling blocks within the frame, those that agree, 0..1 */
    double ncc;                 /* the telling blocks' median normalised cross-correlation */
    double overlap;             /* share of the reference's blocks within the frame, 0..1 */
    unsigned blocks;            /* the reference's blocks */
    double covariance[TRANSFORM_MAX_PARAMETERS][TRANSFORM_MAX_PARAMETERS];
    /* of transform_to_parameters() of the transform's error, pixels squared */
};

enum register_verdict {
    REGISTER_GOOD,
    REGISTER_NO_BLOCKS, /* the reference is too small, or shows no detail */
    REGISTER_DISAGREES, /* share or ncc below what is needed */
    REGISTER_ELSEWHERE  /* overlap below what is needed */
};

/* The least figures of a good registration. */
#define REGISTER_LEAST_SHARE 0.5
#define REGISTER_LEAST_NCC 0.5
#define REGISTER_LEAST_OVERLAP 0.6

/* REFERENCE, which must outlive the registrar, is FRAME's pyramid; the caller closes it. */
struct registrar *register_open(const struct pyramid *reference, const struct frame *frame,
                                struct register_models models);

/* PYRAMID is FRAME's, which has the reference's geometry. A good GUESS of the transform saves the
   search; NULL: none. */
void register_frame(struct registrar *registrar, const struct pyramid *pyramid,
                    const struct frame *frame, const struct transform *guess,
                    struct registration *found);

enum register_verdict register_verdict(const struct registration *found);

void register_close(struct registrar *registrar);

#endif
