/* SPDX-License-Identifier: MIT */

#ifndef TONECURVE_H
#define TONECURVE_H

#include <stdint.h>

#include "histogram.h"
#include "mean.h"

/*
 * The curve that brings the light of a frame to that of a reference, in one channel, from the means
 * and histograms of both. Values are whole steps 0..top; a curve maps them to steps 0..top, not
 * rounded:
 *
 *     linear  v m_r / m, m and m_r the means of frame and reference over an interval of values
 *     gamma   top (v / top)^(1/g), g such that the mean of the curve over the counted values of the
 *             interval is the reference's mean, within 1e-6 of top
 *     match   histogram specification over all values: the monotone curve for which the distance
 *             between the cumulative distributions of its result and of the reference is least
 *             (Kolmogorov-Smirnov); values that the frame does not have are interpolated
 */
enum tonecurve_kind { TONECURVE_LINEAR, TONECURVE_GAMMA, TONECURVE_MATCH };

enum tonecurve_result {
    TONECURVE_SOLVED,
    TONECURVE_NOTHING_COUNTED, /* no value of the frame or of the reference is in the interval */
    TONECURVE_NO_CORRECTION    /* one mean alone is 0, or no gamma in 1/64..64 reaches the other */
};

struct tonecurve_problem {
    enum tonecurve_kind kind;
    unsigned top, low, high;                   /* the interval, both ends in it; match: 0, top */
    struct mean frame_mean, reference_mean;    /* of the values in the interval */
    const struct histogram *frame, *reference; /* of that top; linear does not use them */
};

/*
 * Sets CURVE to the solution, top + 1 values that never fall, each 0..top, and *CORRECTION to the
 * factor, to g, or for match to the ratio of the means, which is infinite if only the frame's is 0.
 * If frame and reference are the same, or both means are 0, the correction is 1 and the curve
 * leaves every counted value exactly unchanged.
 */
enum tonecurve_result tonecurve_solve(const struct tonecurve_problem *problem, double *curve,
                                      double *correction);

/* Sets CURVE to the one that leaves all values of 0..TOP unchanged, and *CORRECTION to 1. */
void tonecurve_keep(unsigned top, double *curve, double *correction);

#endif
