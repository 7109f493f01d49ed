/* SPDX-License-Identifier: MIT */

/*
 * The ring's range from two rows: the least and greatest over all five rows, of which its sides are
 * made, and over the first and the last of them, of which its ends are.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "despike.h"
#include "simd.h"
#include "window.h"

enum { REACH = 2, TAPS = 2 * REACH + 1 };

/* The least and the greatest of some samples, in padded rows. */
struct range {
    uint16_t *low, *high;
};

struct despike {
    unsigned width, height, depth;
    bool opacity;
    size_t samples;            /* of a row */
    const struct frame *frame; /* not owned */
    unsigned got, made;        /* rows */
    uint16_t *rows;            /* the last TAPS that were got */
    struct range all, ends;
    uint16_t *clipped;
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

struct despike *despike_new(const struct frame *geometry)
{
    struct despike *despike = alloc_zeroed(1, sizeof *despike);
    despike->width = geometry->width;
    despike->height = geometry->height;
    despike->depth = geometry->depth;
    despike->opacity = frame_has_opacity(geometry);
    despike->samples = frame_row_samples(geometry);
    size_t padded = despike->samples + 2 * REACH * despike->depth;
    despike->rows = alloc_array(TAPS * despike->samples, sizeof *despike->rows);
    despike->all = range_new(padded);
    despike->ends = range_new(padded);
    despike->clipped = alloc_array(despike->samples, sizeof *despike->clipped);
    return despike;
}

void despike_free(struct despike *despike)
{
    if (!despike)
        return;
    free(despike->rows);
    range_free(&despike->all);
    range_free(&despike->ends);
    free(despike->clipped);
    free(despike);
}

void despike_begin(struct despike *despike, const struct frame *frame)
{
    despike->frame = frame;
    despike->got = despike->made = 0;
}

static uint16_t *slot(const struct despike *despike, unsigned row)
{
    return despike->rows + row % TAPS * despike->samples;
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
static void pad(const struct despike *despike, uint16_t *row)
{
    unsigned depth = despike->depth;
    long last = (long)despike->width - 1;
    for (long i = 1; i <= REACH; i++) {
        size_t before = (size_t)window_mirror(-i, despike->width) * depth;
        size_t behind = (size_t)window_mirror(last + i, despike->width) * depth;
        memcpy(row - i * (long)depth, row + before, depth * sizeof *row);
        memcpy(row + (last + i) * (long)depth, row + behind, depth * sizeof *row);
    }
}

/* The low rows; and the same for the high ones. STEP is from pixel to pixel. */
SIMD_CLONES
static void raise_to_ring(const uint16_t *restrict middle, const uint16_t *restrict all,
                          const uint16_t *restrict ends, size_t count, ptrdiff_t step,
                          uint16_t *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
        uint16_t sides = least(all[i - 2 * step], all[i + 2 * step]);
        uint16_t low = least(least(ends[i - step], ends[i + step]), ends[i]);
        out[i] = most(middle[i], least(sides, low));
    }
}

SIMD_CLONES
static void lower_to_ring(const uint16_t *restrict all, const uint16_t *restrict ends, size_t count,
                          ptrdiff_t step, uint16_t *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)count; i++) {
        uint16_t sides = most(all[i - 2 * step], all[i + 2 * step]);
        uint16_t high = most(most(ends[i - step], ends[i + step]), ends[i]);
        out[i] = least(out[i], most(sides, high));
    }
}

static void clip(struct despike *despike, const uint16_t *const tap[TAPS])
{
    size_t count = despike->samples, margin = REACH * (size_t)despike->depth;
    ptrdiff_t step = (ptrdiff_t)despike->depth;
    uint16_t *const rows[] = {despike->all.low + margin, despike->all.high + margin,
                              despike->ends.low + margin, despike->ends.high + margin};
    range_over(tap, count, rows[0], rows[1], rows[2], rows[3]);
    for (unsigned i = 0; i < 4; i++)
        pad(despike, rows[i]);
    raise_to_ring(tap[REACH], rows[0], rows[2], count, step, despike->clipped);
    lower_to_ring(rows[1], rows[3], count, step, despike->clipped);
    for (size_t i = despike->depth - 1; despike->opacity && i < count; i += despike->depth)
        despike->clipped[i] = tap[REACH][i];
}

void despike_next(struct despike *despike, const uint16_t **raw, const uint16_t **clipped)
{
    for (; despike->got < despike->height && despike->got <= despike->made + REACH; despike->got++)
        frame_get_row(despike->frame, despike->got, slot(despike, despike->got));
    const uint16_t *tap[TAPS];
    for (long k = -REACH; k <= REACH; k++)
        tap[k + REACH] = slot(despike, window_mirror((long)despike->made + k, despike->height));
    clip(despike, tap);
    *raw = tap[REACH];
    *clipped = despike->clipped;
    despike->made++;
}
