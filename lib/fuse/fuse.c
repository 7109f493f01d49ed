/* SPDX-License-Identifier: MIT */

/*
 * The method: a Laplacian pyramid (Burt and Adelson, 1983; Burt and Kolczynski, Enhanced Image
 * Capture through Fusion, 1993) whose weights are soft, and whose coarse levels listen to the
 * detail of the finer ones. Samples are in units of 1/255 of full scale, opacity is 0..1.
 *
 *     per frame, with colours c and opacity a:
 *
 *     h = c calm, without most spikes; k = c with most of them kept; t = trust: see spike.h
 *     P[1] = (h a, a) halved;  P[l+1] = P[l] halved, down to the first level under 16 pixels, the
 *     base L
 *     g[0] = k;  g[l] = colours / opacity of P[l];  from coarse to fine, where a[l] < .01, g[l] is
 *     g[l+1] doubled
 *     for l = 0 .. L - 1:
 *         detail = g[l] - (g[l+1] doubled)
 *         E = the energy of that, blurred: see energy.h; for l = 0 of h - (g[1] doubled), twice
 *         pool[l] = E + d,  d = pool[l-1] halved (0 for l = 0)
 *         q = E + d/2 + .03;  where a[l] < .5: .05 of that
 *         w = (q / 32)^p  max(a^4, 2^-10),  p = the sharpness on level 0, 8 above
 *         l = 0: w by t
 *         A[l] += w detail;  W[l] += w
 *         l > 0, where a[l] > .99:  least[l], greatest[l] take g[l], for each colour
 *     the base likewise, with detail = g[L], E = 0 and all of d
 *
 *     at the end, from coarse to fine:
 *
 *     x[l] = A[l] / W[l] + (x[l+1] doubled);  l > 0: within least[l] .. greatest[l]
 *
 * Powers, not the greatest alone: among frames that are about equally sharp the noise is averaged
 * away. The pooled energies let a coarse level follow the frame whose fine detail is sharp there:
 * the blurred copies of a contour have as much coarse detail as the sharp one. The energy of all
 * colours sees edges that luma does not. What no frame has is cut off on the coarse levels, where
 * it would be a halo. .03 keeps noise from deciding where there is no detail.
 *
 * A hot pixel that was left would look like the sharpest detail there is: without spikes in the
 * energies no frame wins for it, and without spikes in P it is detail of level 0 alone. There it
 * weighs little, and what it has of one colour is taken away, for in the frame that is sharp around
 * it no weight would be small enough. A point of light that is no larger, but white, stays: where
 * it is in focus that frame's weight is greater than the others' by much more.
 *
 * Weights span 30 decades, so they are floats: the least are (.05 .03 / 32)^8 2^-16 = 4e-40, of
 * which a float still has some bits, so W is never 0 where a frame was added; energies are at most
 * some 1e5, so weights are under 1e28.
 *
 * The Laplacian and the energy of a level are never stored: rows run through windows, and the
 * weights of a row are known ENERGY_LAG rows later. Level 0 is read twice from the raster, once to
 * build the pyramid and once for its detail, for opacity needs the coarser levels first.
 */

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "depth.h"
#include "energy.h"
#include "fuse.h"
#include "halving.h"
#include "image.h"
#include "ring.h"
#include "simd.h"
#include "spike.h"
#include "rolling.h"

enum { LEVELS_MAX = 32, SMALLEST = 16, COARSE_POWER = 8, DEPTH_LEVEL = 2 };

#define FULL_SCALE 255.0f
#define POOLED_SHARE 0.5f      /* of the finer levels' energies in a level's weights */
#define NO_DETAIL 0.03f        /* an energy that every place has */
#define SEE_THROUGH 0.5f       /* under this opacity energy ... */
#define SEE_THROUGH_SHARE .05f /* ... counts so much */
#define NOT_SEEN 0.01f         /* under this opacity a pixel has no colour of its own */
#define OPAQUE 0.99f
#define LEAST_OPACITY (1.0f / 1024.0f) /* that a weight is multiplied by */
#define ENERGY_SCALE (1.0f / 32.0f)    /* keeps powers of energies in range */

