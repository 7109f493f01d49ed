/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cholesky.h"
#include "measurement.h"
#include "numbers.h"

enum {
    P = TRANSFORM_MAX_PARAMETERS,
    ROUNDS = 8,      /* to find an answer of some blocks' own */
    LEAST_GROUP = 50 /* blocks that may have one */
};

#define LEAST_NCC 0.1
#define VARIANCE_FLOOR 0.05 /* of the median variance: no block is more precise than the model */
#define SHARPNESS_POWER 5
#define ALIKE 0.05 /* D where a block's depth begins to differ */
#define ALIKE_POWER 2
#define DEPTH_LEAST 1.3 /* the ratio of scatters where evidence of depth begins, */
#define DEPTH_SURE 2.3  /* and where it is complete */
#define OUTLYING 1.5    /* of the median residual: weights fall to a quarter */
#define SINGULAR 1e-9   /* of a diagonal element */
#define TINY 1e-6       /* keeps 0 / 0 away */

static bool usable(const struct block *block)
{
    return block->inside && block->ncc >= LEAST_NCC;
}

static double sharpness(const struct block *block)
{
    return fmax((double)block->sharpness, TINY);
}

static double sharpness_in_both(const struct block *block)
{
    return fmax((double)fminf(block->sharpness, block->sharpness_there), TINY);
}

static double information(const struct block *block)
{
    return (double)block->information;
}

static double variance(const struct block *block)
{
    return block->variance[0];
}

/* The median of a figure of the usable blocks. */
static double median_figure(const struct measurements *measurements, const struct block *blocks,
                            unsigned count, double (*figure)(const struct block *))
{
    unsigned used = 0;
    for (unsigned k = 0; k < count; k++)
        if (usable(&blocks[k]))
            measurements->scratch[used++] = figure(&blocks[k]);
    return median_of(measurements->scratch, used);
}

/* The cell of the image that X, Y lies in. */
static unsigned cell_of(const struct measurements *measurements, double x, double y)
{
    enum { ACROSS = MEASUREMENT_CELLS_ACROSS };
    return (unsigned)(ACROSS * y / (2 * measurements->cy + 1)) * ACROSS +
           (unsigned)(ACROSS * x / (2 * measurements->cx + 1));
}

/* Adds the two measurements of block K, without vagueness. FLOOR is the least variance. */
static void add_block(struct measurements *measurements, const struct block *block, unsigned k,
                      double floor)
{
    double middle = 0.5 * (BLOCK_SIDE - 1), x = block->x + middle, y = block->y + middle;
    double jx[P], jy[P];
    transform_jacobian(measurements->model, (x - measurements->cx) / measurements->unit,
                       (y - measurements->cy) / measurements->unit, jx, jy);
    /* Where gradient energies differ, one of the two is out of focus, and their difference is not
       noise but structure. A likeness of 0 shall leave a finite variance, and next to no weight. */
    double unlike = 1 / (block->likeness * block->likeness + 1e-6);
    double e[2][2] = {{block->c, block->s}, {-block->s, block->c}};
    for (int axis = 0; axis < 2; axis++) {
        struct measurement *measured = &measurements->rows[measurements->count++];
        measured->block = k;
        measured->cell = cell_of(measurements, x, y);
        measured->value = e[axis][0] * block->dx + e[axis][1] * block->dy;
        measured->variance = unlike * (block->variance[axis] + floor);
        measured->unlike = 1 - block->share * block->likeness * block->ncc;
        measured->weight = 1 / measured->variance;
        for (unsigned i = 0; i < measurements->parameters; i++)
            measured->row[i] = e[axis][0] * jx[i] + e[axis][1] * jy[i];
    }
}

double measurement_residual(const struct measurements *measurements,
                            const struct measurement *measured, const double *p)
{
    double r = measured->value;
    for (unsigned i = 0; i < measurements->parameters; i++)
        r -= measured->row[i] * p[i];
    return r;
}

bool measurements_fit(const struct measurements *measurements, unsigned left_out, double *p)
{
    unsigned n = measurements->parameters;
    double element[P * P] = {0}, b[P] = {0};
    struct banded a = {n, n, element};
    for (unsigned k = 0; k < measurements->count; k++) {
        const struct measurement *measured = &measurements->rows[k];
        if (measured->cell == left_out)
            continue;
        for (unsigned i = 0; i < n; i++) {
            double weighted = measured->weight * measured->row[i];
            for (unsigned j = 0; j <= i; j++)
                *banded_at(&a, i, j) += weighted * measured->row[j];
            b[i] += weighted * measured->value;
        }
    }
    if (!cholesky_factor(&a, SINGULAR))
        return false;
    cholesky_solve(&a, b, 0);
    memcpy(p, b, n * sizeof *b);
    return true;
}

/* ---- depth ---- */

