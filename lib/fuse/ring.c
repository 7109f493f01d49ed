/* SPDX-License-Identifier: MIT */

/*
 * The ring's range from two rows: the least and greatest over all five rows, of which its sides are
 * made, and over the first and the last of them, of which its ends are.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "numbers.h"
#include "ring.h"
#include "simd.h"

enum { REACH = 2, TAPS = 2 * REACH + 1 };

/* The least and the greatest of some samples, in padded rows. */
struct range {
    uint16_t *low, *high;
};

struct ring {
    unsigned width, height, depth;
    size_t samples;            /* of a row */
    const struct frame *frame; /* not owned */
    unsigned got, made;        /* rows */
    uint16_t *rows;            /* the last TAPS that were got */
    struct range all, ends;
    struct range around; /* a row, not padded */
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
    ring->depth = geometry->depth;
    ring->samples = frame_row_samples(geometry);
    size_t padded = ring->samples + 2 * REACH * ring->depth;
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

static inline uint16_t least(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static inline uint16_t most(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

SIMD_CLONES
static void range_over(const uint16_t *const tap[TAPS], size_t count, uint16_t *restrict all_low,
                       uint16_t *restrict all_high, uint16_t *restrict ends_low,
                       uint16_t *restrict ends_high)
{
    const uint16_t *a = tap[0], *b = tap[1], *c = tap[2], *d = tap[3], *e = tap[4];
    for (size_t i = 0; i < count; i++) {
        ends_low[i] = least(a[i], e[i]);
        ends_high[i] = most(a[i], e[i]);
        all_low[i] = least(ends_low[i], least(least(b[i], d[i]), c[i]));
        all_high[i] = most(ends_high[i], most(most(b[i], d[i]), c[i]));
    }
}

/* Puts the pixels that are mirrored there before and behind those of a padded row. */
static void pad(const struct ring *ring, uint16_t *row)
{
    unsigned depth = ring->depth;
    long last = (long)ring->width - 1;
    for (long i = 1; i <= REACH; i++) {
        size_t before = (size_t)reflected_index(-i, ring->width) * depth;
        size_t behind = (size_t)reflected_index(last + i, ring->width) * depth;
        memcpy(row - i * (long)depth, row + before, depth * sizeof *row);
        memcpy(row + (last + i) * (long)depth, row + behind, depth * sizeof *row);
    }
}

/* The low row; and the same for the high one. STEP is from pixel to pixel. */
SIMD_CLONES
static void least_around(const uint16_t *restrict all, const uint16_t *restrict ends, size_t count,
                         ptrdiff_t step, uint16_t *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
        uint16_t sides = least(all[i - 2 * step], all[i + 2 * step]);
        out[i] = least(sides, least(least(ends[i - step], ends[i + step]), ends[i]));
    }
}

SIMD_CLONES
static void most_around(const uint16_t *restrict all, const uint16_t *restrict ends, size_t count,
                        ptrdiff_t step, uint16_t *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
        uint16_t sides = most(all[i - 2 * step], all[i + 2 * step]);
        out[i] = most(sides, most(most(ends[i - step], ends[i + step]), ends[i]));
    }
}

static void look_around(struct ring *ring, const uint16_t *const tap[TAPS])
{
    size_t count = ring->samples, margin = REACH * (size_t)ring->depth;
    ptrdiff_t step = (ptrdiff_t)ring->depth;
    uint16_t *const rows[] = {ring->all.low + margin, ring->all.high + margin,
                              ring->ends.low + margin, ring->ends.high + margin};
    range_over(tap, count, rows[0], rows[1], rows[2], rows[3]);
    for (unsigned i = 0; i < 4; i++)
        pad(ring, rows[i]);
    least_around(rows[0], rows[2], count, step, ring->around.low);
    most_around(rows[1], rows[3], count, step, ring->around.high);
}

void ring_next(struct ring *ring, const uint16_t **middle, const uint16_t **low,
               const uint16_t **high)
{
    for (; ring->got < ring->height && ring->got <= ring->made + REACH; ring->got++)
        frame_get_row(ring->frame, ring->got, slot(ring, ring->got));
    const uint16_t *tap[TAPS];
    for (long k = -REACH; k <= REACH; k++)
        tap[k + REACH] = slot(ring, reflected_index((long)ring->made + k, ring->height));
    look_around(ring, tap);
    *middle = tap[REACH];
    *low = ring->around.low;
    *high = ring->around.high;
    ring->made++;
}
