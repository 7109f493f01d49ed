/* SPDX-License-Identifier: MIT */

#include "mean.h"
#include "simd.h"

/*
 * Interleaved planes are summed in lanes: every number of planes, 1 to 4, divides LANES, so that
 * each lane sums one plane. Lanes are emptied after ROUNDS_MAX rounds, before values below 2^17
 * could overflow 32 bits.
 */
enum { LANES = 48, ROUNDS_MAX = 32768 };

struct lanes {
    uint32_t count[LANES], sum[LANES];
};

SIMD_CLONES
static void sum_samples(const uint16_t *restrict samples, size_t rounds, uint16_t low,
                        uint16_t high, struct lanes *restrict lanes)
{
    for (; rounds > 0; rounds--, samples += LANES)
        for (unsigned i = 0; i < LANES; i++) {
            uint16_t v = samples[i];
            uint32_t inside = v >= low && v <= high;
            lanes->count[i] += inside;
            lanes->sum[i] += inside ? v : 0;
        }
}

SIMD_CLONES
static void sum_values(const uint32_t *restrict values, size_t rounds, uint32_t low, uint32_t high,
                       struct lanes *restrict lanes)
{
    for (; rounds > 0; rounds--, values += LANES)
        for (unsigned i = 0; i < LANES; i++) {
            uint32_t v = values[i];
            uint32_t inside = v >= low && v <= high;
            lanes->count[i] += inside;
            lanes->sum[i] += inside ? v : 0;
        }
}

static void add_lanes(struct mean means[], unsigned planes, const struct lanes *lanes)
{
    for (unsigned i = 0; i < LANES; i++) {
        means[i % planes].count += lanes->count[i];
        means[i % planes].sum += lanes->sum[i];
    }
}

static void add_value(struct mean *mean, uint32_t v, unsigned low, unsigned high)
{
    if (v >= low && v <= high) {
        mean->count++;
        mean->sum += v;
    }
}

/* How many rounds to sum next, with COUNT values left. */
static size_t next_rounds(size_t count)
{
    return count / LANES < ROUNDS_MAX ? count / LANES : ROUNDS_MAX;
}

void mean_add(struct mean means[], unsigned planes, const uint16_t *samples, size_t count,
              unsigned low, unsigned high)
{
    size_t left = count * planes;
    for (size_t rounds; (rounds = next_rounds(left)) > 0; left -= rounds * LANES) {
        struct lanes lanes = {{0}, {0}};
        sum_samples(samples, rounds, (uint16_t)low, (uint16_t)high, &lanes);
        add_lanes(means, planes, &lanes);
        samples += rounds * LANES;
    }
    for (size_t i = 0; i < left; i++)
        add_value(&means[i % planes], samples[i], low, high);
}

void mean_add_wide(struct mean *mean, const uint32_t *values, size_t count, unsigned low,
                   unsigned high)
{
    size_t left = count;
    for (size_t rounds; (rounds = next_rounds(left)) > 0; left -= rounds * LANES) {
        struct lanes lanes = {{0}, {0}};
        sum_values(values, rounds, low, high, &lanes);
        add_lanes(mean, 1, &lanes);
        values += rounds * LANES;
    }
    for (size_t i = 0; i < left; i++)
        add_value(mean, values[i], low, high);
}

double mean_value(const struct mean *mean)
{
    return mean->count ? (double)mean->sum / (double)mean->count : 0;
}
