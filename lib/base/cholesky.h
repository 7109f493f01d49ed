/* SPDX-License-Identifier: MIT */

#ifndef CHOLESKY_H
#define CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Cholesky's factorisation A = L L' of symmetric positive definite matrices within a band. Only the
 * lower triangle is kept: the elements (i, j) with i - BAND < j <= i, row by row; a full matrix has
 * a band of its size.
 */
struct banded {
    unsigned size, band;
    double *element; /* size * band elements, owned by the caller */
};

/* The element (I, J) within the band. */
static inline double *banded_at(const struct banded *m, unsigned i, unsigned j)
{
    return &m->element[(size_t)i * m->band + (m->band - 1 - (i - j))];
}

/* Replaces M by its factor L. False if M is not positive definite: if elimination leaves a diagonal
   element with no more than LEAST times its value. */
bool cholesky_factor(struct banded *m, double least);

/* Solves L L' x = X in place, for the elements of X from FIRST on; those before it must be 0, and
   stay so. */
void cholesky_solve(const struct banded *l, double *x, unsigned first);

#endif
