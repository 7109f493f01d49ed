/* SPDX-License-Identifier: MIT */

#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "mean.h"

/*
 * Counts of whole values 0..top, of at most 2^32 - 1 values in all.
 */
struct histogram {
    unsigned top;
    unsigned ways;  /* counters a value, so that a run of equal values does not wait for one */
    uint32_t *bins; /* WAYS counters a value, whose sum is its count; owned */
};

void histogram_init(struct histogram *histogram, unsigned top);
void histogram_free(struct histogram *histogram);
void histogram_clear(struct histogram *histogram);

/* Counts COUNT values, STEP elements apart; histogram_add_wide() counts adjacent 32-bit ones. */
void histogram_add(struct histogram *histogram, const uint16_t *values, size_t count, size_t step);
void histogram_add_wide(struct histogram *histogram, const uint32_t *values, size_t count);

/* How many of the counted values are VALUE, and how many exceed it. */
uint64_t histogram_count(const struct histogram *histogram, unsigned value);
uint64_t histogram_above(const struct histogram *histogram, unsigned value);

/* The mean of the counted values in LOW..HIGH. */
struct mean histogram_mean(const struct histogram *histogram, unsigned low, unsigned high);

#endif