static int by_unlikeness(const void *a, const void *b)
{
    const struct measurement *one = a, *other = b;
    if (one->unlike != other->unlike)
        return one->unlike < other->unlike ? -1 : 1;
    return one->block < other->block ? -1 : one->block > other->block;
}

/* The length of the residual of the block whose first measurement is MEASURED. */
static double block_residual(const struct measurements *measurements,
                             const struct measurement *measured, const double *p)
{
    return hypot(measurement_residual(measurements, &measured[0], p),
                 measurement_residual(measurements, &measured[1], p));
}

/* How far COUNT of the measurements, from FROM on, are scattered about the answer that fits them
   best: their blocks' median residual; 0 if there is none. Changes their weights. */
static double own_scatter(const struct measurements *all, unsigned from, unsigned count)
{
    struct measurements part = *all;
    part.rows += from;
    part.count = count;
    double p[P] = {0}, median = INFINITY;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned k = 0; k < count; k += 2) {
            double z = block_residual(&part, &part.rows[k], p) / (OUTLYING * median);
            double bounded = 1 + z * z;
            part.rows[k].weight = part.rows[k + 1].weight = 1 / (bounded * bounded);
        }
        if (!measurements_fit(&part, MEASUREMENT_NO_CELL, p))
            return 0;
        for (unsigned k = 0; k < count; k += 2)
            part.scratch[k / 2] = block_residual(&part, &part.rows[k], p);
        median = fmax(median_of(part.scratch, count / 2), TINY);
    }
    double n = count;
    return median * sqrt(n / (n - part.parameters));
}

/* 0..1: how sure it is that blocks differ in depth. Sorts the measurements by unlikeness. */
static double evidence_of_depth(struct measurements *measurements)
{
    unsigned blocks = measurements->count / 2;
    unsigned group = blocks / 8 > LEAST_GROUP ? blocks / 8 : LEAST_GROUP;
    if (blocks < 3 * group)
        return 0;
    qsort(measurements->rows, blocks, 2 * sizeof *measurements->rows, by_unlikeness);
    double alike = own_scatter(measurements, 0, 2 * group);
    double others = own_scatter(measurements, 2 * group, measurements->count - 2 * group);
    if (!(alike > 0))
        return 0;
    double sure = (others / alike - DEPTH_LEAST) / (DEPTH_SURE - DEPTH_LEAST);
    return fmin(fmax(sure, 0), 1);
}

/* Raises the vagueness of blocks that are not half-way between the depths in focus. */
static void favour_half_way(struct measurements *measurements, const struct block *blocks,
                            unsigned count)
{
    double sharp = median_figure(measurements, blocks, count, sharpness);
    double sharp_in_both = median_figure(measurements, blocks, count, sharpness_in_both);
    double depth = evidence_of_depth(measurements);
    for (unsigned k = 0; k < measurements->count; k++) {
        struct measurement *measured = &measurements->rows[k];
        const struct block *block = &blocks[measured->block];
        double blur = sharp / sharpness(block);
        double blur_in_both = sharp_in_both / sharpness_in_both(block);
        double away = measured->unlike / ALIKE;
        measured->vagueness *= pow(blur, SHARPNESS_POWER * (1 - depth)) *
                               pow(blur_in_both, SHARPNESS_POWER * depth) *
                               pow(1 + away * away, ALIKE_POWER * depth);
        measured->weight = 1 / measured->variance;
    }
}

void measurements_make(struct measurements *measurements, enum transform_model model,
                       enum measurement_focus focus, const struct block *blocks, unsigned count,
                       unsigned width, unsigned height)
{
    *measurements = (struct measurements){.model = model,
                                          .parameters = transform_parameters(model),
                                          .cx = 0.5 * (width - 1.0),
                                          .cy = 0.5 * (height - 1.0)};
    measurements->unit = fmax(fmax(measurements->cx, measurements->cy), 1);
    measurements->rows = alloc_array(2 * (size_t)count, sizeof *measurements->rows);
    measurements->scratch = alloc_array(2 * (size_t)count, sizeof *measurements->scratch);
    double floor = VARIANCE_FLOOR * median_figure(measurements, blocks, count, variance);
    double typical = median_figure(measurements, blocks, count, information);
    for (unsigned k = 0; k < count; k++)
        if (usable(&blocks[k]))
            add_block(measurements, &blocks[k], k, floor);
    for (unsigned k = 0; k < measurements->count; k++) {
        struct measurement *measured = &measurements->rows[k];
        measured->vagueness = typical / information(&blocks[measured->block]);
    }
    if (focus == MEASUREMENT_HALF_WAY)
        favour_half_way(measurements, blocks, count);
}

void measurements_free(struct measurements *measurements)
{
    free(measurements->rows);
    free(measurements->scratch);
}
