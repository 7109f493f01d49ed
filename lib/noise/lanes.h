/* SPDX-License-Identifier: MIT */

#ifndef LANES_H
#define LANES_H

#include <stdint.h>

/*
 * Small sets of samples, up to LANES of them side by side: value i of the set in lane l is
 * values[i][l]. So one comparison of two rows serves all sets, and compilers vectorise it. The
 * number of lanes that a function is to fill is given as STEPS of LANES_STEP lanes.
 */
enum { LANES = 256, LANES_STEP = 16, LANES_VALUES_MAX = 24, LANES_RANK_MAX = 5 };

typedef uint16_t lanes_row[LANES];

/* Sorts each set of COUNT values, ascending: value i in lane l is FROM[i][l]. None of FROM overlaps
   SORTED, which has room for LANES_VALUES_MAX rows. */
void lanes_sort(const uint16_t *const *from, unsigned count, unsigned steps, lanes_row *sorted);

/*
 * Of the union of each set of A_COUNT values A and of B_COUNT values B, both sorted, the RANK-th
 * smallest and the RANK-th largest, counted from 1; RANK is at most LANES_RANK_MAX and at most
 * A_COUNT + B_COUNT.
 */
void lanes_span(lanes_row *a, unsigned a_count, lanes_row *b, unsigned b_count, unsigned rank,
                unsigned steps, lanes_row lowest, lanes_row highest);

#endif
