/* SPDX-License-Identifier: MIT */

#ifndef SCENE_H
#define SCENE_H

#include "options.h"

#define SCENE_SHEETS 5
#define SCENE_BLURS 40

/*
 * A subject for fusion: a textured ground whose depth varies smoothly, and before it flat sheets
 * that hold hairs or plates. Planes of float one after the other, in linear light, 0..1. Depths are
 * 0 (nearest) to 1; what lies at depth d is blurred, in a frame focused at f, by a disc whose
 * radius is BLUR times |d - f| pixels: the ground at each pixel by its own depth, a sheet with its
 * opacity, which so lets through what is behind it where it is blurred.
 */
struct sheet {
    float depth;
    float *planes; /* colours times opacity, opacity */
};

struct scene {
    int width, height;
    float blur;                 /* pixels */
    float *depth;               /* of the ground */
    float *ground[SCENE_BLURS]; /* its colours, blurred by discs of scene_radius() */
    int blurs;
    unsigned sheets;
    struct sheet sheet[SCENE_SHEETS]; /* from the farthest to the nearest */
};

/* The scene that OPTIONS ask for; the caller frees it. */
void scene_make(struct scene *scene, const struct options *options, const float *lattice);
void scene_free(struct scene *scene);

/* What a frame focused at FOCUS shows, to RGB, 3 planes; and with everything in focus. */
void scene_view(const struct scene *scene, float focus, float *rgb);
void scene_truth(const struct scene *scene, float *rgb);

/* The depth of what is seen at each pixel with everything in focus, to DEPTH, a plane. */
void scene_depth(const struct scene *scene, float *depth);

/* Sets NEAR, a plane of bytes, to 255 where the edge of a sheet is within REACH pixels by columns
   and by rows, else to 0; without sheets to 255 everywhere. */
void scene_edges(const struct scene *scene, int reach, unsigned char *near);

#endif
