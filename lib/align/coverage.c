/* SPDX-License-Identifier: MIT */

/*
 * With (U, V, W) = M (x, y, 1), a point is inside where W > 0 and
 *
 *     U + W/2 >= 0,   (width - 1/2) W - U >= 0,   V + W/2 >= 0,   (height - 1/2) W - V >= 0
 *
 * The first two say W >= 0 in sum, and W = 0 would be U = V = 0, which no invertible M gives.
 *
 * Along a row each of these is a x + b >= 0, so the columns inside form one interval. What is
 * inside is the intersection of half planes, hence convex: down the rows, the left ends of the
 * intervals first fall, then rise. So the rows y0..y1 share the columns that the rows y0 and y1
 * share, and the largest rectangle is found by trying all pairs of rows.
 */

#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "coverage.h"

#define TOLERANCE 1e-6 /* pixels: points on the edge are inside in spite of rounding */

struct coverage {
    unsigned width, height;
    unsigned *first, *end; /* of each row */
};

/* Narrows LOW..HIGH to where A x + B >= 0. */
static void narrow(double a, double b, double *low, double *high)
{
    if (a > 0)
        *low = fmax(*low, -b / a);
    else if (a < 0)
        *high = fmin(*high, -b / a);
    else if (b < 0)
        *high = -INFINITY;
}

void coverage_span(const struct transform *t, unsigned width, unsigned height, double y,
                   unsigned columns, unsigned *first, unsigned *end)
{
    double a[3], b[3];
    for (int i = 0; i < 3; i++) {
        a[i] = t->m[i][0];
        b[i] = t->m[i][1] * y + t->m[i][2];
    }
    double low = 0, high = columns - 1.0;
    double size[2] = {width, height};
    for (int i = 0; i < 2; i++) {
        double before = 0.5 + TOLERANCE, behind = size[i] - 0.5 + TOLERANCE;
        narrow(a[i] + before * a[2], b[i] + before * b[2], &low, &high);
        narrow(behind * a[2] - a[i], behind * b[2] - b[i], &low, &high);
    }
    *first = *end = 0;
    low = ceil(low);
    high = floor(high);
    if (low <= high) {
        *first = (unsigned)low;
        *end = (unsigned)high + 1;
    }
}

bool coverage_any(const struct transform *t, unsigned width, unsigned height)
{
    unsigned first = 0, end = 0;
    for (unsigned y = 0; y < height && first == end; y++)
        coverage_span(t, width, height, y, width, &first, &end);
    return first < end;
}

struct coverage *coverage_all(unsigned width, unsigned height)
{
    struct coverage *coverage = alloc_zeroed(1, sizeof *coverage);
    coverage->width = width;
    coverage->height = height;
    coverage->first = alloc_zeroed(height, sizeof *coverage->first);
    coverage->end = alloc_array(height, sizeof *coverage->end);
    for (unsigned y = 0; y < height; y++)
        coverage->end[y] = width;
    return coverage;
}

void coverage_free(struct coverage *coverage)
{
    free(coverage->first);
    free(coverage->end);
    free(coverage);
}

void coverage_keep(struct coverage *coverage, const struct transform *t)
{
    for (unsigned y = 0; y < coverage->height; y++) {
        unsigned first, end;
        coverage_span(t, coverage->width, coverage->height, y, coverage->width, &first, &end);
        if (first > coverage->first[y])
            coverage->first[y] = first;
        if (end < coverage->end[y])
            coverage->end[y] = end;
    }
}

/* Skips rows too few to make a larger rectangle than the largest so far at the width that the rows
   from TOP to BOTTOM share: the width only falls on the way down. So each step either narrows the
   width or finds a larger rectangle. */
bool coverage_largest(const struct coverage *coverage, struct rectangle *largest)
{
    size_t most = 0;
    for (size_t top = 0; top < coverage->height; top++) {
        unsigned left = coverage->first[top], right = coverage->end[top];
        for (size_t bottom = top; left < right; bottom++) {
            size_t least = top + most / (right - left);
            bottom = bottom > least ? bottom : least;
            if (bottom >= coverage->height)
                break;
            if (coverage->first[bottom] > left)
                left = coverage->first[bottom];
            if (coverage->end[bottom] < right)
                right = coverage->end[bottom];
            size_t area = left < right ? (right - left) * (bottom - top + 1) : 0;
            if (area > most) {
                most = area;
                *largest = (struct rectangle){left, (unsigned)top, right - left,
                                              (unsigned)(bottom - top + 1)};
            }
        }
    }
    return most > 0;
}