struct level {
    unsigned width, height;
    struct image sum;   /* colours: A, later x; and W */
    struct image range; /* of colours: the least, and the greatest; not of level 0 */
    struct image frame; /* P, later g, of the frame in work: colours, opacity; not of level 0 */
    struct image finer; /* d: energies pooled from finer levels; not of level 0 */
    struct halving halving, pooling; /* to the next level: of P, and of energies */
    struct energy *energy;           /* not of the base */
    struct rolling detail;           /* rows of it: colours, opacity */
};

struct fuse {
    unsigned colors, planes; /* without and with opacity */
    unsigned maxval, frames;
    unsigned sharpness;
    unsigned base; /* the number of the last level, at least 1 */
    struct level level[LEVELS_MAX];
    unsigned char *shown; /* of each pixel: any frame has opacity there; NULL: frames are opaque */
    bool keep_opacity;    /* the picture has the plane even where all is shown */
    struct depth *depth;  /* or NULL */
    struct ring *ring;
    uint16_t *samples;                                    /* a row of a raster */
    float *row, *low, *high;                              /* a row of it, and of its ring */
    float *calm, *kept, *trust, *doubled, *weight, *work; /* rows in work */
};

/* ---- geometry and memory ---- */

/* Sets the sizes of the levels of frames like GEOMETRY, and returns the number of the base. */
static unsigned level_sizes(const struct frame *geometry, struct level level[LEVELS_MAX])
{
    unsigned l = 0;
    level[0] = (struct level){.width = geometry->width, .height = geometry->height};
    do {
        level[l + 1] = (struct level){.width = halving_size(level[l].width),
                                      .height = halving_size(level[l].height)};
        l++;
    } while (level[l].width >= SMALLEST && level[l].height >= SMALLEST);
    return l;
}

/* The level on which the depth map is made, in a pyramid with that base. */
static unsigned depth_level(unsigned base)
{
    return base < DEPTH_LEVEL ? base : DEPTH_LEVEL;
}

double fuse_bytes(const struct frame *geometry, const struct fuse_options *options)
{
    enum { ROWS = 100 }; /* in work, a generous guess */
    struct level level[LEVELS_MAX];
    unsigned base = level_sizes(geometry, level);
    unsigned colors = frame_colors(geometry), bytes = frame_sample_bytes(geometry);
    double total = (double)geometry->width * geometry->height * geometry->depth * bytes;
    for (unsigned l = 0; l <= base; l++) {
        unsigned planes = colors + 1 + (l == 0 ? 0 : 2 * colors + geometry->depth + 1);
        total += image_bytes(level[l].width, level[l].height, planes);
    }
    if (frame_has_opacity(geometry))
        total += (double)geometry->width * geometry->height;
    const struct level *mapped = &level[depth_level(base)];
    if (options->depth)
        total += depth_bytes(mapped->width, mapped->height) +
                 (double)sizeof(uint16_t) * geometry->width * geometry->height;
    return total + image_bytes(geometry->width, ROWS, 1);
}

static void set_all(float *samples, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = value;
}

static void start_range(struct image *range, unsigned colors)
{
    size_t half = (size_t)range->width * colors;
    for (unsigned row = 0; row < range->height; row++) {
        set_all(image_row(range, row), half, FLT_MAX);
        set_all(image_row(range, row) + half, half, -FLT_MAX);
    }
}

