/* SPDX-License-Identifier: MIT */

/*
 * The ring's range from two rows: the least and greatest over all five rows, of which its sides are
 * made, and over the first and the last of them, of which its ends are.
 */

#include <stddef.h>
#include <stdlib.h>

#include "alloc.h"
#include "numbers.h"
#include "ring.h"
#include "simd.h"

enum { REACH = 2, TAPS = 2 * REACH + 1 };

/* The least and the greatest of some samples. */
struct range {
    uint16_t *low, *high;
};

struct ring {
    unsigned width, height, planes;
    size_t samples;            /* of a row */
    const struct frame *frame; /* not owned */
    unsigned got, made;        /* rows */
    uint16_t *pixels;          /* a row as the frame has it */
    uint16_t *rows;            /* the last TAPS that were got */
    struct range all, ends;    /* of a plane's row, padded */
    struct range around;       /* a row */
};

static struct range range_new(size_t samples)
{
    return (struct range){alloc_array(samples, sizeof(uint16_t)),
                          alloc_array(samples, sizeof(uint16_t))};
}

static void range_free(struct range *range)
{
    free(range->low);
    free(range->high);
}

struct ring *ring_new(const struct frame *geometry)
{
    struct ring *ring = alloc_zeroed(1, sizeof *ring);
    ring->width = geometry->width;
    ring->height = geometry->height;
    ring->planes = geometry->depth;
    ring->samples = frame_row_samples(geometry);
    size_t padded = (size_t)ring->width + 2 * REACH;
    ring->pixels = alloc_array(ring->samples, sizeof *ring->pixels);
    ring->rows = alloc_array(TAPS * ring->samples, sizeof *ring->rows);
    ring->all = range_new(padded);
    ring->ends = range_new(padded);
    ring->around = range_new(ring->samples);
    return ring;
}

void ring_free(struct ring *ring)
{
    if (!ring)
        return;
    free(ring->pixels);
    free(ring->rows);
    range_free(&ring->all);
    range_free(&ring->ends);
    range_free(&ring->around);
    free(ring);
}

void ring_begin(struct ring *ring, const struct frame *frame)
{
    ring->frame = frame;
    ring->got = ring->made = 0;
}

static uint16_t *slot(const struct ring *ring, unsigned row)
{
    return ring->rows + row % TAPS * ring->samples;
}

SIMD_CLONES
static void split_pairs(const uint16_t *restrict from, size_t width, uint16_t *restrict to)
{
    uint16_t *restrict second = to + width;
    for (size_t i = 0; i < width; i++) {
        to[i] = from[2 * i];
        second[i] = from[2 * i + 1];
    }
}

SIMD_CLONES
static void split_triples(const uint16_t *restrict from, size_t width, uint16_t *restrict to)
{
    uint16_t *restrict second = to + width, *restrict third = second + width;
    for (size_t i = 0; i < width; i++) {
        to[i] = from[3 * i];
        second[i] = from[3 * i + 1];
        third[i] = from[3 * i + 2];
    }
}

SIMD_CLONES
static void split_quads(const uint16_t *restrict from, size_t width, uint16_t *restrict to)
{
    uint16_t *restrict second = to + width, *restrict third = second + width;
    uint16_t *restrict fourth = third + width;
    for (size_t i = 0; i < width; i++) {
        to[i] = from[4 * i];
        second[i] = from[4 * i + 1];
        third[i] = from[4 * i + 2];
        fourth[i] = from[4 * i + 3];
    }
}

/* The next row of the frame, plane after plane. */
static void get_row(struct ring *ring)
{
    uint16_t *row = slot(ring, ring->got);
    uint16_t *pixels = ring->planes == 1 ? row : ring->pixels;
    frame_get_row(ring->frame, ring->got++, pixels);
    if (ring->planes == 2)
        split_pairs(pixels, ring->width, row);
    else if (ring->planes == 3)
        split_triples(pixels, ring->width, row);
    else if (ring->planes == 4)
        split_quads(pixels, ring->width, row);
}

static inline uint16_t least(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static inline uint16_t most(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

SIMD_CLONES
static void range_over(const uint16_t *const tap[TAPS], size_t from, unsigned count,
                       uint16_t *restrict all_low, uint16_t *restrict all_high,
                       uint16_t *restrict ends_low, uint16_t *restrict ends_high)
{
    const uint16_t *a = tap[0] + from, *b = tap[1] + from, *c = tap[2] + from;
    const uint16_t *d = tap[3] + from, *e = tap[4] + from;
    for (unsigned i = 0; i < count; i++) {
        ends_low[i] = least(a[i], e[i]);
        ends_high[i] = most(a[i], e[i]);
        all_low[i] = least(ends_low[i], least(least(b[i], d[i]), c[i]));
        all_high[i] = most(ends_high[i], most(most(b[i], d[i]), c[i]));
    }
}

/* Puts the samples that are mirrored there before and behind the COUNT of ROW. */
static void pad(uint16_t *row, unsigned count)
{
    for (long i = 1, last = (long)count - 1; i <= REACH; i++) {
        row[-i] = row[reflected_index(-i, count)];
        row[last + i] = row[reflected_index(last + i, count)];
    }
}

/* The low row; and the same for the high one. */
SIMD_CLONES
static void least_around(const uint16_t *restrict all, const uint16_t *restrict ends,
                         unsigned count, uint16_t *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
        uint16_t sides = least(all[i - 2], all[i + 2]);
        out[i] = least(sides, least(least(ends[i - 1], ends[i + 1]), ends[i]));
    }
}

SIMD_CLONES
static void most_around(const uint16_t *restrict all, const uint16_t *restrict ends, unsigned count,
                        uint16_t *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
        uint16_t sides = most(all[i - 2], all[i + 2]);
        out[i] = most(sides, most(most(ends[i - 1], ends[i + 1]), ends[i]));
    }
}

/* The range around the samples of a plane that begins at FROM. */
static void look_around(const struct ring *ring, const uint16_t *const tap[TAPS], size_t from)
{
    uint16_t *const rows[] = {ring->all.low + REACH, ring->all.high + REACH, ring->ends.low + REACH,
                              ring->ends.high + REACH};
    range_over(tap, from, ring->width, rows[0], rows[1], rows[2], rows[3]);
    for (unsigned i = 0; i < 4; i++)
        pad(rows[i], ring->width);
    least_around(rows[0], rows[2], ring->width, ring->around.low + from);
    most_around(rows[1], rows[3], ring->width, ring->around.high + from);
}

void ring_next(struct ring *ring, const uint16_t **middle, const uint16_t **low,
               const uint16_t **high)
{
    while (ring->got < ring->height && ring->got <= ring->made + REACH)
        get_row(ring);
    const uint16_t *tap[TAPS];
    for (long k = -REACH; k <= REACH; k++)
        tap[k + REACH] = slot(ring, reflected_index((long)ring->made + k, ring->height));
    for (size_t from = 0; from < ring->samples; from += ring->width)
        look_around(ring, tap, from);
    *middle = tap[REACH];
    *low = ring->around.low;
    *high = ring->around.high;
    ring->made++;
}
