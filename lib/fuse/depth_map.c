/* SPDX-License-Identifier: MIT */

/*
 * The vote, twice, each time with the depths and the certainties of the time before:
 *
 *     w(q) = sure(q) nearness(p - q) likeness(guide(p), guide(q)),  q on a grid around p
 *     votes(k) = sum of w(q) max(0, 1 - ((position(k) - depth(q)) / 2)^2) / sum of w(q)
 *     depth(p) = position of the k with the most votes(k) + OWN / (1 + ln energy(0) / energy(k))
 *     sure(p)  = contrast(p) votes(k)^2
 *
 * Then a median over 3x3 pixels. What is unsure is filled by an edge-avoiding a-trous filter
 * (Dammertz et al., High Performance Graphics 2010): the binomial kernel, its taps 1, 2, 4 ...
 * pixels apart, each weighted by sure(q) and likeness.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "depth_map.h"
#include "numbers.h"
#include "simd.h"
#include "threads.h"

enum {
    MAXVAL = 65535,
    ROUNDS = 2, /* more let the larger group win */
    GRID = 6,   /* neighbours that vote lie so far apart ... */
    GRIDS = 2,  /* ... in each direction so often: as far as a blurred outline reaches */
};

#define NEARNESS_SIGMA 9.0f
#define LIKENESS_SIGMA 14.0f /* levels of 255, over all colours */
#define AGREEMENT 2.0f       /* frames apart at which a vote is worth nothing */
#define OWN 0.1f             /* what a pixel's own energies count */
#define SURE_CONTRAST 3.0f   /* the contrast, in natural logarithms, of what is quite sure */
#define NOISE_CONTRAST 0.4f  /* what the greatest of some energies of noise has */
#define NO_VOTES 1e-3f       /* keeps what has no votes from being divided by 0 */

/* What is known of each pixel so far. */
struct estimate {
    struct image depth, sure;
};

/* The rows that a thread has in work. */
struct rows {
    struct image votes; /* a row: of each peak */
    float *weight, *total, *height_of, *sorted;
};

struct resolver {
    const struct depth *depth;
    const struct image *guide;
    unsigned width, height, colors;
    struct estimate now, next;
    struct rows *rows; /* of each thread */
};

static struct rows *rows_of(const struct resolver *r)
{
    return &r->rows[threads_number()];
}

static void estimate_alloc(struct estimate *estimate, unsigned width, unsigned height)
{
    image_alloc(&estimate->depth, width, height, 1);
    image_alloc(&estimate->sure, width, height, 1);
}

static void estimate_free(struct estimate *estimate)
{
    image_free(&estimate->depth);
    image_free(&estimate->sure);
}

static void swap(struct resolver *r)
{
    struct estimate old = r->now;
    r->now = r->next;
    r->next = old;
}

