/* SPDX-License-Identifier: MIT */

/*
 * A point (x, y) is the line (x, y, 1) of the projective plane; a matrix acts on it and the third
 * coordinate is divided out. Composition is the matrix product, the inverse is the adjugate (its
 * scale does not matter).
 *
 * Near the identity, with a = m[2][0] and b = m[2][1] small,
 *
 *     x' = (x + e) / (1 + a x + b y)  ~  x + e - x (a x + b y)
 *
 * which gives the two quadratic columns of the homography's Jacobian.
 */

#include <math.h>

#include "transform.h"

enum { GRID = 9 };

#define SINGULAR 1e-12 /* determinant */

unsigned transform_parameters(enum transform_model model)
{
    static const unsigned parameters[] = {2, 4, 6, 8};
    return parameters[model];
}

struct transform transform_identity(void)
{
    return transform_shift(0, 0);
}

struct transform transform_shift(double dx, double dy)
{
    return (struct transform){{{1, 0, dx}, {0, 1, dy}, {0, 0, 1}}};
}

struct transform transform_similarity(double angle, double scale, double x, double y, double dx,
                                      double dy)
{
    double c = scale * cos(angle);
    double s = scale * sin(angle);
    return (struct transform){
        {{c, -s, x - c * x + s * y + dx}, {s, c, y - s * x - c * y + dy}, {0, 0, 1}}};
}

bool transform_point(const struct transform *t, double x, double y, double *u, double *v)
{
    double w = t->m[2][0] * x + t->m[2][1] * y + t->m[2][2];
    *u = (t->m[0][0] * x + t->m[0][1] * y + t->m[0][2]) / w;
    *v = (t->m[1][0] * x + t->m[1][1] * y + t->m[1][2]) / w;
    return w > 0 && isfinite(*u) && isfinite(*v);
}

static struct transform normalized(struct transform t)
{
    double scale = t.m[2][2];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            t.m[i][j] /= scale;
    return t;
}

struct transform transform_compose(const struct transform *a, const struct transform *b)
{
    struct transform product;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            product.m[i][j] =
                a->m[i][0] * b->m[0][j] + a->m[i][1] * b->m[1][j] + a->m[i][2] * b->m[2][j];
    return normalized(product);
}

static double cofactor(const struct transform *t, int row, int column)
{
    int i = (row + 1) % 3, k = (row + 2) % 3;
    int j = (column + 1) % 3, l = (column + 2) % 3;
    return t->m[i][j] * t->m[k][l] - t->m[i][l] * t->m[k][j];
}

static double determinant(const struct transform *t)
{
    double sum = 0;
    for (int j = 0; j < 3; j++)
        sum += t->m[0][j] * cofactor(t, 0, j);
    return sum;
}

bool transform_invert(const struct transform *t, struct transform *inverse)
{
    double d = determinant(t);
    if (!isfinite(d) || fabs(d) < SINGULAR)
        return false;

    struct transform adjugate;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            adjugate.m[j][i] = cofactor(t, i, j);
    *inverse = normalized(adjugate);
    return isfinite(inverse->m[0][0]);
}

bool transform_usable(const struct transform *t, unsigned width, unsigned height)
{
    struct transform inverse;
    if (!transform_invert(t, &inverse))
        return false;

    double x[4] = {0, width - 1.0, width - 1.0, 0};
    double y[4] = {0, 0, height - 1.0, height - 1.0};
    for (int i = 0; i < 4; i++) {
        double u, v;
        if (!transform_point(t, x[i], y[i], &u, &v))
            return false;
        /* The Jacobian's determinant has the sign of det M / w^3: the same at all corners, as w >
           0. */
    }
    return determinant(t) > 0;
}

struct transform transform_finer(const struct transform *t, double factor)
{
    struct transform up = {{{factor, 0, 0}, {0, factor, 0}, {0, 0, 1}}};
    struct transform down = {{{1 / factor, 0, 0}, {0, 1 / factor, 0}, {0, 0, 1}}};
    struct transform right = transform_compose(t, &down);
    return transform_compose(&up, &right);
}

