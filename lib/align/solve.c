/* SPDX-License-Identifier: MIT */

/*
 * Each block gives two measurements, the components of its displacement d along the eigenvectors e
 * of its normal matrix, with variances v. With J(x) the model's Jacobian at the block's middle and
 * r = e . d - e . J p, the parameters p minimise a robust sum of r^2 / u over blocks and both e,
 *
 *     u = s^2 v + m^2 (I_median / I) (F_median / F)^5
 *
 * in which s^2 v is the noise of the measurement, and m the misfit: how far, in pixels, precise
 * blocks disagree beyond their noise, because the subject has depth and no plane transform holds
 * everywhere. Without m the most precise blocks would be the first outliers; with it alone a vague
 * block would weigh as much as a sharp one. I is the block's information, F its mean squared
 * frequency: F is small where the subject is out of focus, at other depths, however strong its
 * contrast. Misfit counts less where detail is sharp, because the fused picture takes its detail
 * there. (On made stacks with parallax the error of links between neighbours, at the depth that is
 * in focus, is a third less than without F. Higher powers gain little more there, and lose where
 * everything is far out of focus.)
 *
 * Each round estimates s and m anew, from the median |r| of the vaguer half and of the most precise
 * quarter of the measurements (1.4826 times the median is a standard deviation). Frames without
 * depth also have 0.01 to 0.03 pixels of misfit, from interpolation. There m^2 fades out, as m^6 /
 * (m^4 + 0.03^4), so that the variances decide the weights. A block's weight is that of Geman and
 * McClure, 1 / (1 + z^2)^2, with z^2 the sum over both e of
 *
 *     r^2 / ((4.685 s)^2 v + m^2)
 *
 * so that mere noise costs little efficiency and misfit is judged in pixels. The first few rounds
 * use weights 1 / z, which tend to the least absolute deviations and need no starting values.
 *
 * No block can be more precise than the model, so v has a floor, a share of its median. If
 * block and frame have different gradient energies (one of them is out of focus), their difference
 * is not noise but structure, and v is raised.
 *
 * The covariance of p is that of the jackknife, which solves anew without each cell of the image.
 * It holds even if the v are wrong, neighbouring blocks err alike, or parts of the image need
 * different transforms. It is raised where few cells carry the answer.
 *
 * Coordinates are centred and scaled to about -1..1, so that the normal matrix is well conditioned.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cholesky.h"
#include "numbers.h"
#include "solve.h"

enum {
    P = TRANSFORM_MAX_PARAMETERS,
    ROUGH_ROUNDS = 5,
    ROUNDS = 15,
    JACKKNIFE_ROUNDS = 4,
    ACROSS = 4, /* cells of the image, and down */
    CELLS = ACROSS * ACROSS,
    NO_CELL = CELLS
};

#define BOUND 4.685 /* standard deviations of noise; 95 % efficient for Tukey's biweight */
#define MAD_TO_SIGMA 1.4826
#define MOST_NOISE 2.0      /* s^2: a larger scatter of vague blocks is misfit too */
#define LEAST_NOISE 0.05    /* s^2: with a smaller one, misfit has taken over noise */
#define FAINT_MISFIT 0.03   /* m, in pixels */
#define VARIANCE_FLOOR 0.05 /* of the median variance */
#define AGREES 0.04         /* a block's weight where it still agrees: z = 2 */
#define AGREED 0.1          /* pixels: a block agrees within twice that, however precise it is */
#define SINGULAR 1e-9       /* of a diagonal element */
#define NEGLIGIBLE 1e-5     /* pixels: the rounds end */

/* What a richer model must gain: this share of the loss, as noise alone may make it fit slightly
   better, and this many standard deviations of the gain. */
#define WORTHWHILE 0.3
#define SIGNIFICANT 3

struct measurement {
    double row[P]; /* e . J */
    double value;  /* e . d */
    double variance;
    double vagueness; /* I_median / I, times (F_median / F)^5 */
    double weight;
    unsigned block;
    unsigned cell;
};

