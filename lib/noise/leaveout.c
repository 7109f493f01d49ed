/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "leaveout.h"
#include "simd.h"

struct row {
    struct leaveout_row samples;
    uint32_t *sources; /* the indices of samples in Q, in order */
    float *first;      /* their h0, at the same indices */
    float *height;     /* their h */
    size_t count;      /* of sources */
};

struct leaveout {
    const struct gauss *blur;
    struct gauss_geometry geometry;
    size_t row_samples;
    unsigned limit, maxval, reach, ring_rows;
    struct row *ring;
    double *around;              /* a row of the sums over Q */
    unsigned pushed, pulled;     /* the next rows to push and pull */
    unsigned searched, measured; /* the next rows to find sources in, and their h */
};

struct leaveout *leaveout_new(const struct gauss *blur, unsigned limit, unsigned maxval)
{
    struct leaveout *leaveout = alloc_zeroed(1, sizeof *leaveout);
    unsigned radius = gauss_size(blur) / 2;
    leaveout->blur = blur;
    leaveout->geometry = *gauss_geometry(blur);
    leaveout->row_samples = (size_t)leaveout->geometry.width * leaveout->geometry.depth;
    leaveout->limit = limit;
    leaveout->maxval = maxval;
    leaveout->reach = radius < LEAVEOUT_REACH_MAX ? radius : LEAVEOUT_REACH_MAX;
    leaveout->ring_rows = 4 * leaveout->reach + 1;
    leaveout->ring = alloc_zeroed(leaveout->ring_rows, sizeof *leaveout->ring);
    leaveout->around = alloc_array(leaveout->row_samples, sizeof *leaveout->around);
    for (unsigned i = 0; i < leaveout->ring_rows; i++) {
        struct row *row = &leaveout->ring[i];
        row->samples.mean = alloc_array(leaveout->row_samples, sizeof *row->samples.mean);
        row->samples.spread = alloc_array(leaveout->row_samples, sizeof *row->samples.spread);
        row->samples.size = alloc_array(leaveout->row_samples, sizeof *row->samples.size);
        row->sources = alloc_array(leaveout->row_samples, sizeof *row->sources);
        row->first = alloc_array(leaveout->row_samples, sizeof *row->first);
        row->height = alloc_array(leaveout->row_samples, sizeof *row->height);
    }
    return leaveout;
}

void leaveout_free(struct leaveout *leaveout)
{
    if (!leaveout)
        return;
    for (unsigned i = 0; i < leaveout->ring_rows; i++) {
        struct row *row = &leaveout->ring[i];
        free(row->samples.mean);
        free(row->samples.spread);
        free(row->samples.size);
        free(row->sources);
        free(row->first);
        free(row->height);
    }
    free(leaveout->ring);
    free(leaveout->around);
    free(leaveout);
}

static struct row *row_at(const struct leaveout *leaveout, unsigned row)
{
    return &leaveout->ring[row % leaveout->ring_rows];
}

/* The first and the last place within REACH of AT on an axis of LENGTH. */
static unsigned reach_first(unsigned at, unsigned reach)
{
    return at > reach ? at - reach : 0;
}

static unsigned reach_last(unsigned at, unsigned reach, unsigned length)
{
    return length - 1 - at > reach ? at + reach : length - 1;
}

/* The weight of a sample in its own blur. */
static double own_weight(const struct leaveout *leaveout, unsigned column, unsigned row)
{
    return gauss_weight(leaveout->blur, column, column, leaveout->geometry.width) *
           gauss_weight(leaveout->blur, row, row, leaveout->geometry.height);
}

/* Whether a sample in reach of sample I of row AT deviates to the other side, and by more. */
static bool is_shadow(const struct leaveout *leaveout, unsigned at, size_t i)
{
    const struct gauss_geometry *geometry = &leaveout->geometry;
    const struct leaveout_row *here = &row_at(leaveout, at)->samples;
    unsigned column = (unsigned)(i / geometry->depth), plane = (unsigned)(i % geometry->depth);
    unsigned left = reach_first(column, leaveout->reach);
    unsigned right = reach_last(column, leaveout->reach, geometry->width);
    unsigned bottom = reach_last(at, leaveout->reach, geometry->height);
    for (unsigned y = reach_first(at, leaveout->reach); y <= bottom; y++) {
        const struct leaveout_row *row = &row_at(leaveout, y)->samples;
        for (unsigned x = left; x <= right; x++) {
            size_t other = (size_t)x * geometry->depth + plane;
            if (row->size[other] > here->size[i] && (row->mean[other] > 0) != (here->mean[i] > 0))
                return true;
        }
    }
    return false;
}

SIMD_CLONES
static uint16_t largest_size(const uint16_t *samples, size_t count)
{
    uint16_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = samples[i] > most ? samples[i] : most;
    return most;
}

