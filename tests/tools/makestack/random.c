/* SPDX-License-Identifier: MIT */

#include <math.h>

#include "numbers.h"
#include "random.h"

uint64_t random_hash(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static uint64_t random_next(uint64_t *state)
{
    return *state = random_hash(*state, 1);
}

float random_in(uint64_t *state, float min, float max)
{
    return min + (max - min) * (float)(random_next(state) >> 40) / 16777216.0f;
}

unsigned random_below(uint64_t *state, unsigned n)
{
    return (unsigned)((random_next(state) >> 32) % n);
}

float random_signed(uint64_t *state, float min, float max)
{
    float size = random_in(state, min, max);
    return random_next(state) & 1 << 20 ? size : -size;
}

float random_normal(uint64_t *state)
{
    uint64_t bits = random_next(state);
    uint32_t sum =
        (uint32_t)((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48));
    return ((float)sum - 131070.0f) * (1.7320508f / 65536.0f);
}

/* 0 < number <= 1. */
static double random_share(uint64_t *state)
{
    return ((double)(random_next(state) >> 12) + 1) / 4503599627370496.0;
}

double random_gaussian(uint64_t *state)
{
    double radius = sqrt(-2 * log(random_share(state)));
    return radius * cos(2 * PI * random_share(state));
}