static void level_alloc(struct fuse *fuse, unsigned l)
{
    struct level *level = &fuse->level[l];
    unsigned width = level->width, height = level->height;
    image_alloc(&level->sum, width, height, fuse->colors + 1);
    if (l > 0) {
        image_alloc(&level->range, width, height, 2 * fuse->colors);
        start_range(&level->range, fuse->colors);
        image_alloc(&level->frame, width, height, fuse->planes);
        image_alloc(&level->finer, width, height, 1);
    }
    if (l == fuse->base)
        return;
    halving_alloc(&level->halving, width, height, fuse->planes);
    halving_alloc(&level->pooling, width, height, 1);
    level->energy = energy_new(width, height, l == 0 ? 2 : 1);
    size_t planes = fuse->planes + (l == 0); /* of level 0 also how far to trust it */
    rolling_alloc(&level->detail, height, width * planes + 1, ENERGY_LAG + 1);
}

struct fuse *fuse_new(const struct frame *geometry, const struct fuse_options *options)
{
    struct fuse *fuse = alloc_zeroed(1, sizeof *fuse);
    fuse->colors = frame_colors(geometry);
    fuse->planes = geometry->depth;
    fuse->maxval = geometry->maxval;
    fuse->sharpness = options->sharpness;
    fuse->keep_opacity = options->opacity;
    fuse->base = level_sizes(geometry, fuse->level);
    for (unsigned l = 0; l <= fuse->base; l++)
        level_alloc(fuse, l);
    size_t row = (size_t)geometry->width * fuse->planes + 2;
    if (frame_has_opacity(geometry))
        fuse->shown = alloc_zeroed(geometry->height, geometry->width);
    const struct level *mapped = &fuse->level[depth_level(fuse->base)];
    if (options->depth)
        fuse->depth = depth_new(mapped->width, mapped->height);
    fuse->ring = ring_new(geometry);
    fuse->samples = alloc_array(row, sizeof *fuse->samples);
    fuse->row = alloc_array(row, sizeof *fuse->row);
    fuse->low = alloc_array(row, sizeof *fuse->low);
    fuse->high = alloc_array(row, sizeof *fuse->high);
    fuse->calm = alloc_array(row, sizeof *fuse->calm);
    fuse->kept = alloc_array(row, sizeof *fuse->kept);
    fuse->trust = alloc_array(row, sizeof *fuse->trust);
    fuse->doubled = alloc_array(row, sizeof *fuse->doubled);
    fuse->weight = alloc_array(row, sizeof *fuse->weight);
    fuse->work = alloc_array(row, sizeof *fuse->work);
    return fuse;
}

void fuse_free(struct fuse *fuse)
{
    if (!fuse)
        return;
    for (unsigned l = 0; l <= fuse->base; l++) {
        struct level *level = &fuse->level[l];
        image_free(&level->sum);
        image_free(&level->range);
        image_free(&level->frame);
        image_free(&level->finer);
        halving_free(&level->halving);
        halving_free(&level->pooling);
        energy_free(level->energy);
        rolling_free(&level->detail);
    }
    ring_free(fuse->ring);
    depth_free(fuse->depth);
    free(fuse->shown);
    free(fuse->samples);
    free(fuse->row);
    free(fuse->low);
    free(fuse->high);
    free(fuse->calm);
    free(fuse->kept);
    free(fuse->trust);
    free(fuse->doubled);
    free(fuse->weight);
    free(fuse->work);
    free(fuse);
}

/* ---- a frame's pyramid ---- */

SIMD_CLONES
static void split_pairs(const uint16_t *restrict from, unsigned width, float *restrict to)
{
    float *restrict second = to + width;
    for (unsigned i = 0; i < width; i++) {
        to[i] = (float)from[2 * i];
        second[i] = (float)from[2 * i + 1];
    }
}

SIMD_CLONES
static void split_triples(const uint16_t *restrict from, unsigned width, float *restrict to)
{
    float *restrict second = to + width, *restrict third = second + width;
    for (unsigned i = 0; i < width; i++) {
        to[i] = (float)from[3 * i];
        second[i] = (float)from[3 * i + 1];
        third[i] = (float)from[3 * i + 2];
    }
}

