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
    float (*sheet)[3];         /* as many: colours of one subject of a scene */
    float *through;            /* as many: the light that nearer subjects let through */
};

/* Allocates the elements of a strip of WIDTH pixels and up to ROWS rows. */
struct strip strip_alloc(unsigned width, unsigned rows);
void strip_free(struct strip *strip);

/*
 * Fills rgb of STRIP, whose top and rows are set, with the image of subject S and those behind it
 * on the sensor: 0..1, darkest about 0.02, brightest about 0.8. Place is on the last one.
 */
void strip_render(struct strip *strip, const struct subject *s, const struct view *view);

#endif
