/* SPDX-License-Identifier: MIT */

/*
 * A hole is a 4-connected set of noisy pixels in raster order. Successive over-relaxation solves
 * the equation: in that order, v := v + w (mean of the neighbours - v), with w = 2 / (1 + 3 / (n +
 * 1)), n the hole's smaller extent. This w is close to the optimum for a square, 2 / (1 + sin(pi /
 * (n + 1))), and its operations give the same result on every machine.
 */

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alloc.h"
#include "membrane.h"

enum { SIDES = 4 };

/* The most steps for all holes of a plane, about half a second; but each hole gets MIN_PASSES
   passes. */
enum { STEPS_MAX = 1 << 27, MIN_PASSES = 30 };

/* What lies beside a pixel of a hole; from 0 on, the index of another pixel of the hole. */
enum { NOTHING = -1, GOOD = -2 };

struct cell {
    unsigned x, y;
    int32_t beside[SIDES]; /* left, right, above, below */
};

struct hole {
    size_t first, count; /* of its cells */
    unsigned extent;     /* the smaller of its width and height */
};

struct membrane {
    unsigned width, height;
    struct cell *cells;
    size_t cell_count;
    struct hole *holes;
    size_t hole_count;
    /* With room for the largest hole: */
    double *value, *rim; /* of each cell: v, and the sum of its good neighbours */
    double *neighbors;   /* how many neighbours count; 0 if it is not filled */
};

static int compare_indices(const void *a, const void *b)
{
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    return (i > j) - (i < j);
}

/* Moves X, Y to the pixel at SIDE; false if that is outside the image. */
static bool step(const struct membrane *membrane, unsigned side, unsigned *x, unsigned *y)
{
    bool outside = side == 0   ? *x == 0
                   : side == 1 ? *x == membrane->width - 1
                   : side == 2 ? *y == 0
                               : *y == membrane->height - 1;
    if (outside)
        return false;
    *x += side == 1;
    *x -= side == 0;
    *y += side == 3;
    *y -= side == 2;
    return true;
}

/* Writes the raster indices of the pixels connected with START to PIXELS, in order, and clears
   their BIT in LEFT, the pixels still to be found. Returns how many. */
static size_t collect(const struct membrane *membrane, uint8_t *left, uint8_t bit, size_t start,
                      size_t *pixels)
{
    size_t count = 0;
    left[start] &= (uint8_t)~bit;
    pixels[count++] = start;
    for (size_t i = 0; i < count; i++)
        for (unsigned side = 0; side < SIDES; side++) {
            unsigned x = (unsigned)(pixels[i] % membrane->width);
            unsigned y = (unsigned)(pixels[i] / membrane->width);
            if (!step(membrane, side, &x, &y))
                continue;
            size_t at = (size_t)y * membrane->width + x;
            if (left[at] & bit)
                pixels[count++] = at;
            left[at] &= (uint8_t)~bit;
        }
    qsort(pixels, count, sizeof *pixels, compare_indices);
    return count;
}

/* What is at SIDE of the pixel X, Y of the hole of COUNT PIXELS. */
static int32_t find_beside(const struct membrane *membrane, const size_t *pixels, size_t count,
                           unsigned side, unsigned x, unsigned y)
{
    if (!step(membrane, side, &x, &y))
        return NOTHING;
    size_t at = (size_t)y * membrane->width + x;
    const size_t *found = bsearch(&at, pixels, count, sizeof *pixels, compare_indices);
    return found ? (int32_t)(found - pixels) : GOOD;
}

static struct hole make_hole(const struct membrane *membrane, const size_t *pixels, size_t first,
                             size_t count)
{
    unsigned left = membrane->width, right = 0;
    for (size_t i = 0; i < count; i++) {
        struct cell *cell = &membrane->cells[first + i];
        cell->x = (unsigned)(pixels[i] % membrane->width);
        cell->y = (unsigned)(pixels[i] / membrane->width);
        left = cell->x < left ? cell->x : left;
        right = cell->x > right ? cell->x : right;
        for (unsigned side = 0; side < SIDES; side++)
            cell->beside[side] = find_beside(membrane, pixels, count, side, cell->x, cell->y);
    }
    unsigned width = right - left + 1;
    unsigned height = membrane->cells[first + count - 1].y - membrane->cells[first].y + 1;
    return (struct hole){first, count, width < height ? width : height};
}

