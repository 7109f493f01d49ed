/* SPDX-License-Identifier: MIT */

/*
 * Gamma. With x = v / top and p = 1/g, the mean of x^p falls as p grows; its derivative is the mean
 * of x^p ln x. Newton's method on p reaches 1e-9 in a few passes over the values that occur; where
 * a step leaves the interval that holds the root, the interval is halved instead.
 *
 * Match. Let F and R be the cumulative shares of frame and reference. At a value t the cumulative
 * share of the result is F(u), where u is the largest value that the curve takes to t or below.
 * Choosing u(t) so that F(u) is nearest to R(t) makes each distance the least possible, and u(t)
 * never falls. The curve is then T(v) = the least t with u(t) >= v.
 */

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alloc.h"
#include "tonecurve.h"

static const double gamma_limit = 64;
static const double gamma_tolerance = 1e-9;

void tonecurve_keep(unsigned top, double *curve, double *correction)
{
    for (unsigned v = 0; v <= top; v++)
        curve[v] = v;
    *correction = 1;
}

/* v m_r / m with the one division last, so that halves stay exact halves. */
static enum tonecurve_result solve_linear(const struct tonecurve_problem *problem, double *curve,
                                          double *correction)
{
    const struct mean *m = &problem->frame_mean, *m_r = &problem->reference_mean;
    double wanted = (double)m_r->sum * (double)m->count;
    double mean = (double)m->sum * (double)m_r->count;
    *correction = wanted / mean;
    for (unsigned v = 0; v <= problem->top; v++)
        curve[v] = fmin(v * wanted / mean, problem->top);
    return TONECURVE_SOLVED;
}

/* The natural logarithms of x for the values that occur in an interval, and their shares. */
struct shares {
    double *log_x, *share;
    unsigned count;
};

static void collect_shares(const struct tonecurve_problem *problem, struct shares *shares)
{
    unsigned values = problem->high - problem->low + 1;
    double total = 0;
    shares->log_x = alloc_array(values, sizeof *shares->log_x);
    shares->share = alloc_array(values, sizeof *shares->share);
    shares->count = 0;
    for (unsigned v = problem->low; v <= problem->high; v++) {
        double n = (double)histogram_count(problem->frame, v);
        total += n;
        if (n == 0 || v == 0) /* 0 stays 0: it only counts in the total */
            continue;
        shares->log_x[shares->count] = log((double)v / problem->top);
        shares->share[shares->count++] = n;
    }
    for (unsigned i = 0; i < shares->count; i++)
        shares->share[i] /= total;
}

/* The mean of x^p, and its derivative by p. */
static double mean_power(const struct shares *shares, double p, double *slope)
{
    double mean = 0;
    *slope = 0;
    for (unsigned i = 0; i < shares->count; i++) {
        double power = shares->share[i] * exp(p * shares->log_x[i]);
        mean += power;
        *slope += power * shares->log_x[i];
    }
    return mean;
}

/* The p in 1/gamma_limit..gamma_limit for which the mean of x^p is WANTED; 0 if there is none. */
static double solve_power(const struct shares *shares, double wanted)
{
    double low = 1 / gamma_limit, high = gamma_limit, p = 1, slope;
    if (mean_power(shares, low, &slope) < wanted || mean_power(shares, high, &slope) > wanted)
        return 0;
    for (int pass = 0; pass < 100; pass++) {
        double error = mean_power(shares, p, &slope) - wanted;
        if (fabs(error) < gamma_tolerance)
            return p;
        if (error > 0)
            low = p;
        else
            high = p;
        double next = p - error / slope;
        p = next > low && next < high ? next : (low + high) / 2;
    }
    return p;
}

static enum tonecurve_result solve_gamma(const struct tonecurve_problem *problem, double wanted,
                                         double *curve, double *correction)
{
    unsigned top = problem->top;
    if (mean_value(&problem->frame_mean) == top || wanted == top)
        return TONECURVE_NO_CORRECTION;
    struct shares shares;
    collect_shares(problem, &shares);
    double p = solve_power(&shares, wanted / top);
    free(shares.log_x);
    free(shares.share);
    if (p == 0)
        return TONECURVE_NO_CORRECTION;
    *correction = 1 / p;
    for (unsigned v = 0; v <= top; v++)
        curve[v] = top * pow((double)v / top, p);
    return TONECURVE_SOLVED;
}

/* The cumulative counts of values 0..top, from the second element on; the first is 0. */
static double *cumulate(const struct histogram *histogram)
{
    double *below = alloc_array((size_t)histogram->top + 2, sizeof *below);
    below[0] = 0;
    for (unsigned v = 0; v <= histogram->top; v++)
        below[v + 1] = below[v] + (double)histogram_count(histogram, v);
    return below;
}

/* Sets CURVE to T for the values that the frame has; interpolate() sets the others. */
static void specify(const struct histogram *frame, const double *below, const double *wanted,
                    double *curve)
{
    unsigned top = frame->top, sent = 0; /* CURVE is set for values below SENT */
    double scale = below[top + 1] / wanted[top + 1];
    for (unsigned t = 0; t <= top; t++) {
        double target = wanted[t + 1] * scale;
        while (sent <= top && fabs(below[sent + 1] - target) <= fabs(below[sent] - target))
            curve[sent++] = t;
    }
    for (; sent <= top; sent++)
        curve[sent] = top;
}

/* Interpolates the curve linearly at values that do not occur, between the nearest that do, or the
   ends of the scale. */
static void interpolate(const struct histogram *frame, double *curve)
{
    unsigned top = frame->top, from = 0;
    if (!histogram_count(frame, 0))
        curve[0] = 0;
    if (!histogram_count(frame, top))
        curve[top] = top;
    for (unsigned to = 1; to <= top; to++) {
        if (!histogram_count(frame, to) && to < top)
            continue;
        for (unsigned v = from + 1; v < to; v++)
            curve[v] = curve[from] + (curve[to] - curve[from]) * (v - from) / (to - from);
        from = to;
    }
}

static enum tonecurve_result solve_match(const struct tonecurve_problem *problem, double *curve)
{
    double *below = cumulate(problem->frame), *reference = cumulate(problem->reference);
    specify(problem->frame, below, reference, curve);
    interpolate(problem->frame, curve);
    free(below);
    free(reference);
    return TONECURVE_SOLVED;
}

enum tonecurve_result tonecurve_solve(const struct tonecurve_problem *problem, double *curve,
                                      double *correction)
{
    if (problem->frame_mean.count == 0 || problem->reference_mean.count == 0)
        return TONECURVE_NOTHING_COUNTED;
    double mean = mean_value(&problem->frame_mean), wanted = mean_value(&problem->reference_mean);
    bool match = problem->kind == TONECURVE_MATCH;
    if (mean == wanted && (mean == 0 || !match)) {
        tonecurve_keep(problem->top, curve, correction);
        return TONECURVE_SOLVED;
    }
    *correction = wanted / mean;
    if (match)
        return solve_match(problem, curve);
    if (mean == 0 || wanted == 0)
        return TONECURVE_NO_CORRECTION;
    return problem->kind == TONECURVE_LINEAR ? solve_linear(problem, curve, correction)
                                             : solve_gamma(problem, wanted, curve, correction);
}