SIMD_CLONES
static void split_quads(const uint16_t *restrict from, unsigned width, float *restrict to)
{
    float *restrict second = to + width, *restrict third = second + width;
    float *restrict fourth = third + width;
    for (unsigned i = 0; i < width; i++) {
        to[i] = (float)from[4 * i];
        second[i] = (float)from[4 * i + 1];
        third[i] = (float)from[4 * i + 2];
        fourth[i] = (float)from[4 * i + 3];
    }
}

SIMD_CLONES
static void to_float(const uint16_t *restrict from, unsigned width, float *restrict to)
{
    for (unsigned i = 0; i < width; i++)
        to[i] = (float)from[i];
}

SIMD_CLONES
static void scale_all(float *samples, size_t count, float factor)
{
    for (size_t i = 0; i < count; i++)
        samples[i] *= factor;
}

/* A row of the raster, plane after plane: colours in 0..FULL_SCALE, opacity in 0..1. */
static void convert_row(const struct fuse *fuse, const uint16_t *samples, float *out)
{
    static void (*const split[])(const uint16_t *restrict, unsigned, float *restrict) = {
        to_float, split_pairs, split_triples, split_quads};
    unsigned width = fuse->level[0].width;
    size_t colored = (size_t)width * fuse->colors;
    split[fuse->planes - 1](samples, width, out);
    scale_all(out, colored, FULL_SCALE / (float)fuse->maxval);
    if (fuse->shown)
        scale_all(out + colored, width, 1 / (float)fuse->maxval);
}

/* The next row of the frame that ring_begin() began: colours to CALM, KEPT and TRUST, as spike.h
   has them, and opacity behind the colours of CALM and KEPT. */
static void read_row(struct fuse *fuse, float *calm, float *kept, float *trust)
{
    unsigned width = fuse->level[0].width;
    size_t colored = (size_t)width * fuse->colors;
    const uint16_t *middle, *low, *high;
    ring_next(fuse->ring, &middle, &low, &high);
    convert_row(fuse, middle, fuse->row);
    convert_row(fuse, low, fuse->low);
    convert_row(fuse, high, fuse->high);
    spike_divide(fuse->row, fuse->low, fuse->high, fuse->colors, width, calm, kept, trust);
    if (!fuse->shown)
        return;
    memcpy(calm + colored, fuse->row + colored, width * sizeof *calm);
    memcpy(kept + colored, fuse->row + colored, width * sizeof *kept);
}

/* Multiplies the PLANES of a row by OPACITY. */
SIMD_CLONES
static void multiply_row(float *restrict colors, unsigned planes, unsigned width,
                         const float *restrict opacity)
{
    for (unsigned plane = 0; plane < planes; plane++)
        for (unsigned i = 0; i < width; i++)
            colors[(size_t)plane * width + i] *= opacity[i];
}

/* Marks in SHOWN where OPACITY is above 0; returns whether it is anywhere. */
SIMD_CLONES
static bool mark_shown(const float *restrict opacity, unsigned width, unsigned char *restrict shown)
{
    unsigned char any = 0;
    for (unsigned i = 0; i < width; i++) {
        unsigned char seen = opacity[i] > 0;
        shown[i] |= seen;
        any |= seen;
    }
    return any;
}

/* P[1] of FRAME; false where it is transparent everywhere. */
static bool build_first(struct fuse *fuse, const struct frame *frame)
{
    struct level *level = fuse->level;
    bool any = !fuse->shown;
    halving_begin(&level->halving, &level[1].frame);
    ring_begin(fuse->ring, frame);
    for (unsigned row = 0; row < level->height; row++) {
        float *out = halving_next(&level->halving);
        read_row(fuse, out, fuse->kept, fuse->trust);
        if (fuse->shown) {
            const float *opacity = out + (size_t)level->width * fuse->colors;
            multiply_row(out, fuse->colors, level->width, opacity);
            any |= mark_shown(opacity, level->width, fuse->shown + (size_t)row * level->width);
        }
        halving_push(&level->halving);
    }
    return any;
}

