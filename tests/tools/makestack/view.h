/* SPDX-License-Identifier: MIT */

#ifndef VIEW_H
#define VIEW_H

#include "matrix.h"
#include "options.h"

/* How the camera stands, is focused and exposed for one frame. */
struct view {
    struct matrix to_frame;   /* the truth: from the reference's pixels to the frame's */
    struct matrix to_subject; /* its inverse; the reference's pixels are the subject's */
    float focus;              /* 0..1 through the depth of the subject */
    float gain, gamma;        /* against the reference */
};

/*
 * The view of frame INDEX. The reference's matrix is the identity, its gain and gamma are 1. A
 * frame that options->wrong makes dark, white or half out of the picture gets that here.
 */
struct view view_make(const struct options *options, unsigned index);

#endif
