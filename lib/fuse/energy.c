/* SPDX-License-Identifier: MIT */

/*
 * A chain of filters over 5x5 pixels, at most: each takes a row and, once the two rows below are
 * there, gives the one in their middle. A filter goes over the rows first and then along what came
 * of it, so that both loops vectorise and only a row or two need padding for the mirrored samples.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "alloc.h"
#include "energy.h"
#include "simd.h"

enum { REACH = 2, TAPS = 2 * REACH + 1, FILTERS = 3 };

#define SPIKE 3.0f /* times the greatest around it: more is no detail */

enum work { CAP_BY_RING, CAP_BY_NEIGHBOURS, BLUR };

struct filter {
    enum work work;
    struct window in;
    unsigned made; /* rows so far */
    float *all;    /* a padded row: of all the rows, blurred, or the greatest of them */
    float *outer;  /* a padded row: the greatest of the first and the last of them */
};

struct energy {
    unsigned width, filters;
    struct filter filter[FILTERS];
    float *out; /* a row */
};

static void add_filter(struct energy *energy, enum work work, unsigned height)
{
    struct filter *filter = &energy->filter[energy->filters++];
    *filter = (struct filter){.work = work};
    window_alloc(&filter->in, height, energy->width, TAPS);
    filter->all = alloc_array((size_t)energy->width + 2 * REACH, sizeof(float));
    filter->outer = alloc_array((size_t)energy->width + 2 * REACH, sizeof(float));
}

struct energy *energy_new(unsigned level, unsigned width, unsigned height)
{
    struct energy *energy = alloc_zeroed(1, sizeof *energy);
    energy->width = width;
    if (level == 0)
        add_filter(energy, CAP_BY_RING, height);
    else if (level == 1)
        add_filter(energy, CAP_BY_NEIGHBOURS, height);
    add_filter(energy, BLUR, height);
    if (level == 0)
        add_filter(energy, BLUR, height);
    energy->out = alloc_array(width, sizeof *energy->out);
    return energy;
}

void energy_free(struct energy *energy)
{
    if (!energy)
        return;
    for (unsigned i = 0; i < energy->filters; i++) {
        window_free(&energy->filter[i].in);
        free(energy->filter[i].all);
        free(energy->filter[i].outer);
    }
    free(energy->out);
    free(energy);
}

void energy_begin(struct energy *energy)
{
    for (unsigned i = 0; i < energy->filters; i++)
        energy->filter[i].in.got = energy->filter[i].made = 0;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

SIMD_CLONES
static void blur_over(const float *const tap[TAPS], unsigned count, float *restrict sum)
{
    const float *a = tap[0], *b = tap[1], *c = tap[2], *d = tap[3], *e = tap[4];
    for (unsigned i = 0; i < count; i++)
        sum[i] = ((a[i] + e[i]) + 4.0f * (b[i] + d[i]) + 6.0f * c[i]) * (1.0f / 256.0f);
}

SIMD_CLONES
static void blur_along(const float *restrict sum, unsigned count, float *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++)
        out[i] = (sum[i - 2] + sum[i + 2]) + 4.0f * (sum[i - 1] + sum[i + 1]) + 6.0f * sum[i];
}

SIMD_CLONES
static void greatest_over(const float *const tap[TAPS], unsigned count, float *restrict all,
                          float *restrict outer)
{
    const float *a = tap[0], *b = tap[1], *c = tap[2], *d = tap[3], *e = tap[4];
    for (unsigned i = 0; i < count; i++) {
        outer[i] = most(a[i], e[i]);
        all[i] = most(outer[i], most(most(b[i], d[i]), c[i]));
    }
}

/* What is around MIDDLE: the columns at both sides of all rows, and between them the outer rows. */
SIMD_CLONES
static void cap_by_ring(const float *restrict middle, const float *restrict all,
                        const float *restrict outer, unsigned count, float *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
        float sides = most(all[i - 2], all[i + 2]);
        float ends = most(most(outer[i - 1], outer[i + 1]), outer[i]);
        out[i] = least(middle[i], SPIKE * most(sides, ends));
    }
}

SIMD_CLONES
static void cap_by_neighbours(const float *restrict middle, const float *restrict all,
                              const float *restrict outer, unsigned count, float *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++)
        out[i] = least(middle[i], SPIKE * most(most(all[i - 1], all[i + 1]), outer[i]));
}

/* The next row of FILTER, which has the rows for it, to OUT. */
static void make_row(struct filter *filter, unsigned width, float *out)
{
    const float *tap[TAPS];
    bool ring = filter->work != CAP_BY_NEIGHBOURS;
    for (int k = -REACH; k <= REACH; k++) /* the neighbours: rows -1 -1 0 1 1 */
        tap[k + REACH] =
            window_row(&filter->in, (long)filter->made + (ring ? k : (k > 0) - (k < 0)));
    float *all = filter->all + REACH, *outer = filter->outer + REACH;
    if (filter->work == BLUR) {
        blur_over(tap, width, all);
        window_pad(all, width, REACH);
        blur_along(all, width, out);
    } else {
        greatest_over(tap, width, all, outer);
        window_pad(all, width, REACH);
        window_pad(outer, width, REACH);
        (ring ? cap_by_ring : cap_by_neighbours)(tap[REACH], all, outer, width, out);
    }
    filter->made++;
}

float *energy_next(struct energy *energy)
{
    return window_next(&energy->filter[0].in);
}

const float *energy_push(struct energy *energy)
{
    bool pushed = true;
    for (unsigned i = 0; i < energy->filters; i++) {
        struct filter *filter = &energy->filter[i];
        struct window *in = &filter->in;
        if (pushed && in->got < in->height)
            in->got++;
        bool last = i + 1 == energy->filters;
        pushed =
            filter->made < in->got && (in->got == in->height || filter->made + REACH < in->got);
        if (pushed)
            make_row(filter, energy->width, last ? energy->out : window_next(&filter[1].in));
    }
    return pushed ? energy->out : NULL;
}

SIMD_CLONES
static void square_gray(const float *restrict v, unsigned width, float *restrict e)
{
    for (unsigned i = 0; i < width; i++)
        e[i] = v[i] * v[i];
}

SIMD_CLONES
static void square_colors(const float *restrict r, const float *restrict g, const float *restrict b,
                          unsigned width, float *restrict e)
{
    for (unsigned i = 0; i < width; i++)
        e[i] = 0.25f * (r[i] * r[i] + 2.0f * g[i] * g[i] + b[i] * b[i]);
}

void energy_square(const float *detail, unsigned planes, unsigned width, float *e)
{
    if (planes == 1)
        square_gray(detail, width, e);
    else
        square_colors(detail, detail + width, detail + 2 * (size_t)width, width, e);
}