/* P[L+1] from P[L], L > 0. */
static void build_next(struct level *level)
{
    size_t bytes = image_row_samples(&level->frame) * sizeof(float);
    halving_begin(&level->halving, &level[1].frame);
    for (unsigned row = 0; row < level->height; row++) {
        memcpy(halving_next(&level->halving), image_row(&level->frame, row), bytes);
        halving_push(&level->halving);
    }
}

/* COARSER stands in where the pixel has no colour of its own. */
SIMD_CLONES
static void divide_row(float *restrict colors, unsigned planes, unsigned width,
                       const float *restrict opacity, const float *restrict coarser)
{
    for (unsigned plane = 0; plane < planes; plane++)
        for (unsigned i = 0; i < width; i++) {
            size_t at = (size_t)plane * width + i;
            float color = colors[at] / (opacity[i] > 0 ? opacity[i] : 1.0f);
            colors[at] = opacity[i] < NOT_SEEN ? coarser[at] : color;
        }
}

/* g from P on the levels from the base to 1. */
static void divide_by_opacity(struct fuse *fuse)
{
    for (unsigned l = fuse->base; l > 0; l--) {
        struct level *level = &fuse->level[l];
        for (unsigned row = 0; row < level->height; row++) {
            float *colors = image_row(&level->frame, row);
            const float *opacity = colors + (size_t)level->width * fuse->colors;
            if (l < fuse->base)
                doubling_row(&level[1].frame, fuse->colors, level->width, level->height, row,
                             fuse->work, fuse->doubled);
            else
                memcpy(fuse->doubled, colors, image_row_samples(&level->frame) * sizeof(float));
            divide_row(colors, fuse->colors, level->width, opacity, fuse->doubled);
        }
    }
}

/* ---- weights and sums ---- */

SIMD_CLONES
static void pool_row(const float *restrict energy, const float *restrict finer, unsigned width,
                     float *restrict pooled, float *restrict q)
{
    for (unsigned i = 0; i < width; i++) {
        pooled[i] = energy[i] + finer[i];
        q[i] = energy[i] + POOLED_SHARE * finer[i] + NO_DETAIL;
    }
}

SIMD_CLONES
static void pool_finest(const float *restrict energy, unsigned width, float *restrict pooled,
                        float *restrict q)
{
    for (unsigned i = 0; i < width; i++) {
        pooled[i] = energy[i];
        q[i] = energy[i] + NO_DETAIL;
    }
}

SIMD_CLONES
static void raise_row(float *q, unsigned width, unsigned power)
{
    for (unsigned i = 0; i < width; i++) {
        float x = q[i] * ENERGY_SCALE, x2 = x * x, x4 = x2 * x2;
        q[i] = power == 4 ? x4 : power == 6 ? x4 * x2 : x4 * x4;
    }
}

SIMD_CLONES
static void lower_where_transparent(float *restrict q, const float *restrict opacity,
                                    unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        q[i] *= opacity[i] < SEE_THROUGH ? SEE_THROUGH_SHARE : 1.0f;
}

SIMD_CLONES
static void weigh_by_opacity(float *restrict weight, const float *restrict opacity, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        float a2 = opacity[i] * opacity[i], a4 = a2 * a2;
        weight[i] *= a4 > LEAST_OPACITY ? a4 : LEAST_OPACITY;
    }
}

/* SUM has the PLANES' sums, then that of the weights. */
SIMD_CLONES
static void add_weighted(const float *restrict detail, const float *restrict weight,
                         unsigned planes, unsigned width, float *restrict sum)
{
    for (unsigned plane = 0; plane < planes; plane++)
        for (unsigned i = 0; i < width; i++)
            sum[(size_t)plane * width + i] += weight[i] * detail[(size_t)plane * width + i];
    for (unsigned i = 0; i < width; i++)
        sum[(size_t)planes * width + i] += weight[i];
}

