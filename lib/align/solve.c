/* SPDX-License-Identifier: MIT */

/*
 * With r = e . d - e . J p and the variance v of each measurement (see measurement.h), the
 * parameters p minimise a robust sum of r^2 / u,
 *
 *     u = s^2 v + m^2 vagueness
 *
 * in which s^2 v is the noise of the measurement, and m the misfit: how far, in pixels, precise
 * blocks disagree beyond their noise, because the subject has depth and no plane transform holds
 * everywhere. Without m the most precise blocks would be the first outliers; with it alone a vague
 * block would weigh as much as a sharp one.
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
 * The covariance of p is that of the jackknife, which solves anew without each cell of the image.
 * It holds even if the v are wrong, neighbouring blocks err alike, or parts of the image need
 * different transforms. It is raised where few cells carry the answer.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measurement.h"
#include "numbers.h"
#include "solve.h"

enum {
    P = TRANSFORM_MAX_PARAMETERS,
    ROUGH_ROUNDS = 5,
    ROUNDS = 15,
    JACKKNIFE_ROUNDS = 4,
    CELLS = MEASUREMENT_CELLS
};

#define BOUND 4.685 /* standard deviations of noise; 95 % efficient for Tukey's biweight */
#define MAD_TO_SIGMA 1.4826
#define MOST_NOISE 2.0    /* s^2: a larger scatter of vague blocks is misfit too */
#define LEAST_NOISE 0.05  /* s^2: with a smaller one, misfit has taken over noise */
#define FAINT_MISFIT 0.03 /* m, in pixels */
#define AGREES 0.04       /* a block's weight where it still agrees: z = 2 */
#define AGREED 0.1        /* pixels: a block agrees within twice that, however precise it is */
#define NEGLIGIBLE 1e-5   /* pixels: the rounds end */

/* What a richer model must gain: this share of the loss, as noise alone may make it fit slightly
   better, and this many standard deviations of the gain. */
#define WORTHWHILE 0.3
#define SIGNIFICANT 3

struct problem {
    struct measurements data;
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

/* Estimates noise and misfit from the residuals of P. */
static void measure_misfit(struct problem *problem, const double *p)
{
    unsigned count = 0;
    for (unsigned k = 0; k < problem->data.count; k++) {
        const struct measurement *measured = &problem->data.rows[k];
        if (measured->variance >= problem->vague)
            problem->data.scratch[count++] =
                fabs(measurement_residual(&problem->data, measured, p)) /
                sqrt(measured->variance + problem->misfit / problem->scale);
    }
    double noise = MAD_TO_SIGMA * median_of(problem->data.scratch, count);
    problem->scale = fmax(LEAST_NOISE, fmin(MOST_NOISE, noise * noise));

    count = 0;
    for (unsigned k = 0; k < problem->data.count; k++)
        if (problem->data.rows[k].variance <= problem->precise)
            problem->data.scratch[count++] =
                fabs(measurement_residual(&problem->data, &problem->data.rows[k], p));
    problem->scatter = MAD_TO_SIGMA * median_of(problem->data.scratch, count);
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
        double r = measurement_residual(&problem->data, &measured[axis], p);
        zz += r * r / (BOUND * BOUND * problem->scale * measured[axis].variance + misfit);
    }
    return zz;
}

/* Sets the weights for the residuals of P; ROUGH: those of the least absolute deviations. */
static void reweigh(struct problem *problem, const double *p, bool rough)
{
    for (unsigned k = 0; k < problem->data.count; k += 2) {
        struct measurement *measured = &problem->data.rows[k];
        double u[2], zz = 0;
        for (int axis = 0; axis < 2; axis++) {
            double r = measurement_residual(&problem->data, &measured[axis], p);
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
        if (!measurements_fit(&problem->data, MEASUREMENT_NO_CELL, p))
            return false;
        for (unsigned i = 0; i < problem->data.parameters; i++)
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
        for (unsigned k = 0; k < problem->data.count && !used; k += 2)
            used = problem->data.rows[k].cell == cell;
        double *q = jackknife->p[jackknife->count];
        for (unsigned i = 0; i < P; i++)
            q[i] = p[i];
        for (int round = 0; round < JACKKNIFE_ROUNDS && used; round++) {
            reweigh(problem, q, false);
            used = measurements_fit(&problem->data, cell, q);
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
    for (unsigned k = 0; k < problem->data.count; k++)
        weight[problem->data.rows[k].cell] += problem->data.rows[k].weight;
    for (unsigned cell = 0; cell < CELLS; cell++) {
        sum += weight[cell];
        squares += weight[cell] * weight[cell];
    }
    return sum * sum / squares;
}

static void jackknife_covariance(const struct problem *problem, const struct jackknife *jackknife,
                                 double covariance[P][P])
{
    unsigned n = problem->data.parameters;
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

/* The variances that part the measurements into precise and vague ones. */
static void part(struct problem *problem)
{
    unsigned count = problem->data.count;
    if (count == 0)
        return;
    for (unsigned k = 0; k < count; k++)
        problem->data.scratch[k] = problem->data.rows[k].variance;
    problem->precise = median_kth(problem->data.scratch, count, count / 4);
    problem->vague = median_kth(problem->data.scratch, count, count / 2);
    problem->typical = median_kth(problem->data.scratch, count, count / 8);
}

/* Sets up PROBLEM, which problem_close() frees, and solves it for P; false if there is no
   solution. */
static bool problem_solve(struct problem *problem, enum transform_model model,
                          enum measurement_focus focus, const struct block *blocks, unsigned count,
                          unsigned width, unsigned height, double *p)
{
    *problem = (struct problem){.scale = 1};
    measurements_make(&problem->data, model, focus, blocks, count, width, height);
    part(problem);
    for (unsigned i = 0; i < P; i++)
        p[i] = 0;
    return problem->data.count > problem->data.parameters && reweighted(problem, p);
}

static void problem_close(struct problem *problem)
{
    measurements_free(&problem->data);
}

/* Sets KEPT for each of the COUNT blocks that agrees with P. */
static void tell_kept(const struct problem *problem, const double *p, bool *kept, unsigned count)
{
    for (unsigned k = 0; k < count; k++)
        kept[k] = false;
    double misfit = problem->misfit + AGREED * AGREED;
    for (unsigned k = 0; k < problem->data.count; k += 2) {
        double bounded = 1 + block_deviation(problem, &problem->data.rows[k], p, misfit);
        kept[problem->data.rows[k].block] = 1 / (bounded * bounded) > AGREES;
    }
}

static void tell_solution(const struct problem *problem, const double *p, unsigned width,
                          unsigned height, struct solution *solution)
{
    double h[P];
    transform_embed(problem->data.model, p, h);
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
    bool solved =
        problem_solve(&problem, model, MEASUREMENT_HALF_WAY, blocks, count, width, height, p);
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
    bool solved =
        problem_solve(&problem, model, MEASUREMENT_HALF_WAY, blocks, count, width, height, p);
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
    for (unsigned i = 0; i < problem->data.count; i += 2) {
        const struct measurement *measured = &problem->data.rows[i];
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
    bool solved =
        problem_solve(&simple, simpler, MEASUREMENT_EVERYWHERE, blocks, count, width, height, p);
    solved &= problem_solve(&rich, richer, MEASUREMENT_EVERYWHERE, blocks, count, width, height, q);
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