struct membrane *membrane_new(const uint8_t *noisy, uint8_t bit, unsigned width, unsigned height)
{
    struct membrane *membrane = alloc_zeroed(1, sizeof *membrane);
    membrane->width = width;
    membrane->height = height;
    size_t pixels = (size_t)width * height, count = 0, largest = 1;
    uint8_t *left = alloc_array(pixels, 1);
    for (size_t i = 0; i < pixels; i++)
        count += ((left[i] = noisy[i]) & bit) != 0;
    size_t *connected = alloc_array(count + 1, sizeof *connected);
    membrane->cells = alloc_array(count + 1, sizeof *membrane->cells);
    membrane->holes = alloc_array(count + 1, sizeof *membrane->holes);
    membrane->cell_count = count;
    size_t first = 0;
    for (size_t i = 0; first < count; i++) {
        if (!(left[i] & bit))
            continue;
        size_t size = collect(membrane, left, bit, i, connected);
        membrane->holes[membrane->hole_count++] = make_hole(membrane, connected, first, size);
        first += size;
        largest = size > largest ? size : largest;
    }
    membrane->value = alloc_array(largest, sizeof *membrane->value);
    membrane->rim = alloc_array(largest, sizeof *membrane->rim);
    membrane->neighbors = alloc_array(largest, sizeof *membrane->neighbors);
    free(left);
    free(connected);
    return membrane;
}

void membrane_free(struct membrane *membrane)
{
    if (!membrane)
        return;
    free(membrane->cells);
    free(membrane->holes);
    free(membrane->value);
    free(membrane->rim);
    free(membrane->neighbors);
    free(membrane);
}

static bool is_opaque(const struct frame *frame, unsigned x, unsigned y)
{
    return !frame_has_opacity(frame) || frame_get(frame, x, y, frame->depth - 1) > 0;
}

size_t membrane_holes(const struct membrane *membrane)
{
    return membrane->hole_count;
}

size_t membrane_pixels(const struct membrane *membrane, size_t hole)
{
    return membrane->holes[hole].count;
}

void membrane_pixel(const struct membrane *membrane, size_t hole, size_t i, unsigned *x,
                    unsigned *y)
{
    const struct cell *cell = &membrane->cells[membrane->holes[hole].first + i];
    *x = cell->x;
    *y = cell->y;
}

/* Finds which neighbours count, and the sums over the rim; sets all of the hole to the rim's mean.
   False if there is no rim. */
static bool set_up(const struct membrane *membrane, const struct hole *hole,
                   const struct frame *frame, unsigned color)
{
    const struct cell *cells = membrane->cells + hole->first;
    double sum = 0, count = 0;
    for (size_t i = 0; i < hole->count; i++) {
        membrane->rim[i] = membrane->neighbors[i] = 0;
        if (!is_opaque(frame, cells[i].x, cells[i].y))
            continue;
        for (unsigned side = 0; side < SIDES; side++) {
            unsigned x = cells[i].x, y = cells[i].y;
            if (!step(membrane, side, &x, &y) || !is_opaque(frame, x, y))
                continue;
            membrane->neighbors[i]++;
            if (cells[i].beside[side] == GOOD) {
                membrane->rim[i] += frame_get(frame, x, y, color);
                count++;
            }
        }
        sum += membrane->rim[i];
    }
    for (size_t i = 0; i < hole->count; i++)
        membrane->value[i] = count > 0 ? sum / count : 0;
    return count > 0;
}

/* One pass over the hole; returns the largest change. */
static double relax(const struct membrane *membrane, const struct hole *hole, double factor)
{
    const struct cell *cells = membrane->cells + hole->first;
    double *value = membrane->value, most = 0;
    for (size_t i = 0; i < hole->count; i++) {
        if (membrane->neighbors[i] == 0)
            continue;
        double sum = membrane->rim[i];
        for (unsigned side = 0; side < SIDES; side++) {
            int32_t other = cells[i].beside[side];
            if (other >= 0 && membrane->neighbors[other] > 0)
                sum += value[other];
        }
        double change = factor * (sum / membrane->neighbors[i] - value[i]);
        value[i] += change;
        most = fabs(change) > most ? fabs(change) : most;
    }
    return most;
}

/* The most passes over a hole: what a square of its extent needs, bounded by the plane's steps. */
static size_t most_passes(const struct membrane *membrane, const struct hole *hole)
{
    size_t wanted = 100 + 4 * (size_t)hole->extent, share = STEPS_MAX / membrane->cell_count;
    share = share > MIN_PASSES ? share : MIN_PASSES;
    return wanted < share ? wanted : share;
}

/* Rounds halves up, even if the approximate solution lies just below them. */
static unsigned round_half_up(double value, unsigned maxval)
{
    double rounded = floor(value + 0.5 + 1e-4);
    return rounded < 0 ? 0 : rounded > maxval ? maxval : (unsigned)rounded;
}

bool membrane_fill(const struct membrane *membrane, size_t hole, struct frame *frame,
                   unsigned color)
{
    const struct hole *here = &membrane->holes[hole];
    if (!set_up(membrane, here, frame, color))
        return false;
    double factor = here->extent == 1 ? 1 : 2 / (1 + 3.0 / (here->extent + 1));
    size_t passes = most_passes(membrane, here);
    while (relax(membrane, here, factor) > 1e-6 && --passes > 0)
        ;
    const struct cell *cells = membrane->cells + here->first;
    for (size_t i = 0; i < here->count; i++)
        if (is_opaque(frame, cells[i].x, cells[i].y))
            frame_put(frame, cells[i].x, cells[i].y, color,
                      round_half_up(membrane->value[i], frame->maxval));
    return true;
}