/* The measurements of a block lie side by side. */
struct problem {
    enum transform_model model;
    unsigned parameters, count;
    double cx, cy, unit; /* coordinates are (x - cx) / unit, (y - cy) / unit */
    struct measurement *rows;
    double *scratch;

    double precise, vague; /* variances: the first quartile, the median */
    double typical;        /* of the variances up to PRECISE: the median */
    double scale, misfit;  /* s^2, m^2 */
    double scatter;
};

/* The solutions that leave out one cell each. */
struct jackknife {
    unsigned count;
    unsigned cell[CELLS];
    double p[CELLS][P];
};

static double residual(const struct problem *problem, const struct measurement *measured,
                       const double *p)
{
    double r = measured->value;
    for (unsigned i = 0; i < problem->parameters; i++)
        r -= measured->row[i] * p[i];
    return r;
}

/* Weighted least squares over the measurements outside the cell LEFT_OUT. */
static bool least_squares(const struct problem *problem, unsigned left_out, double *p)
{
    unsigned n = problem->parameters;
    double element[P * P] = {0}, b[P] = {0};
    struct banded a = {n, n, element};
    for (unsigned k = 0; k < problem->count; k++) {
        const struct measurement *measured = &problem->rows[k];
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

/* Estimates noise and misfit from the residuals of P. */
static void measure_misfit(struct problem *problem, const double *p)
{
    unsigned count = 0;
    for (unsigned k = 0; k < problem->count; k++) {
        const struct measurement *measured = &problem->rows[k];
        if (measured->variance >= problem->vague)
            problem->scratch[count++] = fabs(residual(problem, measured, p)) /
                                        sqrt(measured->variance + problem->misfit / problem->scale);
    }
    double noise = MAD_TO_SIGMA * median_of(problem->scratch, count);
    problem->scale = fmax(LEAST_NOISE, fmin(MOST_NOISE, noise * noise));

    count = 0;
    for (unsigned k = 0; k < problem->count; k++)
        if (problem->rows[k].variance <= problem->precise)
            problem->scratch[count++] = fabs(residual(problem, &problem->rows[k], p));
    problem->scatter = MAD_TO_SIGMA * median_of(problem->scratch, count);
    double excess =
        fmax(0, problem->scatter * problem->scatter - problem->scale * problem->typical);
    double faintness = excess / (FAINT_MISFIT * FAINT_MISFIT);
    problem->misfit = excess * faintness * faintness / (faintness * faintness + 1);
}

/* z^2 of the block whose first measurement is MEASURED, with m^2 = MISFIT. */
static double block_deviation(const struct problem *problem, const struct measurement *measured,
                              const double *p, double misfit)
{
    double zz = 0;
    for (int axis = 0; axis < 2; axis++) {
        double r = residual(problem, &measured[axis], p);
        zz += r * r / (BOUND * BOUND * problem->scale * measured[axis].variance + misfit);
    }
    return zz;
}

/* Sets the weights for the residuals of P; ROUGH: those of the least absolute deviations. */
static void reweigh(struct problem *problem, const double *p, bool rough)
{
    for (unsigned k = 0; k < problem->count; k += 2) {
        struct measurement *measured = &problem->rows[k];
        double u[2], zz = 0;
        for (int axis = 0; axis < 2; axis++) {
            double r = residual(problem, &measured[axis], p);
            u[axis] = problem->scale * measured[axis].variance +
                      problem->misfit * measured[axis].vagueness;
            zz += r * r / u[axis];
        }
        double bounded = 1 + block_deviation(problem, measured, p, problem->misfit);
        double trust = rough ? 1 / fmax(sqrt(zz), 0.1) : 1 / (bounded * bounded);
        measured[0].weight = trust / u[0];
        measured[1].weight = trust / u[1];
    }
}

static bool reweighted(struct problem *problem, double *p)
{
    for (int round = 0; round < ROUGH_ROUNDS + ROUNDS; round++) {
        double last[P], change = 0;
        for (unsigned i = 0; i < P; i++)
            last[i] = p[i];
        if (round > 0) {
            measure_misfit(problem, p);
            reweigh(problem, p, round < ROUGH_ROUNDS);
        }
        if (!least_squares(problem, NO_CELL, p))
            return false;
        for (unsigned i = 0; i < problem->parameters; i++)
            change = fmax(change, fabs(p[i] - last[i]));
        if (round > ROUGH_ROUNDS && change < NEGLIGIBLE)
            break;
    }
    return true;
}

static void leave_out_each(struct problem *problem, const double *p, struct jackknife *jackknife)
{
    jackknife->count = 0;
    for (unsigned cell = 0; cell < CELLS; cell++) {
        bool used = false;
        for (unsigned k = 0; k < problem->count && !used; k += 2)
            used = problem->rows[k].cell == cell;
        double *q = jackknife->p[jackknife->count];
        for (unsigned i = 0; i < P; i++)
            q[i] = p[i];
        for (int round = 0; round < JACKKNIFE_ROUNDS && used; round++) {
            reweigh(problem, q, false);
            used = least_squares(problem, cell, q);
        }
        if (used)
            jackknife->cell[jackknife->count++] = cell;
    }
    reweigh(problem, p, false);
}

/* The number of equally weighted cells that would be as good as these (Kish). */
static double effective_cells(const struct problem *problem)
{
    double weight[CELLS] = {0}, sum = 0, squares = 0;
    for (unsigned k = 0; k < problem->count; k++)
        weight[problem->rows[k].cell] += problem->rows[k].weight;
    for (unsigned cell = 0; cell < CELLS; cell++) {
        sum += weight[cell];
        squares += weight[cell] * weight[cell];
    }
    return sum * sum / squares;
}

static void jackknife_covariance(const struct problem *problem, const struct jackknife *jackknife,
                                 double covariance[P][P])
{
    unsigned n = problem->parameters;
    double mean[P] = {0}, cells = jackknife->count;
    for (unsigned k = 0; k < jackknife->count; k++)
        for (unsigned i = 0; i < n; i++)
            mean[i] += jackknife->p[k][i] / cells;
    double fixed = 0.5 * n; /* cells that the parameters use up */
    double effective = fmax(effective_cells(problem), fixed + 0.5);
    double factor = (cells - 1) / cells * effective / (effective - fixed);
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < n; j++) {
            covariance[i][j] = 0;
            for (unsigned k = 0; k < jackknife->count; k++)
                covariance[i][j] +=
                    factor * (jackknife->p[k][i] - mean[i]) * (jackknife->p[k][j] - mean[j]);
        }
}

static bool usable(const struct block *block)
{
    return block->inside && block->ncc >= SOLVE_LEAST_NCC;
}

/* Makes two measurements of each usable block. */
static void collect(struct problem *problem, const struct block *blocks, unsigned count)
{
    unsigned used = 0;
    for (unsigned k = 0; k < count; k++)
        if (usable(&blocks[k]))
            problem->scratch[used++] = blocks[k].variance[0];
    double floor = VARIANCE_FLOOR * median_of(problem->scratch, used);
    used = 0;
    for (unsigned k = 0; k < count; k++)
        if (usable(&blocks[k]))
            problem->scratch[used++] = (double)blocks[k].information;
    double information = median_of(problem->scratch, used);
    used = 0;
    for (unsigned k = 0; k < count; k++)
        if (usable(&blocks[k]))
            problem->scratch[used++] = (double)blocks[k].sharpness;
    double sharpness = median_of(problem->scratch, used);

    double middle = 0.5 * (BLOCK_SIDE - 1);
    for (unsigned k = 0; k < count; k++) {
        const struct block *block = &blocks[k];
        if (!usable(block))
            continue;
        double x = block->x + middle, y = block->y + middle, jx[P], jy[P];
        transform_jacobian(problem->model, (x - problem->cx) / problem->unit,
                           (y - problem->cy) / problem->unit, jx, jy);
        /* A likeness of 0 shall leave a finite variance, and next to no weight. */
        double unlike = 1 / (block->likeness * block->likeness + 1e-6);
        double e[2][2] = {{block->c, block->s}, {-block->s, block->c}};
        for (int axis = 0; axis < 2; axis++) {
            struct measurement *measured = &problem->rows[problem->count++];
            measured->block = k;
            measured->cell = (unsigned)(ACROSS * y / (2 * problem->cy + 1)) * ACROSS +
                             (unsigned)(ACROSS * x / (2 * problem->cx + 1));
            measured->value = e[axis][0] * block->dx + e[axis][1] * block->dy;
            measured->variance = unlike * (block->variance[axis] + floor);
            double blur = sharpness / (double)block->sharpness;
            measured->vagueness = information / (double)block->information * pow(blur, 5);
            measured->weight = 1 / measured->variance;
            for (unsigned i = 0; i < problem->parameters; i++)
                measured->row[i] = e[axis][0] * jx[i] + e[axis][1] * jy[i];
        }
    }
}

/* The variances that part the measurements into precise and vague ones. */
static void part(struct problem *problem)
{
    unsigned count = problem->count;
    if (count == 0)
        return;
    for (unsigned k = 0; k < count; k++)
        problem->scratch[k] = problem->rows[k].variance;
    problem->precise = median_kth(problem->scratch, count, count / 4);
    problem->vague = median_kth(problem->scratch, count, count / 2);
    problem->typical = median_kth(problem->scratch, count, count / 8);
}

/* Sets up PROBLEM, which problem_close() frees, and solves it for P; false if there is no
   solution. */
static bool problem_solve(struct problem *problem, enum transform_model model,
                          const struct block *blocks, unsigned count, unsigned width,
                          unsigned height, double *p)
{
    *problem = (struct problem){.model = model,
                                .parameters = transform_parameters(model),
                                .cx = 0.5 * (width - 1.0),
                                .cy = 0.5 * (height - 1.0),
                                .scale = 1};
    problem->unit = fmax(fmax(problem->cx, problem->cy), 1);
    problem->rows = alloc_array(2 * (size_t)count, sizeof *problem->rows);
    problem->scratch = alloc_array(2 * (size_t)count, sizeof *problem->scratch);
    collect(problem, blocks, count);
    part(problem);
    for (unsigned i = 0; i < P; i++)
        p[i] = 0;
    return problem->count > problem->parameters && reweighted(problem, p);
}

static void problem_close(struct problem *problem)
{
    free(problem->rows);
    free(problem->scratch);
}

/* Sets KEPT for each of the COUNT blocks that agrees with P. */
static void tell_kept(const struct problem *problem, const double *p, bool *kept, unsigned count)
{
    for (unsigned k = 0; k < count; k++)
        kept[k] = false;
    double misfit = problem->misfit + AGREED * AGREED;
    for (unsigned k = 0; k < problem->count; k += 2) {
        double bounded = 1 + block_deviation(problem, &problem->rows[k], p, misfit);
        kept[problem->rows[k].block] = 1 / (bounded * bounded) > AGREES;
    }
}

static void tell_solution(const struct problem *problem, const double *p, unsigned width,
                          unsigned height, struct solution *solution)
{
    double h[P];
    transform_embed(problem->model, p, h);
    solution->delta = transform_from_parameters(h, width, height);
    solution->step = transform_rms(h, width, height);
    solution->scatter = problem->scatter;
    solution->misfit = sqrt(problem->misfit);
}

/* The covariance C of the model's parameters as that of a homography's, E C E'. */
static void embed_covariance(enum transform_model model, double covariance[P][P],
                             double embedded[P][P])
{
    unsigned n = transform_parameters(model);
    double half[P][P];
    for (unsigned j = 0; j < n; j++) {
        double column[P], h[P];
        for (unsigned i = 0; i < n; i++)
            column[i] = covariance[i][j];
        transform_embed(model, column, h);
        for (unsigned i = 0; i < P; i++)
            half[i][j] = h[i];
    }
    for (unsigned i = 0; i < P; i++)
        transform_embed(model, half[i], embedded[i]);
}

bool solve_transform(enum transform_model model, const struct block *blocks, unsigned count,
                     unsigned width, unsigned height, struct solution *solution, bool *kept)
{
    struct problem problem;
    double p[P];
    bool solved = problem_solve(&problem, model, blocks, count, width, height, p);
    if (solved) {
        tell_kept(&problem, p, kept, count);
        tell_solution(&problem, p, width, height, solution);
    }
    problem_close(&problem);
    return solved;
}

bool solve_error(enum transform_model model, const struct block *blocks, unsigned count,
                 unsigned width, unsigned height, struct solution *solution, bool *kept)
{
    struct problem problem;
    struct jackknife jackknife;
    double p[P], covariance[P][P];
    bool solved = problem_solve(&problem, model, blocks, count, width, height, p);
    if (solved) {
        tell_kept(&problem, p, kept, count);
        tell_solution(&problem, p, width, height, solution);
        leave_out_each(&problem, p, &jackknife);
        jackknife_covariance(&problem, &jackknife, covariance);
        embed_covariance(model, covariance, solution->covariance);
        solution->error = transform_rms_deviation(solution->covariance, width, height);
    }
    problem_close(&problem);
    return solved;
}

/* How badly solution K of JACKKNIFE predicts the blocks of the cell that it leaves out: the
   weighted sum of z^2 / (1 + z^2), by the noise and misfit of JUDGE. */
static double held_out_loss(const struct problem *problem, const struct jackknife *jackknife,
                            unsigned k, const struct problem *judge)
{
    struct problem judged = *problem;
    judged.scale = judge->scale;
    judged.misfit = judge->misfit;
    double loss = 0;
    for (unsigned i = 0; i < problem->count; i += 2) {
        const struct measurement *measured = &problem->rows[i];
        if (measured->cell != jackknife->cell[k])
            continue;
        double zz = block_deviation(&judged, measured, jackknife->p[k], judged.misfit);
        double share =
            1 / (judge->scale * measured->variance + judge->misfit * measured->vagueness);
        loss += share * zz / (1 + zz);
    }
    return loss;
}

bool solve_prefers(enum transform_model simpler, enum transform_model richer, double visible,
                   const struct block *blocks, unsigned count, unsigned width, unsigned height)
{
    struct problem simple, rich;
    struct jackknife without_simple = {0}, without_rich;
    double p[P], q[P], gain = 0, squares = 0, losses = 0;
    bool solved = problem_solve(&simple, simpler, blocks, count, width, height, p);
    solved &= problem_solve(&rich, richer, blocks, count, width, height, q);
    if (solved) {
        double difference[P], h[P];
        transform_embed(simpler, p, h);
        transform_embed(richer, q, difference);
        for (unsigned i = 0; i < P; i++)
            difference[i] -= h[i];
        solved = transform_rms(difference, width, height) > visible;
    }
    if (solved) {
        leave_out_each(&simple, p, &without_simple);
        leave_out_each(&rich, q, &without_rich);
        solved = without_simple.count == without_rich.count && without_simple.count >= CELLS / 2;
    }
    for (unsigned k = 0; solved && k < without_simple.count; k++) {
        double loss = held_out_loss(&simple, &without_simple, k, &simple);
        double difference = loss - held_out_loss(&rich, &without_rich, k, &simple);
        gain += difference;
        squares += difference * difference;
        losses += loss;
    }
    problem_close(&simple);
    problem_close(&rich);
    double cells = without_simple.count;
    return solved && gain > WORTHWHILE * losses &&
           gain > SIGNIFICANT * sqrt((squares - gain * gain / cells) * cells / (cells - 1));
}
