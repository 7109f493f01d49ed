/* SPDX-License-Identifier: MIT */

#ifndef MEAN_H
#define MEAN_H

#include <stddef.h>
#include <stdint.h>

/*
 * The exact mean of whole values within an interval: their count and their sum.
 */
struct mean {
    uint64_t count, sum;
};

/*
 * Adds to MEANS, one a plane, the samples in LOW..HIGH of COUNT pixels of 1 to 4 PLANES.
 */
void mean_add(struct mean means[], unsigned planes, const uint16_t *samples, size_t count,
              unsigned low, unsigned high);

/* Adds to MEAN those of the COUNT values that lie in LOW..HIGH; each value is below 2^17. */
void mean_add_wide(struct mean *mean, const uint32_t *values, size_t count, unsigned low,
                   unsigned high);

/* The mean; 0 where nothing was counted. */
double mean_value(const struct mean *mean);

#endif