SIMD_CLONES
static void widen_range(const float *restrict colors, size_t count, float *restrict low,
                        float *restrict high)
{
    for (size_t i = 0; i < count; i++) {
        low[i] = colors[i] < low[i] ? colors[i] : low[i];
        high[i] = colors[i] > high[i] ? colors[i] : high[i];
    }
}

SIMD_CLONES
static void widen_where_opaque(const float *restrict colors, const float *restrict opacity,
                               unsigned width, float *restrict low, float *restrict high)
{
    for (unsigned i = 0; i < width; i++) {
        bool opaque = opacity[i] > OPAQUE;
        low[i] = opaque && colors[i] < low[i] ? colors[i] : low[i];
        high[i] = opaque && colors[i] > high[i] ? colors[i] : high[i];
    }
}

/* Lets the range of LEVEL's row ROW take the frame's colours. */
static void add_to_range(const struct fuse *fuse, const struct level *level, unsigned row)
{
    size_t count = (size_t)level->width * fuse->colors;
    const float *colors = image_row(&level->frame, row);
    float *low = image_row(&level->range, row), *high = low + count;
    if (!fuse->shown) {
        widen_range(colors, count, low, high);
        return;
    }
    for (unsigned plane = 0; plane < fuse->colors; plane++) {
        size_t from = (size_t)plane * level->width;
        widen_where_opaque(colors + from, colors + count, level->width, low + from, high + from);
    }
}

SIMD_CLONES
static void multiply_by(float *restrict weight, const float *restrict factor, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        weight[i] *= factor[i];
}

/* Adds row ROW of level L of the frame, its DETAIL, TRUST (NULL: 1) and OPACITY (NULL: opaque), to
   the sums, by its ENERGY and FINER ones (NULL: there are none). Writes both to POOLED. */
static void add_row(struct fuse *fuse, unsigned l, unsigned row, const float *detail,
                    const float *trust, const float *opacity, const float *energy,
                    const float *finer, float *pooled)
{
    struct level *level = &fuse->level[l];
    unsigned width = level->width;
    float *weight = fuse->weight;
    if (finer)
        pool_row(energy, finer, width, pooled, weight);
    else
        pool_finest(energy, width, pooled, weight);
    if (opacity)
        lower_where_transparent(weight, opacity, width);
    if (fuse->depth && l == depth_level(fuse->base))
        depth_add_row(fuse->depth, row, fuse->frames, pooled, opacity);
    raise_row(weight, width, l == 0 ? fuse->sharpness : COARSE_POWER);
    if (opacity)
        weigh_by_opacity(weight, opacity, width);
    if (trust)
        multiply_by(weight, trust, width);
    add_weighted(detail, weight, fuse->colors, width, image_row(&level->sum, row));
    if (l > 0)
        add_to_range(fuse, level, row);
}

SIMD_CLONES
static void subtract(const float *restrict a, const float *restrict b, size_t count,
                     float *restrict difference)
{
    for (size_t i = 0; i < count; i++)
        difference[i] = a[i] - b[i];
}

SIMD_CLONES
static void clear_where_not_seen(float *restrict detail, const float *restrict opacity,
                                 unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        detail[i] = opacity[i] < NOT_SEEN ? 0.0f : detail[i];
}

/* The detail of a row of LEVEL, COLORS and behind them opacity, less fuse->doubled, to OUT; and the
   opacity. */
static void detail_of(const struct fuse *fuse, const struct level *level, const float *colors,
                      float *out)
{
    size_t colored = (size_t)level->width * fuse->colors;
    subtract(colors, fuse->doubled, colored, out);
    if (!fuse->shown)
        return;
    for (unsigned plane = 0; plane < fuse->colors; plane++)
        clear_where_not_seen(out + (size_t)plane * level->width, colors + colored, level->width);
    memcpy(out + colored, colors + colored, level->width * sizeof *out);
}

