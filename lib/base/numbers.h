/* SPDX-License-Identifier: MIT */

#ifndef NUMBERS_H
#define NUMBERS_H

#define PI 3.14159265358979323846

/* The K-th smallest, from 0, of the COUNT VALUES, which are reordered (Hoare's selection); K is
   under COUNT, and no value is NaN. */
double median_kth(double *values, unsigned count, unsigned k);

/* The upper median of VALUES, likewise; 0 of none. */
double median_of(double *values, unsigned count);

#endif
