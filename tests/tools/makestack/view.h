/* SPDX-License-Identifier: MIT */

#ifndef VIEW_H
#define VIEW_H

#include "matrix.h"
#include "options.h"

/* How the camera stands, is focused and exposed for one frame. */
struct view {
    struct matrix to_frame;   /* from the reference's pixels to the frame's, at depth 1/2 */
    struct matrix to_subject; /* its inverse; the reference's pixels are the subject's */
    double shift_u, shift_v;  /* parallax: see below */
    double zoom;
    double reach;      /* the greatest displacement through it, pixels */
    float focus;       /* 0..1 through the depth of the subject */
    float gain, gamma; /* against the reference */
};

/*
 * The view of frame INDEX. The reference's matrix is the identity, its gain and gamma are 1. Sets
 * the light and shift of frames that options->wrong makes dark, white or half out of the picture.
 */
struct view view_make(const struct options *options, unsigned index);

/*
 * The camera's own movement, sideways and along its axis, in equal steps through the stack. A point
 * at depth d that the reference shows at u, v is in the frame where to_frame takes
 * u + (d - 1/2) (shift_u + zoom u), v + (d - 1/2) (shift_v + zoom v): for each depth there is one
 * transform. It is this one, scaled to m33 = 1.
 */
struct matrix view_at_depth(const struct view *view, double depth);

/* The inverse of that movement alone, at DEPTH: U, V, where to_subject takes a pixel of the frame,
   to the reference's pixels. */
void view_undo_parallax(const struct view *view, double depth, double *u, double *v);

#endif
