/* SPDX-License-Identifier: MIT */

#ifndef MATRIX_H
#define MATRIX_H

/*
 * Plane projective transforms of pixel coordinates: row-major 3x3 matrices. Pixel centres lie at
 * whole numbers, the first one at (0, 0), y runs down. They are independent of the library's
 * transforms, which makestack's stacks test, and refuse no case.
 */
struct matrix {
    double m[9];
};

/* First B, then A. */
struct matrix matrix_multiply(struct matrix a, struct matrix b);

/* The inverse of A, which is not singular. */
struct matrix matrix_inverse(struct matrix a);

/* A scaled to m33 = 1, which is the same transform; A with m33 = 0 but for that element. */
struct matrix matrix_normalise(struct matrix a);

/* Where A takes the point X, Y. */
void matrix_apply(const struct matrix *a, double x, double y, double *u, double *v);

#endif
