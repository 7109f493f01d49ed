/* SPDX-License-Identifier: MIT */

#include "alternation.h"
#include "simd.h"

/* Few samples may alternate by chance, and so may small images made for a test. */
enum { ENOUGH = 1000 };

SIMD_CLONES
static void count_sides(const uint16_t *restrict samples, unsigned width, uint32_t *restrict above,
                        uint32_t *restrict below)
{
    uint32_t higher = 0, lower = 0;
    for (unsigned x = 2; x + 1 < width; x += 2) {
        int32_t beside = samples[x - 1] + samples[x + 1], twice = 2 * samples[x];
        higher += twice > beside;
        lower += twice < beside;
    }
    *above = higher;
    *below = lower;
}

void alternation_add(struct alternation *alternation, unsigned row, const uint16_t *samples,
                     unsigned width)
{
    uint32_t above, below;
    count_sides(samples, width, &above, &below);
    alternation->above[row % 2] += above;
    alternation->below[row % 2] += below;
    alternation->all[row % 2] += width > 2 ? (width - 2) / 2 : 0;
}

bool alternation_found(const struct alternation *alternation)
{
    for (unsigned i = 0; i < 2; i++) {
        uint64_t above = alternation->above[i], below = alternation->below[i];
        uint64_t more = above > below ? above : below;
        if (alternation->all[i] < ENOUGH || more < alternation->all[i] - alternation->all[i] / 4)
            return false;
    }
    return true;
}
