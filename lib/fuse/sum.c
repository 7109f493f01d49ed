/* SPDX-License-Identifier: MIT */

/*
 * A sum is a double rounded to the 32 leading bits of its significand. The first 24 of them are a
 * float, if it is in the range of normal floats; the others follow at once in the double's bits.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "simd.h"
#include "sum.h"

/* Bits of a double behind those of the float, and behind those of the rest. */
enum { BEHIND_FLOAT = 29, BEHIND_REST = 21 };

void sum_alloc(struct sum *sum, unsigned width, unsigned height, unsigned colors)
{
    image_alloc(&sum->image, width, height, colors + 1);
    sum->rest = alloc_zeroed(alloc_product(image_row_samples(&sum->image), height), 1);
}

void sum_free(struct sum *sum)
{
    image_free(&sum->image);
    free(sum->rest);
    *sum = (struct sum){0};
}

double sum_bytes(unsigned width, unsigned height, unsigned colors)
{
    return image_bytes(width, height, colors + 1) + (double)width * height * (colors + 1);
}

static unsigned char *rest_row(const struct sum *sum, unsigned row)
{
    return sum->rest + row * image_row_samples(&sum->image);
}

static inline double join(float first, unsigned char rest)
{
    double value = first;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits |= (uint64_t)rest << BEHIND_REST;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The reverse of join(). */
static inline void cut(double value, float *first, unsigned char *rest)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits += UINT64_C(1) << (BEHIND_REST - 1);
    *rest = (unsigned char)(bits >> BEHIND_REST);
    bits = bits >> BEHIND_FLOAT << BEHIND_FLOAT;
    memcpy(&value, &bits, sizeof value);
    *first = (float)value;
}

SIMD_CLONES
static void add_products(const float *restrict detail, const float *restrict weight, unsigned width,
                         float *restrict first, unsigned char *restrict rest)
{
    for (unsigned i = 0; i < width; i++)
        cut(join(first[i], rest[i]) + (double)weight[i] * (double)detail[i], &first[i], &rest[i]);
}

SIMD_CLONES
static void add_weights(const float *restrict weight, unsigned width, float *restrict first,
                        unsigned char *restrict rest)
{
    for (unsigned i = 0; i < width; i++)
        cut(join(first[i], rest[i]) + (double)weight[i], &first[i], &rest[i]);
}

void sum_add(struct sum *sum, unsigned row, const float *detail, const float *weight)
{
    unsigned width = sum->image.width, colors = sum->image.planes - 1;
    float *first = image_row(&sum->image, row);
    unsigned char *rest = rest_row(sum, row);
    size_t plane = 0;
    for (; plane < colors; plane++)
        add_products(detail + plane * width, weight, width, first + plane * width,
                     rest + plane * width);
    add_weights(weight, width, first + plane * width, rest + plane * width);
}

/* A, in FIRST and REST, becomes x. */
SIMD_CLONES
static void solve_plane(float *restrict first, const unsigned char *restrict rest, unsigned width,
                        const float *restrict weight, const unsigned char *restrict weight_rest,
                        const float *restrict coarser)
{
    for (unsigned i = 0; i < width; i++) {
        double detail = join(first[i], rest[i]) / join(weight[i], weight_rest[i]);
        first[i] = (float)(detail + (double)coarser[i]);
    }
}

void sum_solve(struct sum *sum, unsigned row, const float *coarser)
{
    size_t width = sum->image.width, colors = sum->image.planes - 1;
    float *first = image_row(&sum->image, row);
    const unsigned char *rest = rest_row(sum, row);
    for (size_t plane = 0; plane < colors; plane++)
        solve_plane(first + plane * width, rest + plane * width, sum->image.width,
                    first + colors * width, rest + colors * width, coarser + plane * width);
}
