/* SPDX-License-Identifier: MIT */

#ifndef FEATURE_H
#define FEATURE_H

#include <stdint.h>

#include "subject.h"

#define FEATURE_KINDS 11 /* a cell of the subject holds one of each */

/* A point or blob, a hair, a plate: each is a form whose Gaussian blur is known exactly. */
enum form { BLOB, HAIR, PLATE };

struct feature {
    enum form form;
    float u, v, cosine, sine; /* place and direction */
    float a, b;               /* blob: sigma; hair: half length, sigma; plate: half sides */
    float rgb[3];             /* contrast of the middle, seen sharp */
};

/* The feature of KIND, 0..FEATURE_KINDS - 1, at a random place in the cell whose corner is (0, 0).
 */
struct feature feature_make(const struct subject *s, unsigned kind, uint64_t *random);

/* How much of feature F, 0..1, shows at X, Y from its middle through a blur of SIGMA. */
float feature_seen(const struct feature *f, float x, float y, float sigma);

/* The distance from its middle beyond which nothing of F is seen. */
float feature_reach(const struct feature *f, float sigma);

/* The blurred edge of a half plane, 0..1, at DISTANCE inside it. */
float feature_edge(float distance, float sigma);

#endif
