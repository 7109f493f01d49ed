/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "numbers.h"
#include "rolling.h"
#include "simd.h"

void rolling_alloc(struct rolling *rolling, unsigned height, size_t samples, unsigned kept)
{
    *rolling = (struct rolling){.height = height, .samples = samples, .kept = kept};
    rolling->rows = alloc_zeroed(alloc_product(kept, samples), sizeof *rolling->rows);
}

void rolling_free(struct rolling *rolling)
{
    free(rolling->rows);
    *rolling = (struct rolling){0};
}

static float *slot(const struct rolling *rolling, unsigned row)
{
    return rolling->rows + row % rolling->kept * rolling->samples;
}

void rolling_begin(struct rolling *rolling, long row)
{
    rolling->got = row > ROLLING_REACH ? (unsigned)(row - ROLLING_REACH) : 0;
}

float *rolling_next(const struct rolling *rolling)
{
    return slot(rolling, rolling->got);
}

const float *rolling_row(const struct rolling *rolling, long row)
{
    return slot(rolling, reflected_index(row, rolling->height));
}

SIMD_CLONES
static void sum_down(const float *a, const float *b, const float *c, const float *d, const float *e,
                     unsigned count, float *restrict sum)
{
    for (unsigned i = 0; i < count; i++)
        sum[i] = ((a[i] + e[i]) + 4.0f * (b[i] + d[i]) + 6.0f * c[i]) * (1.0f / 256.0f);
}

void rolling_sum_down(const struct rolling *rolling, long row, size_t from, unsigned count,
                      float *sum)
{
    const float *tap[2 * ROLLING_REACH + 1];
    for (int k = -ROLLING_REACH; k <= ROLLING_REACH; k++)
        tap[k + ROLLING_REACH] = rolling_row(rolling, row + k) + from;
    sum_down(tap[0], tap[1], tap[2], tap[3], tap[4], count, sum);
    for (long i = 1, last = (long)count - 1; i <= ROLLING_REACH; i++) {
        sum[-i] = sum[reflected_index(-i, count)];
        sum[last + i] = sum[reflected_index(last + i, count)];
    }
}