static float clip(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* ---- weights ---- */

SIMD_CLONES
static void add_square(const float *restrict a, const float *restrict b, unsigned count,
                       float *restrict sum)
{
    for (unsigned i = 0; i < count; i++)
        sum[i] += (a[i] - b[i]) * (a[i] - b[i]);
}

/* 1/(1 + x/4)^4, x = SQUARE/(2 sigma^2): a bell much like exp(-x), the same on every machine. */
SIMD_CLONES
static void weigh_likeness(float *restrict square, const float *restrict sure, unsigned count,
                           float nearness)
{
    for (unsigned i = 0; i < count; i++) {
        float bell = 1 / (1 + square[i] * (1 / (8 * LIKENESS_SIGMA * LIKENESS_SIGMA)));
        float bell2 = bell * bell;
        square[i] = bell2 * bell2 * nearness * sure[i];
    }
}

/* The pixels of a row that have a neighbour DX further: from FIRST on, COUNT. */
static unsigned with_neighbor(unsigned width, int dx, unsigned *first)
{
    unsigned lost = (unsigned)abs(dx);
    *first = dx < 0 ? lost : 0;
    return lost < width ? width - lost : 0;
}

/* How much the neighbours DX, DY of row ROW count, times NEARNESS, to WEIGHT. */
static void weigh_neighbors(const struct resolver *r, unsigned row, int dx, int dy, unsigned first,
                            unsigned count, float nearness, float *weight)
{
    unsigned other = (unsigned)((int)row + dy), from = (unsigned)((int)first + dx);
    memset(weight, 0, count * sizeof *weight);
    for (unsigned plane = 0; plane < r->colors; plane++) {
        const float *a = image_row(r->guide, row) + (size_t)plane * r->width;
        const float *b = image_row(r->guide, other) + (size_t)plane * r->width;
        add_square(a + first, b + from, count, weight);
    }
    weigh_likeness(weight, image_row(&r->now.sure, other) + from, count, nearness);
}

/* ---- the vote ---- */

SIMD_CLONES
static void add_votes(const float *restrict weight, const float *restrict depth,
                      const float *restrict position, unsigned count, float *restrict votes)
{
    for (unsigned i = 0; i < count; i++) {
        float apart = (position[i] - depth[i]) * (1 / AGREEMENT), agreed = 1 - apart * apart;
        votes[i] += weight[i] * (agreed > 0 ? agreed : 0);
    }
}

SIMD_CLONES
static void add_row(const float *restrict weight, unsigned count, float *restrict total)
{
    for (unsigned i = 0; i < count; i++)
        total[i] += weight[i];
}

static void poll_neighbors(const struct resolver *r, unsigned row, int dx, int dy,
                           struct rows *rows)
{
    unsigned first, count = with_neighbor(r->width, dx, &first);
    float square = (float)(dx * dx + dy * dy);
    float nearness = 1 / (1 + square / (2 * NEARNESS_SIGMA * NEARNESS_SIGMA));
    weigh_neighbors(r, row, dx, dy, first, count, nearness, rows->weight);
    const float *depth = image_row(&r->now.depth, (unsigned)((int)row + dy)) + (int)first + dx;
    for (unsigned peak = 0; peak < DEPTH_PEAKS; peak++)
        add_votes(rows->weight, depth, depth_position(r->depth, peak, row) + first, count,
                  image_row(&rows->votes, peak) + first);
    add_row(rows->weight, count, rows->total + first);
}

/* The contrast of energies that lie HEIGHT above their mean, 0..1. */
static float contrast(float height)
{
    return clip(height / SURE_CONTRAST);
}

/* Takes of each pixel of row ROW the peak that is voted for. */
static void elect(struct resolver *r, unsigned row, struct rows *rows)
{
    float *depth = image_row(&r->next.depth, row), *sure = image_row(&r->next.sure, row);
    float *most = rows->weight, *highest = rows->height_of + r->width;
    depth_height(r->depth, 0, row, highest);
    for (unsigned peak = 0; peak < DEPTH_PEAKS; peak++) {
        const float *position = depth_position(r->depth, peak, row);
        const float *votes = image_row(&rows->votes, peak);
        depth_height(r->depth, peak, row, rows->height_of);
        for (unsigned i = 0; i < r->width; i++) {
            float share = votes[i] / (rows->total[i] + NO_VOTES);
            float own = 1 / (1 + (highest[i] - rows->height_of[i]));
            float score = share + OWN * own;
            if (peak == 0 || (rows->height_of[i] > -HUGE_VALF && score > most[i])) {
                most[i] = score;
                depth[i] = position[i];
                sure[i] = contrast(highest[i]) * share * share;
            }
        }
    }
}

static void vote_row(struct resolver *r, unsigned row)
{
    struct rows *rows = rows_of(r);
    memset(rows->votes.samples, 0, DEPTH_PEAKS * image_row_samples(&rows->votes) * sizeof(float));
    memset(rows->total, 0, r->width * sizeof *rows->total);
    for (int y = -GRIDS; y <= GRIDS; y++)
        for (int x = -GRIDS; x <= GRIDS; x++) {
            long other = (long)row + y * GRID;
            if ((x != 0 || y != 0) && other >= 0 && other < (long)r->height)
                poll_neighbors(r, row, x * GRID, y * GRID, rows);
        }
    elect(r, row, rows);
}

static void vote(struct resolver *r)
{
#pragma omp parallel for schedule(static)
    for (unsigned row = 0; row < r->height; row++)
        vote_row(r, row);
    swap(r);
}

/* The first estimate: the highest peak, as sure as it is high. */
static void begin(struct resolver *r)
{
    for (unsigned row = 0; row < r->height; row++) {
        float *sure = image_row(&r->now.sure, row);
        memcpy(image_row(&r->now.depth, row), depth_position(r->depth, 0, row),
               r->width * sizeof(float));
        depth_height(r->depth, 0, row, sure);
        for (unsigned i = 0; i < r->width; i++)
            sure[i] = contrast(sure[i]);
    }
}

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

static inline float middle(float a, float b, float c)
{
    return most(least(a, b), least(most(a, b), c));
}

SIMD_CLONES
static void sort_columns(const float *restrict above, const float *restrict at,
                         const float *restrict below, unsigned width, float *restrict low,
                         float *restrict mid, float *restrict high)
{
    for (unsigned i = 0; i < width; i++) {
        low[i] = least(least(above[i], at[i]), below[i]);
        mid[i] = middle(above[i], at[i], below[i]);
        high[i] = most(most(above[i], at[i]), below[i]);
    }
}

/* The median of nine is that of the greatest low, the middle mid and the least high of three sorted
   columns. There is a column before and behind the WIDTH. */
SIMD_CLONES
static void median_of_columns(const float *restrict low, const float *restrict mid,
                              const float *restrict high, unsigned width, float *restrict out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)width; i++)
        out[i] = middle(most(most(low[i - 1], low[i]), low[i + 1]),
                        middle(mid[i - 1], mid[i], mid[i + 1]),
                        least(least(high[i - 1], high[i]), high[i + 1]));
}

