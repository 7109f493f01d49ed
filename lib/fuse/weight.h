/* SPDX-License-Identifier: MIT */

#ifndef WEIGHT_H
#define WEIGHT_H

/*
 * How much a frame counts at each pixel of a row of a layer, by the formulas at the head of fuse.c.
 */
struct evidence {
    const float *energy;  /* E */
    const float *finer;   /* d */
    const float *opacity; /* a */
};

/* Of a row of WIDTH pixels: w to WEIGHT, with the exponent POWER, 4, 6, 8 or 12; and pool to
   POOLED. */
void weight_row(const struct evidence *evidence, unsigned width, unsigned power, float *pooled,
                float *weight);

#endif
