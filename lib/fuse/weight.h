/* SPDX-License-Identifier: MIT */

#ifndef WEIGHT_H
#define WEIGHT_H

/*
 * How much a frame counts at each pixel of a row of a layer, by the formulas at the head of fuse.c.
 */
struct evidence {
    const float *energy;  /* E */
    const float *finer;   /* d, or NULL: 0 */
    const float *opacity; /* a, or NULL: 1 */
    const float *trust;   /* t, or NULL: 1 */
};

/* Of a row of WIDTH pixels: w to WEIGHT, with the exponent POWER, 4, 6 or 8; and pool to POOLED. */
void weight_row(const struct evidence *evidence, unsigned width, unsigned power, float *pooled,
                float *weight);

#endif
