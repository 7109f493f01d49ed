/* SPDX-License-Identifier: MIT */

#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

/*
 * Counts of sample values: bin v counts the samples of value v, 0..65535.
 */
enum { HISTOGRAM_BINS = 65536 };

/* Adds the COUNT samples at SAMPLES, each STEP after the one before. */
void histogram_add(const uint16_t *samples, size_t count, size_t step,
                   uint64_t bins[HISTOGRAM_BINS]);

/* How many of the counted samples exceed LIMIT. */
uint64_t histogram_above(const uint64_t bins[HISTOGRAM_BINS], unsigned limit);

#endif