/* The detail of row ROW of level L, under the base, to DETAIL, and its squares to SQUARES. On level
   0 the rows are those of the raster, one after the other, and what each pixel is trusted goes
   behind DETAIL's planes. */
static void detail_row(struct fuse *fuse, unsigned l, unsigned row, float *detail, float *squares)
{
    struct level *level = &fuse->level[l];
    const float *seen = detail;
    doubling_row(&level[1].frame, fuse->colors, level->width, level->height, row, fuse->work,
                 fuse->doubled);
    if (l == 0) {
        read_row(fuse, fuse->calm, fuse->kept, detail + (size_t)level->width * fuse->planes);
        detail_of(fuse, level, fuse->kept, detail);
        detail_of(fuse, level, fuse->calm, fuse->row);
        seen = fuse->row;
    } else {
        detail_of(fuse, level, image_row(&level->frame, row), detail);
    }
    energy_square(seen, fuse->colors, level->width, squares);
}

static void add_level(struct fuse *fuse, unsigned l, const struct frame *frame)
{
    struct level *level = &fuse->level[l];
    size_t colored = (size_t)level->width * fuse->colors;
    if (l == 0)
        ring_begin(fuse->ring, frame);
    energy_begin(level->energy);
    halving_begin(&level->pooling, &level[1].finer);
    level->detail.got = 0;
    for (unsigned row = 0; row < level->height;) {
        if (level->detail.got < level->height) {
            float *detail = rolling_next(&level->detail);
            detail_row(fuse, l, level->detail.got, detail, energy_next(level->energy));
            level->detail.got++;
        }
        const float *energy = energy_push(level->energy);
        if (!energy)
            continue;
        const float *detail = rolling_row(&level->detail, row);
        const float *trust = l == 0 ? detail + (size_t)level->width * fuse->planes : NULL;
        add_row(fuse, l, row, detail, trust, fuse->shown ? detail + colored : NULL, energy,
                l == 0 ? NULL : image_row(&level->finer, row), halving_next(&level->pooling));
        halving_push(&level->pooling);
        row++;
    }
}

static void add_base(struct fuse *fuse)
{
    struct level *level = &fuse->level[fuse->base];
    size_t colored = (size_t)level->width * fuse->colors;
    for (unsigned row = 0; row < level->height; row++) {
        const float *colors = image_row(&level->frame, row);
        add_row(fuse, fuse->base, row, colors, NULL, fuse->shown ? colors + colored : NULL,
                image_row(&level->finer, row), NULL, fuse->work);
    }
}

bool fuse_add(struct fuse *fuse, const struct frame *frame)
{
    bool any = build_first(fuse, frame);
    if (any) {
        for (unsigned l = 1; l < fuse->base; l++)
            build_next(&fuse->level[l]);
        if (fuse->shown)
            divide_by_opacity(fuse);
        for (unsigned l = 0; l < fuse->base; l++)
            add_level(fuse, l, frame);
        add_base(fuse);
    }
    fuse->frames++;
    return any;
}

/* ---- the picture ---- */

/* x of a row whose SUM has the PLANES' sums and that of the weights; COARSER is x[l+1] doubled. */
SIMD_CLONES
static void solve_row(float *restrict sum, unsigned planes, unsigned width,
                      const float *restrict coarser)
{
    const float *restrict weight = sum + (size_t)planes * width;
    for (unsigned plane = 0; plane < planes; plane++)
        for (unsigned i = 0; i < width; i++) {
            size_t at = (size_t)plane * width + i;
            sum[at] = sum[at] / weight[i] + coarser[at];
        }
}

