/* SPDX-License-Identifier: MIT */

#include <math.h>

#include "cholesky.h"

/* The first column of row I that is within the band and not before FIRST. It never falls from one
   row to the next. */
static unsigned from(const struct banded *m, unsigned i, unsigned first)
{
    unsigned begin = i + 1 > m->band ? i + 1 - m->band : 0;
    return begin > first ? begin : first;
}

bool cholesky_factor(struct banded *m, double least)
{
    for (unsigned i = 0; i < m->size; i++) {
        for (unsigned j = from(m, i, 0); j <= i; j++) {
            double diagonal = *banded_at(m, i, i), sum = *banded_at(m, i, j);
            for (unsigned k = from(m, i, 0); k < j; k++)
                sum -= *banded_at(m, i, k) * *banded_at(m, j, k);
            if (i != j)
                *banded_at(m, i, j) = sum / *banded_at(m, j, j);
            else if (sum > least * diagonal)
                *banded_at(m, i, i) = sqrt(sum);
            else
                return false;
        }
    }
    return true;
}

void cholesky_solve(const struct banded *l, double *x, unsigned first)
{
    for (unsigned i = first; i < l->size; i++) {
        for (unsigned k = from(l, i, first); k < i; k++)
            x[i] -= *banded_at(l, i, k) * x[k];
        x[i] /= *banded_at(l, i, i);
    }
    for (unsigned i = l->size; i-- > first;) {
        x[i] /= *banded_at(l, i, i);
        for (unsigned k = from(l, i, first); k < i; k++)
            x[k] -= *banded_at(l, i, k) * x[i];
    }
}
