/* SPDX-License-Identifier: MIT */

#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "photo.h"

#define SUBJECT_IN_FOCUS 0.55f /* sigma of the sharpest image, pixels */
#define SUBJECT_OCTAVES 8
#define SUBJECT_BLUR_STEPS 1024
#define SUBJECT_LAYERS 4

/*
 * What the camera sees: a function of the plane, in the reference frame's pixel coordinates u, v.
 * This module has its octaves of noise, its depth and its blur; its features (points, blobs, hairs,
 * plates) are in feature.h, a photograph in place of both is in photo.h.
 */

/* Smooth noise of one size of detail. */
struct octave {
    float xx, xy, x0, y0;           /* lattice coordinates: a turned and scaled grid */
    float weight[3];                /* of each colour */
    float seen[SUBJECT_BLUR_STEPS]; /* its attenuation at blur i * sigma_step */
};

struct subject {
    uint64_t seed;
    const float *lattice; /* of subject_lattice(); not owned */
    struct octave octave[SUBJECT_OCTAVES];
    struct octave relief;         /* the depth map, or its bumps */
    float tilt[3];                /* of the depth map: depth at (0, 0), rise by column and by row */
    float bump;                   /* height of the bumps */
    const struct subject *behind; /* seen where this one has holes, or NULL: it has none */
    float texture, points;        /* contrast of detail and of points */
    float cell;                   /* side of the squares that hold a set of features each, pixels */
    bool repeats;                 /* every square holds the same */
    float defocus;   /* sigma of the blur at the greatest distance from focus, pixels */
    float sigma_max; /* of the greatest possible blur */
    float sigma_step;
    const struct photo *photo; /* in place of octaves and features, or NULL; not owned */
};

/* The table of random values, -1..1, from which all subjects get their noise; the caller frees it
   with free(). */
float *subject_lattice(uint64_t seed);

/*
 * The subject of SEED, LAYERS[0], and, with -relief=layers, those behind it, each flat, of its own
 * detail and at its own depth: 0, 1/3, 2/3, 1. LATTICE and PHOTO (or NULL) must outlive them.
 */
void subject_make(struct subject layers[SUBJECT_LAYERS], const struct options *options,
                  uint64_t seed, const float *lattice, const struct photo *photo);

/* The subject's depth, 0 (nearest) to 1, at U, V. */
float subject_depth(const struct subject *s, float u, float v);

/* The blur's sigma, in pixels, at DEPTH in a frame focused at FOCUS, both 0..1. */
float subject_blur(const struct subject *s, float depth, float focus);

/* How much of the background, 0..1, the subject hides at U, V through a blur of SIGMA. */
float subject_cover(const struct subject *s, float u, float v, float sigma);

/* Adds to RGB the sum of all octaves at U, V through a blur of SIGMA: a contrast about 0. */
void subject_add_octaves(const struct subject *s, float u, float v, float sigma, float rgb[3]);

#endif