void transform_jacobian(enum transform_model model, double x, double y, double *jx, double *jy)
{
    jx[0] = 1, jx[1] = 0;
    jy[0] = 0, jy[1] = 1;
    if (model == TRANSFORM_SHIFT)
        return;
    if (model == TRANSFORM_SIMILARITY) {
        jx[2] = x, jx[3] = -y;
        jy[2] = y, jy[3] = x;
        return;
    }
    jx[2] = x, jx[3] = y, jx[4] = 0, jx[5] = 0;
    jy[2] = 0, jy[3] = 0, jy[4] = x, jy[5] = y;
    if (model == TRANSFORM_HOMOGRAPHY) {
        jx[6] = -x * x, jx[7] = -x * y;
        jy[6] = -x * y, jy[7] = -y * y;
    }
}

/* The middle of an image, and half its longer side. */
struct centre {
    double x, y, unit;
};

static struct centre centre_of(unsigned width, unsigned height)
{
    double x = 0.5 * (width - 1.0), y = 0.5 * (height - 1.0);
    return (struct centre){x, y, fmax(fmax(x, y), 1)};
}

struct transform transform_from_parameters(const double h[TRANSFORM_MAX_PARAMETERS], unsigned width,
                                           unsigned height)
{
    struct centre centre = centre_of(width, height);
    double unit = centre.unit;
    struct transform small = {{{1 + h[2] / unit, h[3] / unit, h[0] / unit},
                               {h[4] / unit, 1 + h[5] / unit, h[1] / unit},
                               {h[6] / unit, h[7] / unit, 1}}};
    struct transform in = {
        {{1 / unit, 0, -centre.x / unit}, {0, 1 / unit, -centre.y / unit}, {0, 0, 1}}};
    struct transform out = {{{unit, 0, centre.x}, {0, unit, centre.y}, {0, 0, 1}}};
    struct transform right = transform_compose(&small, &in);
    return transform_compose(&out, &right);
}

void transform_to_parameters(const struct transform *t, unsigned width, unsigned height,
                             double h[TRANSFORM_MAX_PARAMETERS])
{
    struct centre centre = centre_of(width, height);
    double unit = centre.unit;
    struct transform in = {
        {{1 / unit, 0, -centre.x / unit}, {0, 1 / unit, -centre.y / unit}, {0, 0, 1}}};
    struct transform out = {{{unit, 0, centre.x}, {0, unit, centre.y}, {0, 0, 1}}};
    struct transform right = transform_compose(t, &out);
    struct transform small = transform_compose(&in, &right);
    const double p[] = {small.m[0][2], small.m[1][2],     small.m[0][0] - 1, small.m[0][1],
                        small.m[1][0], small.m[1][1] - 1, small.m[2][0],     small.m[2][1]};
    for (int i = 0; i < TRANSFORM_MAX_PARAMETERS; i++)
        h[i] = unit * p[i];
}

void transform_embed(enum transform_model model, const double *p,
                     double h[TRANSFORM_MAX_PARAMETERS])
{
    unsigned n = transform_parameters(model);
    for (unsigned i = 0; i < TRANSFORM_MAX_PARAMETERS; i++)
        h[i] = i < n ? p[i] : 0;
    if (model == TRANSFORM_SIMILARITY) {
        h[3] = -p[3];
        h[4] = p[3];
        h[5] = p[2];
    }
}

/* The homography's Jacobian at the point K of the grid. */
static void grid_jacobian(int k, unsigned width, unsigned height,
                          double jacobian[2][TRANSFORM_MAX_PARAMETERS])
{
    struct centre centre = centre_of(width, height);
    double half = 0.5 * (GRID - 1), column = k % GRID, row = (k - k % GRID) / (double)GRID;
    transform_jacobian(TRANSFORM_HOMOGRAPHY, centre.x / centre.unit * (column - half) / half,
                       centre.y / centre.unit * (row - half) / half, jacobian[0], jacobian[1]);
}

