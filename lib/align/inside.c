/* SPDX-License-Identifier: MIT */

/*
 * With (U, V, W) = M (x, y, 1), a point is inside where W > 0 and
 *
 *     U + W/2 >= 0,   (width - 1/2) W - U >= 0,   V + W/2 >= 0,   (height - 1/2) W - V >= 0
 *
 * Along a row each of these is a x + b >= 0, so the columns inside form one interval. What is
 * inside is the intersection of half planes, hence convex: down the rows, the left ends of the
 * intervals first fall, then rise. So the rows y0..y1 share the columns that the rows y0 and y1
 * share, and the largest rectangle is found by trying all pairs of rows.
 */

#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "inside.h"

#define TOLERANCE 1e-6 /* pixels: points on the edge are inside in spite of rounding */

struct inside {
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

void inside_span(const struct transform *t, unsigned width, unsigned height, double y,
                 unsigned columns, unsigned *first, unsigned *end)
{
    double a[3], b[3];
    for (int i = 0; i < 3; i++) {
        a[i] = t->m[i][0];
        b[i] = t->m[i][1] * y + t->m[i][2];
    }
    double low = 0, high = columns - 1.0;
    narrow(a[2], b[2] - 1e-9, &low, &high);
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

bool inside_any(const struct transform *t, unsigned width, unsigned height)
{
    unsigned first = 0, end = 0;
    for (unsigned y = 0; y < height && first == end; y++)
        inside_span(t, width, height, y, width, &first, &end);
    return first < end;
}

struct inside *inside_all(unsigned width, unsigned height)
{
    struct inside *inside = alloc_zeroed(1, sizeof *inside);
    inside->width = width;
    inside->height = height;
    inside->first = alloc_zeroed(height, sizeof *inside->first);
    inside->end = alloc_array(height, sizeof *inside->end);
    for (unsigned y = 0; y < height; y++)
        inside->end[y] = width;
    return inside;
}

void inside_free(struct inside *inside)
{
    free(inside->first);
    free(inside->end);
    free(inside);
}

void inside_keep(struct inside *inside, const struct transform *t)
{
    for (unsigned y = 0; y < inside->height; y++) {
        unsigned first, end;
        inside_span(t, inside->width, inside->height, y, inside->width, &first, &end);
        if (first > inside->first[y])
            inside->first[y] = first;
        if (end < inside->end[y])
            inside->end[y] = end;
    }
}

/* Rows that, at the width that the rows from TOP to BOTTOM share, are too few to make a larger
   rectangle than the largest so far, are passed over: the width only falls on the way down. So a
   row takes no more steps than it has widths, and finds of larger areas apart. */
bool inside_largest(const struct inside *inside, struct rectangle *largest)
{
    size_t most = 0;
    for (size_t top = 0; top < inside->height; top++) {
        unsigned left = inside->first[top], right = inside->end[top];
        for (size_t bottom = top; left < right; bottom++) {
            size_t least = top + most / (right - left);
            bottom = bottom > least ? bottom : least;
            if (bottom >= inside->height)
                break;
            if (inside->first[bottom] > left)
                left = inside->first[bottom];
            if (inside->end[bottom] < right)
                right = inside->end[bottom];
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
