/* SPDX-License-Identifier: MIT */

#ifndef DEPTH_MAP_H
#define DEPTH_MAP_H

#include <stdbool.h>

#include "depth.h"
#include "frame.h"
#include "image.h"

/*
 * From the peaks of depth.h to one depth a pixel, and how sure that is.
 *
 * Which of a pixel's peaks is taken is voted on by its neighbours: each counts as it is sure, near
 * and of like colour in GUIDE, the fused picture of the level, so that what lies beside an outline
 * is not taken for the outline (a sparse joint bilateral filter; of stereo known as cost-volume
 * filtering, Rhemann et al., CVPR 2011).
 */
struct depth_map_options {
    unsigned colors; /* planes of the guide that count, the first */
    unsigned factor; /* a pixel of the level in pixels of the map */
    unsigned count;  /* frames */
    unsigned smooth; /* how far, in pixels of the map, what is unsure is filled from what is sure;
                        0: not at all */
    bool opacity;    /* the map gets how sure it is as an opacity plane */
};

/*
 * The depth as a gray image of WIDTH x HEIGHT whose pixel (FACTOR x, FACTOR y) is the level's (x,
 * y): each pixel takes the nearest. MAP's width and height are set by the caller; the rest, and the
 * raster, here: maxval 65535, samples as depth_sample() has them. Opacity is 0 where no frame
 * stands out, 65535 where one does by far (its energy e^3.4 times the frames' geometric mean) and
 * all around agree.
 */
void depth_map(const struct depth *depth, const struct image *guide,
               const struct depth_map_options *options, struct frame *map);

/* POSITION, in numbers of frames, times 65535 / (COUNT - 1), rounded half up; 0 for the only frame.
 */
unsigned depth_sample(double position, unsigned count);

#endif