double transform_rms(const double h[TRANSFORM_MAX_PARAMETERS], unsigned width, unsigned height)
{
    double sum = 0;
    for (int k = 0; k < GRID * GRID; k++) {
        double jacobian[2][TRANSFORM_MAX_PARAMETERS];
        grid_jacobian(k, width, height, jacobian);
        for (int axis = 0; axis < 2; axis++) {
            double moved = 0;
            for (int i = 0; i < TRANSFORM_MAX_PARAMETERS; i++)
                moved += jacobian[axis][i] * h[i];
            sum += moved * moved;
        }
    }
    return sqrt(sum / (GRID * GRID));
}

double transform_rms_deviation(double cov[TRANSFORM_MAX_PARAMETERS][TRANSFORM_MAX_PARAMETERS],
                               unsigned width, unsigned height)
{
    double sum = 0;
    for (int k = 0; k < GRID * GRID; k++) {
        double jacobian[2][TRANSFORM_MAX_PARAMETERS];
        grid_jacobian(k, width, height, jacobian);
        for (int axis = 0; axis < 2; axis++)
            for (int i = 0; i < TRANSFORM_MAX_PARAMETERS; i++)
                for (int l = 0; l < TRANSFORM_MAX_PARAMETERS; l++)
                    sum += jacobian[axis][i] * cov[i][l] * jacobian[axis][l];
    }
    return sqrt(fmax(0, sum / (GRID * GRID)));
}

struct transform transform_similar(const struct transform *t, unsigned width, unsigned height,
                                   double tolerance)
{
    double side = fmax(width, height), linear = tolerance / side;
    double c = 0.5 * (t->m[0][0] + t->m[1][1]), s = 0.5 * (t->m[1][0] - t->m[0][1]);
    if (fabs(t->m[0][0] - c) > linear || fabs(t->m[1][0] - s) > linear ||
        fabs(t->m[2][0]) > linear / side || fabs(t->m[2][1]) > linear / side)
        return *t;
    return (struct transform){{{c, -s, t->m[0][2]}, {s, c, t->m[1][2]}, {0, 0, 1}}};
}

struct transform transform_similarity_of(const struct transform *t, unsigned width, unsigned height)
{
    double x = 0.5 * (width - 1.0), y = 0.5 * (height - 1.0);
    double u = 0, v = 0, right[2] = {0, 0}, below[2] = {0, 0};
    transform_point(t, x, y, &u, &v);
    transform_point(t, x + 1, y, &right[0], &right[1]);
    transform_point(t, x, y + 1, &below[0], &below[1]);
    double c = 0.5 * (right[0] - u + below[1] - v), s = 0.5 * (right[1] - v - (below[0] - u));
    return (struct transform){{{c, -s, u - c * x + s * y}, {s, c, v - s * x - c * y}, {0, 0, 1}}};
}

struct transform transform_whole(const struct transform *t, unsigned width, unsigned height,
                                 double tolerance)
{
    struct transform shift = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    for (int corner = 0; corner < 4; corner++) {
        double x = corner & 1 ? width - 1.0 : 0, y = corner & 2 ? height - 1.0 : 0, u, v;
        if (!transform_point(t, x, y, &u, &v))
            return *t;
        if (corner == 0)
            shift = transform_shift(floor(u + 0.5), floor(v + 0.5));
        if (fabs(u - x - shift.m[0][2]) > tolerance || fabs(v - y - shift.m[1][2]) > tolerance)
            return *t;
    }
    return shift;
}

double transform_distance(const struct transform *a, const struct transform *b, unsigned width,
                          unsigned height)
{
    double sum = 0;
    for (int i = 0; i < GRID; i++) {
        for (int j = 0; j < GRID; j++) {
            double x = (width - 1.0) * j / (GRID - 1);
            double y = (height - 1.0) * i / (GRID - 1);
            double au, av, bu, bv;
            if (!transform_point(a, x, y, &au, &av) || !transform_point(b, x, y, &bu, &bv))
                return INFINITY;
            sum += (au - bu) * (au - bu) + (av - bv) * (av - bv);
        }
    }
    return sqrt(sum / (GRID * GRID));
}
