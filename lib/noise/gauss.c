/* SPDX-License-Identifier: MIT */

/*
 * A ring holds the horizontal sums of the last N rows, each computed once; a blurred row is the
 * vertical sum over the ring. Weights are whole numbers w with sum 2^s in one dimension, so that a
 * blurred sample is (sum of w_i w_j v_ij + 2^(2s-1)) >> 2s, exactly. For s <= 6 (N <= 7) the sums
 * of 16-bit samples fit 32 bits; for the larger kernels s = 16, the horizontal sums fit 32 bits and
 * the vertical ones 64.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "gauss.h"
#include "numbers.h"
#include "simd.h"

enum { LARGE_SHIFT = 16, SMALL_SIZE_MAX = 7 };

struct gauss {
    struct gauss_geometry geometry;
    unsigned size, radius, shift;
    uint32_t *weights;       /* size */
    size_t row_samples;      /* width * depth */
    size_t padded_samples;   /* a row with its reflections at both ends */
    uint16_t *rows;          /* ring of SIZE padded rows, not blurred */
    uint32_t *sums;          /* ring of their horizontal sums */
    const uint32_t **taps;   /* the ring's rows in the order of the kernel */
    uint64_t *total;         /* a row of vertical sums; NULL if 32 bits suffice */
    unsigned pushed, pulled; /* the next rows to push and pull */
};

/* The multiples of 2^-16 nearest to the sampled Gaussian; the centre takes what rounding leaves
   over, the smallest relative change. */
static void large_weights(unsigned size, uint32_t *weights)
{
    unsigned radius = size / 2;
    double sigma = 0.3 * (radius - 1.0) + 0.8;
    double sum = 0;
    for (unsigned i = 0; i < size; i++) {
        double x = (double)i - radius;
        sum += exp(-x * x / (2 * sigma * sigma));
    }
    uint32_t left = (uint32_t)1 << LARGE_SHIFT;
    for (unsigned i = 0; i < size; i++) {
        double x = (double)i - radius;
        double weight = exp(-x * x / (2 * sigma * sigma)) / sum;
        weights[i] = (uint32_t)lround(ldexp(weight, LARGE_SHIFT));
        left -= weights[i];
    }
    weights[radius] += left;
}

static void set_kernel(struct gauss *blur)
{
    static const uint8_t small[][SMALL_SIZE_MAX] = {
        {1}, {1, 2, 1}, {1, 4, 6, 4, 1}, {2, 7, 14, 18, 14, 7, 2}};
    if (blur->size > SMALL_SIZE_MAX) {
        blur->shift = LARGE_SHIFT;
        large_weights(blur->size, blur->weights);
        return;
    }
    blur->shift = 2 * blur->radius;
    for (unsigned i = 0; i < blur->size; i++)
        blur->weights[i] = small[blur->radius][i];
}

struct gauss *gauss_new(unsigned size, const struct gauss_geometry *geometry)
{
    struct gauss *blur = alloc_zeroed(1, sizeof *blur);
    blur->geometry = *geometry;
    blur->size = size;
    blur->radius = size / 2;
    blur->row_samples = (size_t)geometry->width * geometry->depth;
    blur->padded_samples = blur->row_samples + 2 * (size_t)blur->radius * geometry->depth;
    blur->weights = alloc_array(size, sizeof *blur->weights);
    blur->rows = alloc_array(alloc_product(size, blur->padded_samples), sizeof *blur->rows);
    blur->sums = alloc_array(alloc_product(size, blur->row_samples), sizeof *blur->sums);
    blur->taps = alloc_array(size, sizeof *blur->taps);
    if (size > SMALL_SIZE_MAX || geometry->weighted)
        blur->total = alloc_array(blur->row_samples, sizeof *blur->total);
    set_kernel(blur);
    return blur;
}

void gauss_free(struct gauss *blur)
{
    if (!blur)
        return;
    free(blur->weights);
    free(blur->rows);
    free(blur->sums);
    free(blur->taps);
    free(blur->total);
    free(blur);
}

unsigned gauss_restart(struct gauss *blur, unsigned first)
{
    blur->pulled = first;
    blur->pushed = first > blur->radius ? first - blur->radius : 0;
    return blur->pushed;
}

unsigned gauss_size(const struct gauss *blur)
{
    return blur->size;
}

const struct gauss_geometry *gauss_geometry(const struct gauss *blur)
{
    return &blur->geometry;
}

double gauss_weight(const struct gauss *blur, unsigned at, unsigned of, unsigned length)
{
    unsigned radius = blur->radius, distance = at > of ? at - of : of - at;
    uint32_t weight = 0;
    if (at >= radius && length - at > radius)
        weight = distance <= radius ? blur->weights[radius + distance] : 0;
    else
        for (unsigned k = 0; k < blur->size; k++)
            if (reflected_index((long)at + (long)k - (long)radius, length) == of)
                weight += blur->weights[k];
    return ldexp(weight, -(int)blur->shift);
}

static void pad(const struct gauss *blur, const uint16_t *samples, uint16_t *padded)
{
    unsigned depth = blur->geometry.depth, width = blur->geometry.width;
    size_t pixel = depth * sizeof *samples;
    uint16_t *inside = padded + (size_t)blur->radius * depth;
    memcpy(inside, samples, blur->row_samples * sizeof *samples);
    for (unsigned i = 1; i <= blur->radius; i++) {
        unsigned left = reflected_index(-(long)i, width);
        unsigned right = reflected_index((long)width - 1 + (long)i, width);
        memcpy(inside - (size_t)i * depth, samples + (size_t)left * depth, pixel);
        memcpy(inside + (size_t)(width - 1 + i) * depth, samples + (size_t)right * depth, pixel);
    }
}

