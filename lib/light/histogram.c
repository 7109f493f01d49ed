/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "histogram.h"

enum { WAYS = 4, MANY_VALUES = 4096 };

void histogram_init(struct histogram *histogram, unsigned top)
{
    histogram->top = top;
    histogram->ways = top < MANY_VALUES ? WAYS : 1;
    histogram->bins = alloc_zeroed(((size_t)top + 1) * histogram->ways, sizeof *histogram->bins);
}

void histogram_free(struct histogram *histogram)
{
    free(histogram->bins);
    *histogram = (struct histogram){0};
}

void histogram_clear(struct histogram *histogram)
{
    memset(histogram->bins, 0,
           ((size_t)histogram->top + 1) * histogram->ways * sizeof *histogram->bins);
}

void histogram_add(struct histogram *histogram, const uint16_t *values, size_t count, size_t step)
{
    uint32_t *bins = histogram->bins;
    size_t i = 0;
    if (histogram->ways == WAYS)
        for (; i + WAYS <= count; i += WAYS)
            for (size_t way = 0; way < WAYS; way++)
                bins[WAYS * values[(i + way) * step] + way]++;
    for (; i < count; i++)
        bins[histogram->ways * values[i * step]]++;
}

void histogram_add_wide(struct histogram *histogram, const uint32_t *values, size_t count)
{
    uint32_t *bins = histogram->bins;
    size_t i = 0;
    if (histogram->ways == WAYS)
        for (; i + WAYS <= count; i += WAYS)
            for (size_t way = 0; way < WAYS; way++)
                bins[WAYS * (size_t)values[i + way] + way]++;
    for (; i < count; i++)
        bins[histogram->ways * (size_t)values[i]]++;
}

uint64_t histogram_count(const struct histogram *histogram, unsigned value)
{
    uint64_t count = 0;
    for (unsigned way = 0; way < histogram->ways; way++)
        count += histogram->bins[(size_t)histogram->ways * value + way];
    return count;
}

uint64_t histogram_above(const struct histogram *histogram, unsigned value)
{
    uint64_t above = 0;
    for (unsigned v = value + 1; v <= histogram->top; v++)
        above += histogram_count(histogram, v);
    return above;
}

struct mean histogram_mean(const struct histogram *histogram, unsigned low, unsigned high)
{
    struct mean mean = {0};
    for (unsigned v = low; v <= high; v++) {
        uint64_t count = histogram_count(histogram, v);
        mean.count += count;
        mean.sum += count * v;
    }
    return mean;
}