/* Where no frame was opaque the range is empty, LOW above HIGH. */
SIMD_CLONES
static void clip_row(float *restrict x, size_t count, const float *restrict low,
                     const float *restrict high)
{
    for (size_t i = 0; i < count; i++) {
        float within = x[i] < low[i] ? low[i] : x[i] > high[i] ? high[i] : x[i];
        x[i] = low[i] <= high[i] ? within : x[i];
    }
}

/* Turns row ROW of the sums of level L into x. */
static void finish_row(struct fuse *fuse, unsigned l, unsigned row)
{
    struct level *level = &fuse->level[l];
    size_t colored = (size_t)level->width * fuse->colors;
    float *sum = image_row(&level->sum, row);
    if (l < fuse->base)
        doubling_row(&level[1].sum, fuse->colors, level->width, level->height, row, fuse->work,
                     fuse->doubled);
    else
        set_all(fuse->doubled, colored, 0);
    solve_row(sum, fuse->colors, level->width, fuse->doubled);
    if (l == 0)
        return;
    const float *low = image_row(&level->range, row);
    clip_row(sum, colored, low, low + colored);
}

/* COUNT samples of X, 0..FULL_SCALE where they are in range, rounded half up and clipped, to every
   STEP-th of SAMPLES. */
static void put_plane(const float *x, unsigned count, unsigned maxval, unsigned step,
                      uint16_t *samples)
{
    float scale = (float)maxval / FULL_SCALE, top = (float)maxval;
    for (unsigned i = 0; i < count; i++) {
        float value = floorf(x[i] * scale + 0.5f);
        samples[(size_t)i * step] = (uint16_t)(value < 0 ? 0 : value > top ? top : value);
    }
}

/* Puts a row's colours of FRAME to SAMPLES, DEPTH of each pixel, where anything is SHOWN (NULL:
   everywhere). */
static void keep_colors(const struct frame *frame, unsigned row, const unsigned char *shown,
                        unsigned depth, uint16_t *samples)
{
    for (unsigned i = 0; i < frame->width; i++)
        for (unsigned c = 0; c < frame_colors(frame) && (!shown || shown[i]); c++)
            samples[(size_t)i * depth + c] = (uint16_t)frame_get(frame, i, row, c);
}

void fuse_finish(struct fuse *fuse, struct frame *frame)
{
    const struct frame last = *frame;
    for (unsigned l = fuse->base; l > 0; l--)
        for (unsigned row = 0; row < fuse->level[l].height; row++)
            finish_row(fuse, l, row);

    unsigned width = frame->width;
    size_t pixels = (size_t)width * frame->height;
    bool opacity = fuse->shown && (fuse->keep_opacity || memchr(fuse->shown, 0, pixels));
    frame->depth = fuse->colors + opacity;
    if (fuse->shown && !opacity)
        strcpy(frame->tuple_type, fuse->colors == 1 ? "GRAYSCALE" : "RGB");
    for (unsigned row = 0; row < frame->height; row++) {
        finish_row(fuse, 0, row);
        const float *x = image_row(&fuse->level[0].sum, row);
        for (unsigned plane = 0; plane < fuse->colors; plane++)
            put_plane(x + (size_t)plane * width, width, fuse->maxval, frame->depth,
                      fuse->samples + plane);
        const unsigned char *shown = fuse->shown ? fuse->shown + (size_t)row * width : NULL;
        if (fuse->frames == 1)
            keep_colors(&last, row, shown, frame->depth, fuse->samples);
        for (unsigned i = 0; opacity && i < width; i++)
            fuse->samples[(size_t)i * frame->depth + fuse->colors] =
                (uint16_t)(shown[i] * fuse->maxval);
        frame_put_row(frame, row, fuse->samples);
    }
}

void fuse_depth_map(const struct fuse *fuse, struct frame *map)
{
    *map = (struct frame){.width = fuse->level[0].width, .height = fuse->level[0].height};
    depth_map(fuse->depth, 1U << depth_level(fuse->base), fuse->frames, map);
}
