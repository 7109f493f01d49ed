/* SPDX-License-Identifier: MIT */

/*
 * A chain of blurs over 5x5 pixels: each takes a row and, once the two rows below are there, gives
 * the one in their middle. Vertical before horizontal, as halving.c has it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "alloc.h"
#include "energy.h"
#include "simd.h"

struct blur {
    struct rolling in;
    unsigned made; /* the number of the next row */
};

struct energy {
    unsigned width, blurs;
    struct blur blur[ENERGY_BLURS];
    float *sum; /* a padded row */
    float *out; /* a row */
};

struct energy *energy_new(unsigned width, unsigned height, unsigned blurs)
{
    struct energy *energy = alloc_zeroed(1, sizeof *energy);
    energy->width = width;
    energy->blurs = blurs;
    for (unsigned i = 0; i < blurs; i++)
        rolling_alloc(&energy->blur[i].in, height, width, 2 * ROLLING_REACH + 1);
    energy->sum = alloc_array((size_t)width + 2 * ROLLING_REACH, sizeof *energy->sum);
    energy->out = alloc_array(width, sizeof *energy->out);
    return energy;
}

void energy_free(struct energy *energy)
{
    if (!energy)
        return;
    for (unsigned i = 0; i < energy->blurs; i++)
        rolling_free(&energy->blur[i].in);
    free(energy->sum);
    free(energy->out);
    free(energy);
}

unsigned energy_begin(struct energy *energy, unsigned first)
{
    for (unsigned i = energy->blurs; i-- > 0;) {
        struct blur *blur = &energy->blur[i];
        blur->made = first;
        rolling_begin(&blur->in, (long)first);
        first = blur->in.got;
    }
    return first;
}

SIMD_CLONES
static void blur_across(const float *restrict sum, unsigned count, float *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++)
        out[i] = (sum[i - 2] + sum[i + 2]) + 4.0f * (sum[i - 1] + sum[i + 1]) + 6.0f * sum[i];
}

/* The next row of BLUR, which has the rows for it, to OUT. */
static void make_row(const struct energy *energy, struct blur *blur, float *out)
{
    float *sum = energy->sum + ROLLING_REACH;
    rolling_sum_down(&blur->in, (long)blur->made, 0, energy->width, sum);
    blur_across(sum, energy->width, out);
    blur->made++;
}

float *energy_next(struct energy *energy)
{
    return rolling_next(&energy->blur[0].in);
}

const float *energy_push(struct energy *energy)
{
    bool pushed = true;
    for (unsigned i = 0; i < energy->blurs; i++) {
        struct blur *blur = &energy->blur[i];
        struct rolling *in = &blur->in;
        if (pushed && in->got < in->height)
            in->got++;
        pushed =
            blur->made < in->got && (in->got == in->height || blur->made + ROLLING_REACH < in->got);
        if (pushed)
            make_row(energy, blur,
                     i + 1 == energy->blurs ? energy->out : rolling_next(&blur[1].in));
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
