/* SPDX-License-Identifier: MIT */

#include <stddef.h>

#include "histogram.h"

void histogram_add(const uint16_t *samples, size_t count, size_t step,
                   uint64_t bins[HISTOGRAM_BINS])
{
    for (size_t i = 0; i < count; i++)
        bins[samples[i * step]]++;
}

uint64_t histogram_above(const uint64_t bins[HISTOGRAM_BINS], unsigned limit)
{
    uint64_t above = 0;
    for (unsigned value = limit + 1; value < HISTOGRAM_BINS; value++)
        above += bins[value];
    return above;
}
