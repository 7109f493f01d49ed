/* SPDX-License-Identifier: MIT */

#ifndef WARP_H
#define WARP_H

#include "frame.h"
#include "transform.h"

/* What fills the output outside the frame. */
enum warp_border {
    WARP_BLUR,       /* the frame's edge repeated, blurred together with the frame */
    WARP_REPLICATE,  /* the frame's edge repeated */
    WARP_CONSTANT,   /* a value */
    WARP_TRANSPARENT /* opacity 0, over the edge repeated */
};

struct warp_options {
    enum warp_border border;
    uint16_t value[4]; /* of WARP_CONSTANT, a sample a plane */
    double sigma;      /* of WARP_BLUR, pixels, > 0 */
};

/* The depth of a warped frame: WARP_TRANSPARENT adds an opacity plane if SOURCE has none. */
unsigned warp_depth(const struct frame *source, const struct warp_options *options);

/* Makes OUT the header of a frame of WIDTH x HEIGHT pixels warped from SOURCE; no raster, no name.
 */
void warp_header(const struct frame *source, const struct warp_options *options, unsigned width,
                 unsigned height, struct frame *out);

/*
 * Resamples SOURCE into OUT; T takes the output's pixel coordinates to SOURCE's. OUT is as
 * warp_header() makes it, with its raster allocated; its upper left pixel has the coordinates LEFT,
 * TOP. The kernel is Keys' cubic with a = -1/2, over edges repeated, rounded half up; colors are
 * weighted by opacity. Where T falls on whole pixels the samples are unchanged.
 */
void warp_frame(const struct frame *source, const struct transform *t,
                const struct warp_options *options, unsigned left, unsigned top, struct frame *out);

#endif
