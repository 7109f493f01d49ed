/* SPDX-License-Identifier: MIT */

#ifndef CUBIC_H
#define CUBIC_H

/* Keys' cubic convolution with a = -1/2 (R. G. Keys, Cubic convolution interpolation for digital
   image processing, 1981): the weights of the samples at -1, 0, 1 and 2 for a point at F in 0..1.
 */
static inline void cubic_weights(float f, float weights[4])
{
    float g = 1 - f;
    weights[0] = -0.5f * f * g * g;
    weights[1] = 1 - f * f * (2.5f - 1.5f * f);
    weights[2] = 1 - g * g * (2.5f - 1.5f * g);
    weights[3] = -0.5f * g * f * f;
}

#endif
