/* SPDX-License-Identifier: MIT */

#ifndef PHASE_H
#define PHASE_H

#include "pyramid.h"
#include "transform.h"

/*
 * Phase correlation: finds where one image lies in another, to about a pixel, whatever their light.
 * The peaks of the inverse Fourier transform of the normalised cross-power spectrum
 *
 *     F* R / |F* R|
 *
 * of reference R and frame F. Each image is first replaced by its logarithm less a wide blur of
 * that, which removes light and vignetting, and multiplied by a Hann window.
 */
struct phase;

/* Prepares correlations with REFERENCE; the caller frees the result with phase_free(). */
struct phase *phase_open(const struct level *reference);

/*
 * The MOST highest peaks between the reference and FRAME seen through T: writes to FOUND the
 * transforms from the reference to the frame, the peak's shift followed by T. Shifts are at most
 * half the reference's width and height. Returns how many there are.
 */
unsigned phase_peaks(struct phase *phase, const struct level *frame, const struct transform *t,
                     unsigned most, struct transform *found);

void phase_free(struct phase *phase);

#endif
