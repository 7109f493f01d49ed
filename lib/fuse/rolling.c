/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "numbers.h"
#include "rolling.h"

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

float *rolling_next(const struct rolling *rolling)
{
    return slot(rolling, rolling->got);
}

const float *rolling_row(const struct rolling *rolling, long row)
{
    return slot(rolling, reflected_index(row, rolling->height));
}

void rolling_pad(float *row, unsigned count, unsigned reach)
{
    for (long i = 1; i <= (long)reach; i++) {
        row[-i] = row[reflected_index(-i, count)];
        row[(long)count - 1 + i] = row[reflected_index((long)count - 1 + i, count)];
    }
}
