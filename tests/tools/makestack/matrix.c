/* SPDX-License-Identifier: MIT */

#include "matrix.h"

struct matrix matrix_multiply(struct matrix a, struct matrix b)
{
    struct matrix c;
    for (int i = 0; i < 9; i++)
        c.m[i] = a.m[i / 3 * 3] * b.m[i % 3] + a.m[i / 3 * 3 + 1] * b.m[i % 3 + 3] +
                 a.m[i / 3 * 3 + 2] * b.m[i % 3 + 6];
    return c;
}

struct matrix matrix_inverse(struct matrix a)
{
    const double *m = a.m;
    struct matrix c = {
        {m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
         m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
         m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]}};
    double determinant = m[0] * c.m[0] + m[1] * c.m[3] + m[2] * c.m[6];
    for (int i = 0; i < 9; i++)
        c.m[i] /= determinant;
    return c;
}

struct matrix matrix_normalise(struct matrix a)
{
    for (int i = 0; i < 9; i++)
        a.m[i] /= a.m[8] != 0 && i < 8 ? a.m[8] : 1;
    a.m[8] = 1;
    return a;
}

void matrix_apply(const struct matrix *a, double x, double y, double *u, double *v)
{
    const double *m = a->m;
    double w = m[6] * x + m[7] * y + m[8];
    *u = (m[0] * x + m[1] * y + m[2]) / w;
    *v = (m[3] * x + m[4] * y + m[5]) / w;
}
