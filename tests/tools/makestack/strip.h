/* SPDX-License-Identifier: MIT */

#ifndef STRIP_H
#define STRIP_H

#include "subject.h"
#include "view.h"

/* Some rows of a frame: each pixel's place on the subject, its blur, its colour. */
struct strip {
    unsigned width, top, rows; /* pixels; the first row is row top of the frame */
    float (*place)[3];         /* u, v, sigma; width * rows elements */
    float (*rgb)[3];           /* as many */
};

/*
 * Fills place and rgb of STRIP, which the caller has allocated, with what the lens throws on the
 * sensor: 0..1, darkest about 0.02, brightest about 0.8.
 */
void strip_render(struct strip *strip, const struct subject *s, const struct view *view);

#endif
