/* SPDX-License-Identifier: MIT */

#ifndef PHASE_H
#define PHASE_H

#include "pyramid.h"
#include "transform.h"

/*
 * Phase correlation: where one image lies in another, to about a pixel, whatever their light. The
 * peaks of the inverse Fourier transform of the normalised cross-power spectrum
 *
 *     F* R / |F* R|
 *
 * of reference R and frame F. Both images are first made the logarithm of themselves less a wide
 * blur of it, so that neither light nor vignetting is seen, under a Hann window.
 */
struct phase;

/* Correlations against REFERENCE; the caller ends them with phase_free(). */
struct phase *phase_open(const struct level *reference);

/*
 * The MOST best peaks of REFERENCE and FRAME seen through T: writes to FOUND the transforms from
 * the reference to the frame, T after the peak's shift, of which as much is visible as half of the
 * reference's width and height. Returns how many there are.
 */
unsigned phase_peaks(struct phase *phase, const struct level *frame, const struct transform *t,
                     unsigned most, struct transform *found);

void phase_free(struct phase *phase);

#endif
