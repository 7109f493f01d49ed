/* SPDX-License-Identifier: MIT */

#ifndef NUMBERS_H
#define NUMBERS_H

#define PI 3.14159265358979323846

/* The K-th smallest (from 0) of the COUNT VALUES, which it reorders (Hoare's selection). K < COUNT,
   and no value is NaN. */
double median_kth(double *values, unsigned count, unsigned k);

/* The upper median of VALUES, which it reorders; 0 if COUNT is 0. */
double median_of(double *values, unsigned count);

/* I reflected at the ends of 0 .. SIZE - 1 without repeating the edge (... 2 1 0 1 2 ...), as often
   as it takes where SIZE, at least 1, is small. */
unsigned reflected_index(long i, unsigned size);

#endif