/* The median over the 3x3 pixels around those of row ROW of IMAGE, to OUT; SORTED is room for three
   rows and six samples. */
static void median_row(const struct image *image, unsigned row, float *sorted, float *out)
{
    unsigned width = image->width;
    float *part[3];
    for (unsigned k = 0; k < 3; k++)
        part[k] = sorted + k * ((size_t)width + 2) + 1;
    sort_columns(image_row(image, reflected_index((long)row - 1, image->height)),
                 image_row(image, row),
                 image_row(image, reflected_index((long)row + 1, image->height)), width, part[0],
                 part[1], part[2]);
    for (unsigned k = 0; k < 3; k++) {
        part[k][-1] = part[k][reflected_index(-1, width)];
        part[k][width] = part[k][reflected_index((long)width, width)];
    }
    median_of_columns(part[0], part[1], part[2], width, out);
}

/* The medians; and where no energy is above those of noise nothing is sure. */
static void settle(struct resolver *r)
{
#pragma omp parallel for schedule(static)
    for (unsigned row = 0; row < r->height; row++) {
        float *depth = image_row(&r->next.depth, row), *sure = image_row(&r->next.sure, row);
        float *high = rows_of(r)->height_of;
        const float *agreed = image_row(&r->now.sure, row);
        median_row(&r->now.depth, row, rows_of(r)->sorted, depth);
        depth_height(r->depth, 0, row, high);
        for (unsigned i = 0; i < r->width; i++) {
            float all = contrast(high[i]);
            sure[i] = all > 0 ? agreed[i] / all * contrast(high[i] - NOISE_CONTRAST) : 0;
        }
    }
    swap(r);
}

/* ---- filling ---- */

SIMD_CLONES
static void add_depths(const float *restrict weight, const float *restrict depth,
                       const float *restrict sure, unsigned count, float *restrict depths,
                       float *restrict sures, float *restrict total)
{
    for (unsigned i = 0; i < count; i++) {
        depths[i] += weight[i] * depth[i];
        sures[i] += weight[i] * sure[i];
        total[i] += weight[i];
    }
}

/* Row ROW of a pass with taps STEP apart, from R->now to R->next. */
static void spread_row(struct resolver *r, unsigned row, int step)
{
    static const float kernel[] = {1 / 16.0f, 4 / 16.0f, 6 / 16.0f, 4 / 16.0f, 1 / 16.0f};
    float *depth = image_row(&r->next.depth, row), *sure = image_row(&r->next.sure, row);
    float *weight = rows_of(r)->weight, *total = rows_of(r)->total;
    memset(depth, 0, r->width * sizeof *depth);
    memset(sure, 0, r->width * sizeof *sure);
    memset(total, 0, r->width * sizeof *total);
    for (int tap = 0; tap < 25; tap++) {
        int dx = (tap % 5 - 2) * step, dy = (tap / 5 - 2) * step;
        long other = (long)row + dy;
        unsigned first, count = with_neighbor(r->width, dx, &first);
        if (other < 0 || other >= (long)r->height)
            continue;
        weigh_neighbors(r, row, dx, dy, first, count, kernel[tap % 5] * kernel[tap / 5], weight);
        add_depths(weight, image_row(&r->now.depth, (unsigned)other) + (int)first + dx,
                   image_row(&r->now.sure, (unsigned)other) + (int)first + dx, count, depth + first,
                   sure + first, total + first);
    }
    for (unsigned i = 0; i < r->width; i++) {
        bool any = total[i] > 0;
        depth[i] = any ? depth[i] / total[i] : image_row(&r->now.depth, row)[i];
        sure[i] = any ? sure[i] / total[i] : 0;
    }
}

