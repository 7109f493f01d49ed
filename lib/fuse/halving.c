/* SPDX-License-Identifier: MIT */

/*
 * Vertical before horizontal: the vertical sum vectorises over the whole row, and only its result
 * needs padding for the mirrored samples.
 */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "halving.h"
#include "numbers.h"
#include "simd.h"

void halving_alloc(struct halving *halving, unsigned width, unsigned height, unsigned planes)
{
    *halving = (struct halving){.width = width, .planes = planes};
    rolling_alloc(&halving->fine, height, (size_t)width * planes, 2 * ROLLING_REACH + 1);
    halving->sum = alloc_array((size_t)width + 2 * ROLLING_REACH, sizeof *halving->sum);
}

void halving_free(struct halving *halving)
{
    rolling_free(&halving->fine);
    free(halving->sum);
    *halving = (struct halving){0};
}

unsigned halving_size(unsigned n)
{
    return n / 2 + n % 2;
}

void halving_begin(struct halving *halving, const struct image *coarse, unsigned first,
                   unsigned end)
{
    rolling_begin(&halving->fine, 2 * (long)first);
    halving->made = first;
    halving->end = end;
    halving->coarse = coarse;
}

bool halving_wants(const struct halving *halving)
{
    return halving->made < halving->end;
}

float *halving_next(const struct halving *halving)
{
    return rolling_next(&halving->fine);
}

SIMD_CLONES
static void halve_across(const float *restrict sum, unsigned count, float *restrict half)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
        const float *s = sum + 2 * i;
        half[i] = (s[-2] + s[2]) + 4.0f * (s[-1] + s[1]) + 6.0f * s[0];
    }
}

static void make_row(struct halving *halving)
{
    const struct image *coarse = halving->coarse;
    float *out = image_row(coarse, halving->made), *sum = halving->sum + ROLLING_REACH;
    for (unsigned plane = 0; plane < halving->planes; plane++) {
        rolling_sum_down(&halving->fine, 2 * (long)halving->made, (size_t)plane * halving->width,
                         halving->width, sum);
        halve_across(sum, coarse->width, out + (size_t)plane * coarse->width);
    }
    halving->made++;
}

void halving_push(struct halving *halving)
{
    halving->fine.got++;
    unsigned got = halving->fine.got, height = halving->fine.height;
    while (halving->made < halving->end &&
           (got == height || 2 * (size_t)halving->made + ROLLING_REACH < got))
        make_row(halving);
}

void halving_band(struct halving *halving, const struct image *fine, const struct image *coarse,
                  unsigned first, unsigned end)
{
    halving_begin(halving, coarse, first, end);
    while (halving_wants(halving)) {
        memcpy(halving_next(halving), image_row(fine, halving->fine.got),
               image_row_samples(fine) * sizeof(float));
        halving_push(halving);
    }
}

SIMD_CLONES
static void double_down(const float *above, const float *middle, const float *below, unsigned count,
                        float *restrict sum)
{
    for (unsigned i = 0; i < count; i++)
        sum[i] = ((above[i] + below[i]) + 6.0f * middle[i]) * (1.0f / 64.0f);
}

SIMD_CLONES
static void double_down_between(const float *above, const float *below, unsigned count,
                                float *restrict sum)
{
    for (unsigned i = 0; i < count; i++)
        sum[i] = (above[i] + below[i]) * (1.0f / 16.0f);
}

/* Makes pairs, so one sample more than are wanted where those are odd. */
SIMD_CLONES
static void double_across(const float *restrict sum, unsigned pairs, float *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)pairs; i++) {
        out[2 * i] = (sum[i - 1] + sum[i + 1]) + 6.0f * sum[i];
        out[2 * i + 1] = 4.0f * (sum[i] + sum[i + 1]);
    }
}

/* Row I of coarse rows of an image whose fine HEIGHT is mirrored: fine rows 2 i. */
static const float *coarse_row(const struct image *coarse, long i, unsigned height)
{
    return image_row(coarse, reflected_index(2 * i, height) / 2);
}

void doubling_row(const struct image *coarse, unsigned planes, unsigned width, unsigned height,
                  unsigned row, float *work, float *out)
{
    long middle = (long)(row / 2);
    const float *above = coarse_row(coarse, row % 2 ? middle : middle - 1, height);
    const float *below = coarse_row(coarse, middle + 1, height);
    const float *at = image_row(coarse, (unsigned)middle);
    unsigned half = coarse->width;
    float *sum = work + 1;
    for (unsigned plane = 0; plane < planes; plane++) {
        size_t from = (size_t)plane * half;
        if (row % 2)
            double_down_between(above + from, below + from, half, sum);
        else
            double_down(above + from, at + from, below + from, half, sum);
        sum[-1] = sum[reflected_index(-2, width) / 2];
        sum[half] = sum[reflected_index(2 * (long)half, width) / 2];
        double_across(sum, half, out + (size_t)plane * width);
    }
}
