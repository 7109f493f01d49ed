/* SPDX-License-Identifier: MIT */

#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>

#include "transform.h"

/*
 * Solves for the transforms of all frames of a stack together, from registrations of pairs of them:
 * robust weighted least squares, as in a network of geodetic measurements. A link that contradicts
 * the others loses its weight; the others bridge a missing one.
 */
struct node {
    bool fixed;                 /* its transform and covariance are given; else they are found */
    bool reached;               /* a chain of links leads to it from a fixed node */
    struct transform transform; /* from the reference's pixels to the frame's */
    double error;               /* its predicted RMS error, pixels */
    double covariance[TRANSFORM_MAX_PARAMETERS][TRANSFORM_MAX_PARAMETERS];
};

struct link {
    unsigned from, to;          /* nodes; TO - FROM is small, unless one of them is fixed */
    struct transform transform; /* from the pixels of FROM to those of TO */
    bool far;                   /* not between neighbours: full weight, but no start with it */
    double error, misfit;       /* as in struct registration */
    double covariance[TRANSFORM_MAX_PARAMETERS][TRANSFORM_MAX_PARAMETERS];

    /* What network_solve() finds of links between nodes that are reached. */
    double apart; /* RMS distance between the link and the solution, pixels */
    double trust; /* 0..1 */
};

/* Solves for the nodes that are not fixed, of frames of WIDTH x HEIGHT pixels. */
void network_solve(struct node *nodes, unsigned count, struct link *links, unsigned link_count,
                   unsigned width, unsigned height);

#endif