/* Finds Q in row AT, and its h0. */
static void find_sources(const struct leaveout *leaveout, unsigned at)
{
    struct row *row = row_at(leaveout, at);
    row->count = 0;
    if (largest_size(row->samples.size, leaveout->row_samples) <= leaveout->limit)
        return;
    for (size_t i = 0; i < leaveout->row_samples; i++) {
        if (row->samples.size[i] <= leaveout->limit || is_shadow(leaveout, at, i))
            continue;
        unsigned column = (unsigned)(i / leaveout->geometry.depth);
        row->sources[row->count] = (uint32_t)i;
        row->first[row->count++] =
            (float)(row->samples.mean[i] / (1 - own_weight(leaveout, column, at)));
    }
}

/* Adds to AROUND the contribution of row FROM's sources to row AT: of h0 if FIRST, else of h. */
static void add_sources(const struct leaveout *leaveout, unsigned from, unsigned at, bool first)
{
    const struct gauss_geometry *geometry = &leaveout->geometry;
    const struct row *row = row_at(leaveout, from);
    const float *heights = first ? row->first : row->height;
    double down = gauss_weight(leaveout->blur, at, from, geometry->height);
    for (size_t i = 0; i < row->count; i++) {
        unsigned column = row->sources[i] / geometry->depth;
        unsigned plane = row->sources[i] % geometry->depth;
        unsigned right = reach_last(column, leaveout->reach, geometry->width);
        for (unsigned x = reach_first(column, leaveout->reach); x <= right; x++)
            if (x != column || from != at)
                leaveout->around[(size_t)x * geometry->depth + plane] +=
                    heights[i] * down * gauss_weight(leaveout->blur, x, column, geometry->width);
    }
}

/* Sets AROUND to the sums over Q for row AT; false if no source is in reach, so that all are 0. */
static bool sum_around(const struct leaveout *leaveout, unsigned at, bool first)
{
    unsigned bottom = reach_last(at, leaveout->reach, leaveout->geometry.height);
    bool any = false;
    for (unsigned y = reach_first(at, leaveout->reach); y <= bottom; y++) {
        if (row_at(leaveout, y)->count == 0)
            continue;
        if (!any)
            memset(leaveout->around, 0, leaveout->row_samples * sizeof *leaveout->around);
        any = true;
        add_sources(leaveout, y, at, first);
    }
    return any;
}

/* Sets the h of the sources of row AT. */
static void measure_sources(const struct leaveout *leaveout, unsigned at)
{
    struct row *row = row_at(leaveout, at);
    if (row->count == 0)
        return;
    sum_around(leaveout, at, true);
    for (size_t i = 0; i < row->count; i++) {
        uint32_t sample = row->sources[i];
        unsigned column = sample / leaveout->geometry.depth;
        row->height[i] = (float)((row->samples.mean[sample] + leaveout->around[sample]) /
                                 (1 - own_weight(leaveout, column, at)));
    }
}

struct leaveout_row *leaveout_push(struct leaveout *leaveout)
{
    return &row_at(leaveout, leaveout->pushed++)->samples;
}

SIMD_CLONES
static void copy_sizes(const struct leaveout_row *row, size_t count, uint16_t *restrict size,
                       uint16_t *restrict hot)
{
    for (size_t i = 0; i < count; i++) {
        size[i] = row->size[i];
        hot[i] = row->mean[i] > 0 ? 65535 : 0;
    }
}

static void correct_sizes(const struct leaveout_row *row, const double *around, size_t count,
                          unsigned maxval, uint16_t *size, uint16_t *hot)
{
    for (size_t i = 0; i < count; i++) {
        if (around[i] == 0)
            continue;
        double deviation = row->mean[i] + around[i];
        double value = fabs(deviation) - row->spread[i];
        size[i] = (uint16_t)(value < 0 ? 0 : value > maxval ? maxval : value + 0.5);
        hot[i] = deviation > 0 ? 65535 : 0;
    }
}

bool leaveout_pull(struct leaveout *leaveout, uint16_t *size, uint16_t *hot)
{
    unsigned height = leaveout->geometry.height, reach = leaveout->reach, at = leaveout->pulled;
    if (at == height || (leaveout->pushed < height && leaveout->pushed <= at + 3 * reach))
        return false;
    while (leaveout->searched <= reach_last(at, 2 * reach, height))
        find_sources(leaveout, leaveout->searched++);
    while (leaveout->measured <= reach_last(at, reach, height))
        measure_sources(leaveout, leaveout->measured++);
    const struct leaveout_row *row = &row_at(leaveout, at)->samples;
    copy_sizes(row, leaveout->row_samples, size, hot);
    if (sum_around(leaveout, at, false))
        correct_sizes(row, leaveout->around, leaveout->row_samples, leaveout->maxval, size, hot);
    leaveout->pulled++;
    return true;
}