/* The weighted sum of the taps around each of COUNT samples, RADIUS constant where it is inlined:
   IN is the padded row, STEP the distance of a plane's samples. */
static inline void sum_across(const uint16_t *restrict in, size_t step,
                              const uint32_t *restrict weights, unsigned radius, size_t count,
                              uint32_t *restrict sums)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t sum = weights[radius] * in[i + radius * step];
        for (unsigned k = 0; k < radius; k++)
            sum += weights[k] * ((uint32_t)in[i + k * step] + in[i + (2 * radius - k) * step]);
        sums[i] = sum;
    }
}

SIMD_CLONES
static void sum_rows_across(const uint16_t *restrict in, size_t step,
                            const uint32_t *restrict weights, unsigned radius, size_t count,
                            uint32_t *restrict sums)
{
    switch (radius) {
    case 0:
        sum_across(in, step, weights, 0, count, sums);
        return;
    case 1:
        sum_across(in, step, weights, 1, count, sums);
        return;
    case 2:
        sum_across(in, step, weights, 2, count, sums);
        return;
    case 3:
        sum_across(in, step, weights, 3, count, sums);
        return;
    default:
        memset(sums, 0, count * sizeof *sums);
        for (unsigned k = 0; k <= 2 * radius; k++)
            for (size_t i = 0; i < count; i++)
                sums[i] += weights[k] * in[i + k * step];
    }
}

void gauss_push(struct gauss *blur, const uint16_t *samples)
{
    unsigned slot = blur->pushed++ % blur->size;
    uint16_t *padded = blur->rows + slot * blur->padded_samples;
    pad(blur, samples, padded);
    sum_rows_across(padded, blur->geometry.depth, blur->weights, blur->radius, blur->row_samples,
                    blur->sums + slot * blur->row_samples);
}

static inline void sum_down(const uint32_t *const *rows, const uint32_t *restrict weights,
                            unsigned radius, unsigned shift, size_t count, uint16_t *restrict out)
{
    uint32_t half = (uint32_t)1 << (2 * shift) >> 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t sum = half + weights[radius] * rows[radius][i];
        for (unsigned k = 0; k < radius; k++)
            sum += weights[k] * (rows[k][i] + rows[2 * radius - k][i]);
        out[i] = (uint16_t)(sum >> (2 * shift));
    }
}

SIMD_CLONES
static void sum_small_down(const uint32_t *const *rows, const uint32_t *restrict weights,
                           unsigned radius, size_t count, uint16_t *restrict out)
{
    switch (radius) {
    case 0:
        sum_down(rows, weights, 0, 0, count, out);
        return;
    case 1:
        sum_down(rows, weights, 1, 2, count, out);
        return;
    case 2:
        sum_down(rows, weights, 2, 4, count, out);
        return;
    default:
        sum_down(rows, weights, 3, 6, count, out);
    }
}

SIMD_CLONES
static void add_tap(const uint32_t *restrict row, uint32_t weight, size_t count,
                    uint64_t *restrict total)
{
    for (size_t i = 0; i < count; i++)
        total[i] += (uint64_t)weight * row[i];
}

static void total_down(struct gauss *blur)
{
    memset(blur->total, 0, blur->row_samples * sizeof *blur->total);
    for (unsigned k = 0; k < blur->size; k++)
        add_tap(blur->taps[k], blur->weights[k], blur->row_samples, blur->total);
}

static void round_total(const struct gauss *blur, uint16_t *blurred)
{
    uint64_t half = (uint64_t)1 << (2 * blur->shift - 1);
    for (size_t i = 0; i < blur->row_samples; i++)
        blurred[i] = (uint16_t)((blur->total[i] + half) >> (2 * blur->shift));
}

/* Each colour's sum over the sum of the weights, rounded half up; 0 where the pixel's own weight is
   0. */
static void divide_by_weight(const struct gauss *blur, uint16_t *blurred)
{
    unsigned depth = blur->geometry.depth, colors = depth - 1;
    for (unsigned x = 0; x < blur->geometry.width; x++) {
        const uint64_t *total = blur->total + (size_t)x * depth;
        const uint16_t *center = gauss_center(blur) + (size_t)x * depth;
        uint16_t *out = blurred + (size_t)x * depth;
        uint64_t weight = total[colors];
        for (unsigned c = 0; c < colors; c++)
            out[c] = (uint16_t)(center[colors] ? (2 * total[c] + weight) / (2 * weight) : 0);
        out[colors] = center[colors];
    }
}

const uint16_t *gauss_center(const struct gauss *blur)
{
    const uint16_t *padded = blur->rows + (blur->pulled - 1) % blur->size * blur->padded_samples;
    return padded + (size_t)blur->radius * blur->geometry.depth;
}

bool gauss_pull(struct gauss *blur, uint16_t *blurred, unsigned *row)
{
    unsigned height = blur->geometry.height;
    if (blur->pulled == height ||
        (blur->pushed < height && blur->pushed <= blur->pulled + blur->radius))
        return false;
    *row = blur->pulled++;
    for (unsigned k = 0; k < blur->size; k++) {
        unsigned from = reflected_index((long)*row + (long)k - (long)blur->radius, height);
        blur->taps[k] = blur->sums + from % blur->size * blur->row_samples;
    }
    if (blur->total)
        total_down(blur);
    if (blur->geometry.weighted)
        divide_by_weight(blur, blurred);
    else if (blur->total)
        round_total(blur, blurred);
    else
        sum_small_down(blur->taps, blur->weights, blur->radius, blur->row_samples, blurred);
    return true;
}
