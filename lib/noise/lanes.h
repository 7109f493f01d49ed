/* SPDX-License-Identifier: MIT */

#ifndef LANES_H
#define LANES_H

#include <stdint.h>

/*
 * Small sets of samples, LANES of them side by side: value i of the set in lane l is values[i][l].
 * So one comparison of two rows serves all sets, and compilers vectorise it.
 */
enum { LANES = 64, LANES_VALUES_MAX = 24 };

typedef uint16_t lanes_row[LANES];

/* Sorts each set of COUNT values, ascending; VALUES has room for LANES_VALUES_MAX rows. */
void lanes_sort(lanes_row *values, unsigned count);

/*
 * Of the union of each set of A_COUNT values A and of B_COUNT values B, both sorted, the RANK-th
 * smallest and the RANK-th largest, counted from 1; RANK is at most A_COUNT + B_COUNT.
 */
void lanes_span(lanes_row *a, unsigned a_count, lanes_row *b, unsigned b_count, unsigned rank,
                lanes_row lowest, lanes_row highest);

#endif
