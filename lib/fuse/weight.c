/* SPDX-License-Identifier: MIT */

#include "weight.h"
#include "simd.h"

#define POOLED_SHARE 0.3f           /* of the finer layers' energies */
#define NO_DETAIL 0.12f             /* an energy that every place has */
#define SEE_THROUGH 0.5f            /* under this opacity energy ... */
#define SEE_THROUGH_SHARE .05f      /* ... counts so much */
#define LEAST_OPACITY 0x1p-10f      /* that a weight is multiplied by */
#define FINER_LOW 4.0f              /* finer detail of less energy than this is none ... */
#define FINER_HIGH 64.0f            /* ... of more than this is as good as any */
#define ENERGY_SCALE (1.0f / 32.0f) /* keeps powers of energies in range, ... */
#define ENERGY_MOST 0x1p14f         /* ... with this, what detail of half the full scale has ... */
#define LEAST_WEIGHT 0x1p-124f      /* ... and this, so that no sum of weights is 0 */

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

SIMD_CLONES
static void weigh(const float *restrict energy, const float *restrict finer,
                  const float *restrict opacity, unsigned width, unsigned power,
                  float *restrict pooled, float *restrict weight)
{
    for (unsigned i = 0; i < width; i++) {
        float d = finer[i], a = opacity[i], a2 = a * a;
        pooled[i] = energy[i] + d;
        float q = energy[i] + POOLED_SHARE * d + NO_DETAIL;
        q *= a < SEE_THROUGH ? SEE_THROUGH_SHARE : 1.0f;
        float x = least(q, ENERGY_MOST) * ENERGY_SCALE, x2 = x * x, x4 = x2 * x2;
        float raised = power == 4 ? x4 : power == 6 ? x4 * x2 : power == 8 ? x4 * x4 : x4 * x4 * x4;
        float fine = (d + FINER_LOW) / (d + FINER_HIGH), fine2 = fine * fine;
        weight[i] = most(raised * (fine2 * fine2) * most(a2 * a2, LEAST_OPACITY), LEAST_WEIGHT);
    }
}

void weight_row(const struct evidence *evidence, unsigned width, unsigned power, float *pooled,
                float *weight)
{
    weigh(evidence->energy, evidence->finer, evidence->opacity, width, power, pooled, weight);
}