static void spread(struct resolver *r, int step)
{
#pragma omp parallel for schedule(static)
    for (unsigned row = 0; row < r->height; row++)
        spread_row(r, row, step);
    swap(r);
}

/* Mixes what was SEEN, as it is sure, with what is filled in from around, REACH pixels far. */
static void fill(struct resolver *r, unsigned reach)
{
    struct estimate seen;
    estimate_alloc(&seen, r->width, r->height);
    size_t bytes = (size_t)r->width * r->height * sizeof(float);
    memcpy(seen.depth.samples, r->now.depth.samples, bytes);
    memcpy(seen.sure.samples, r->now.sure.samples, bytes);
    for (unsigned step = 1; step == 1 || 2 * step <= reach; step *= 2)
        spread(r, (int)step);
    for (size_t i = 0; i < (size_t)r->width * r->height; i++) {
        float sure = seen.sure.samples[i], *depth = &r->now.depth.samples[i];
        *depth = sure * seen.depth.samples[i] + (1 - sure) * *depth;
        if (sure > r->now.sure.samples[i])
            r->now.sure.samples[i] = sure;
    }
    estimate_free(&seen);
}

/* ---- the map ---- */

unsigned depth_sample(double position, unsigned count)
{
    return count < 2 ? 0 : (unsigned)(position * MAXVAL / (count - 1) + 0.5);
}

/* Row Y of the estimate as a row of the map. */
static void draw_row(const struct estimate *estimate, unsigned y,
                     const struct depth_map_options *options, const struct frame *map,
                     uint16_t *samples)
{
    unsigned factor = options->factor, column = 0, width = estimate->depth.width;
    for (unsigned x = 0; x < width; x++) {
        float depth = image_row(&estimate->depth, y)[x], sure = image_row(&estimate->sure, y)[x];
        uint16_t sample = (uint16_t)depth_sample((double)depth, options->count);
        uint16_t opacity = (uint16_t)(sure * MAXVAL + 0.5f);
        unsigned end = x + 1 == width ? map->width : x * factor + (factor + 1) / 2;
        for (; column < end; column++) {
            samples[(size_t)column * map->depth] = sample;
            if (options->opacity)
                samples[(size_t)column * map->depth + 1] = opacity;
        }
    }
}

static void draw(const struct estimate *estimate, const struct depth_map_options *options,
                 struct frame *map)
{
    unsigned factor = options->factor, height = estimate->depth.height, row = 0;
    map->depth = options->opacity ? 2 : 1;
    map->maxval = MAXVAL;
    strcpy(map->tuple_type, options->opacity ? "GRAYSCALE_ALPHA" : "GRAYSCALE");
    frame_alloc(map);
    uint16_t *samples = alloc_array(frame_row_samples(map), sizeof *samples);
    for (unsigned y = 0; y < height; y++) {
        unsigned end = y + 1 == height ? map->height : y * factor + (factor + 1) / 2;
        draw_row(estimate, y, options, map, samples);
        for (; row < end; row++)
            frame_put_row(map, row, samples);
    }
    free(samples);
}

void depth_map(const struct depth *depth, const struct image *guide,
               const struct depth_map_options *options, struct frame *map)
{
    struct resolver r = {.depth = depth,
                         .guide = guide,
                         .width = guide->width,
                         .height = guide->height,
                         .colors = options->colors};
    estimate_alloc(&r.now, r.width, r.height);
    estimate_alloc(&r.next, r.width, r.height);
    unsigned threads = threads_most();
    r.rows = alloc_zeroed(threads, sizeof *r.rows);
    for (struct rows *rows = r.rows; rows < r.rows + threads; rows++) {
        image_alloc(&rows->votes, r.width, DEPTH_PEAKS, 1);
        rows->weight = alloc_array(r.width, sizeof *rows->weight);
        rows->total = alloc_array(r.width, sizeof *rows->total);
        rows->height_of = alloc_array(2 * (size_t)r.width, sizeof *rows->height_of);
        rows->sorted = alloc_array(3 * ((size_t)r.width + 2), sizeof *rows->sorted);
    }
    begin(&r);
    for (unsigned round = 0; round < ROUNDS; round++)
        vote(&r);
    settle(&r);
    if (options->smooth > 0)
        fill(&r, options->smooth / options->factor);
    draw(&r.now, options, map);
    estimate_free(&r.now);
    estimate_free(&r.next);
    for (struct rows *rows = r.rows; rows < r.rows + threads; rows++) {
        image_free(&rows->votes);
        free(rows->weight);
        free(rows->total);
        free(rows->height_of);
        free(rows->sorted);
    }
    free(r.rows);
}
