/* SPDX-License-Identifier: MIT */

/*
 * A disc is a stack of horizontal runs, one a row, each half as wide as the disc is there, with
 * parts of pixels at its ends; a run's sum is a difference of sums from the left, taken between
 * pixels.
 */

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "disc.h"

/* Half the width of the disc of RADIUS, averaged over the row of pixels that is DY from its middle.
 */
static double half_width(int dy, double radius)
{
    double sum = 0;
    for (int i = 0; i < 8; i++) {
        double y = dy + (i - 3.5) / 8;
        sum += sqrt(fmax(radius * radius - y * y, 0)) / 8;
    }
    return sum;
}

/* To SUMS, from -REACH on, the sums of ROW from the left, its ends repeated. */
static void sum_row(const float *row, int width, int reach, float *sums)
{
    double sum = 0;
    for (int x = -reach; x <= width + reach; x++) {
        sums[x] = (float)sum;
        sum += (double)row[x < 0 ? 0 : x < width ? x : width - 1];
    }
}

static void add_run(const float *sums, int width, double half, float *out)
{
    double begin = 0.5 - half, end = 0.5 + half;
    ptrdiff_t first = (ptrdiff_t)floor(begin), last = (ptrdiff_t)floor(end);
    float in_first = (float)(begin - floor(begin)), in_last = (float)(end - floor(end));
    const float *a = sums + first, *b = sums + last;
    for (int x = 0; x < width; x++)
        out[x] += (b[x] + in_last * (b[x + 1] - b[x])) - (a[x] + in_first * (a[x + 1] - a[x]));
}

void disc_blur(const float *in, float *out, int width, int height, float radius)
{
    if (radius < 0.3f) {
        memcpy(out, in, (size_t)width * (size_t)height * sizeof *out);
        return;
    }
    int reach = (int)ceilf(radius) + 2, stride = width + 2 * reach + 2;
    float *sums = alloc_array((size_t)height * (size_t)stride, sizeof *sums);
    for (int y = 0; y < height; y++)
        sum_row(in + (ptrdiff_t)y * width, width, reach, sums + (ptrdiff_t)y * stride + reach);
    double area = 0;
    for (int dy = -reach; dy <= reach; dy++)
        area += 2 * half_width(dy, (double)radius);
    for (int y = 0; y < height; y++) {
        float *row = out + (ptrdiff_t)y * width;
        memset(row, 0, (size_t)width * sizeof *row);
        for (int dy = -reach; dy <= reach; dy++) {
            int from = y + dy < 0 ? 0 : y + dy < height ? y + dy : height - 1;
            double half = half_width(dy, (double)radius);
            if (half > 0)
                add_run(sums + (ptrdiff_t)from * stride + reach, width, half, row);
        }
        for (int x = 0; x < width; x++)
            row[x] *= (float)(1 / area);
    }
    free(sums);
}
