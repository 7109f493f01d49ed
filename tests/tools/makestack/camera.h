/* SPDX-License-Identifier: MIT */

#ifndef CAMERA_H
#define CAMERA_H

#include <stdint.h>

#include "frame.h"
#include "options.h"
#include "subject.h"
#include "view.h"

/* The share of light that vignetting and dust let through to each pixel, the same in every frame:
   width * height factors, which the caller frees with free(). */
float *camera_shading(const struct options *options);

/*
 * Exposes FRAME, whose raster is allocated, to subject S and those behind it: the light through
 * SHADING, gamma and gain of VIEW, and the sensor's noise, seeded by RANDOM. A frame's opacity, if
 * any, is an ellipse on the subject.
 */
void camera_expose(struct frame *frame, const struct options *options, const struct subject *s,
                   const struct view *view, const float *shading, uint64_t random);

#endif
