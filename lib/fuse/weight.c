/* SPDX-License-Identifier: MIT */

#include <stddef.h>

#include "simd.h"
#include "weight.h"

#define POOLED_SHARE 0.5f              /* of the finer layers' energies */
#define NO_DETAIL 0.03f                /* an energy that every place has */
#define SEE_THROUGH 0.5f               /* under this opacity energy ... */
#define SEE_THROUGH_SHARE .05f         /* ... counts so much */
#define LEAST_OPACITY (1.0f / 1024.0f) /* that a weight is multiplied by */
#define ENERGY_SCALE (1.0f / 16.0f)    /* keeps powers of energies in range */

SIMD_CLONES
static void pool_row(const float *restrict energy, const float *restrict finer, unsigned width,
                     float *restrict pooled, float *restrict q)
{
    for (unsigned i = 0; i < width; i++) {
        pooled[i] = energy[i] + finer[i];
        q[i] = energy[i] + POOLED_SHARE * finer[i] + NO_DETAIL;
    }
}

SIMD_CLONES
static void pool_finest(const float *restrict energy, unsigned width, float *restrict pooled,
                        float *restrict q)
{
    for (unsigned i = 0; i < width; i++) {
        pooled[i] = energy[i];
        q[i] = energy[i] + NO_DETAIL;
    }
}

SIMD_CLONES
static void raise_row(float *q, unsigned width, unsigned power)
{
    for (unsigned i = 0; i < width; i++) {
        float x = q[i] * ENERGY_SCALE, x2 = x * x, x4 = x2 * x2;
        q[i] = power == 4 ? x4 : power == 6 ? x4 * x2 : x4 * x4;
    }
}

SIMD_CLONES
static void lower_where_transparent(float *restrict q, const float *restrict opacity,
                                    unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        q[i] *= opacity[i] < SEE_THROUGH ? SEE_THROUGH_SHARE : 1.0f;
}

SIMD_CLONES
static void weigh_by_opacity(float *restrict weight, const float *restrict opacity, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        float a2 = opacity[i] * opacity[i], a4 = a2 * a2;
        weight[i] *= a4 > LEAST_OPACITY ? a4 : LEAST_OPACITY;
    }
}

SIMD_CLONES
static void multiply_by(float *restrict weight, const float *restrict factor, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        weight[i] *= factor[i];
}

void weight_row(const struct evidence *evidence, unsigned width, unsigned power, float *pooled,
                float *weight)
{
    if (evidence->finer)
        pool_row(evidence->energy, evidence->finer, width, pooled, weight);
    else
        pool_finest(evidence->energy, width, pooled, weight);
    if (evidence->opacity)
        lower_where_transparent(weight, evidence->opacity, width);
    raise_row(weight, width, power);
    if (evidence->opacity)
        weigh_by_opacity(weight, evidence->opacity, width);
    if (evidence->trust)
        multiply_by(weight, evidence->trust, width);
}
