/* SPDX-License-Identifier: MIT */

/*
 * The method: a Laplacian pyramid (Burt and Adelson, 1983; Burt and Kolczynski, Enhanced Image
 * Capture through Fusion, 1993) whose weights are soft, and whose coarse levels listen to the
 * detail of the finer ones. Samples are in units of 1/255 of full scale, opacity is 0..1.
 *
 *     per frame, with colours c and opacity a:
 *
 *     P[0] = (c a, a);  P[l+1] = P[l] halved, down to the first level under 16 pixels, the base L
 *     g[0] = c;  g[l] = colours / opacity of P[l];  from coarse to fine, where a[l] < .01, g[l] is
 *     g[l+1] doubled
 *     for l = 0 .. L - 1:
 *         detail = g[l] - (g[l+1] doubled)
 *         E = the energy of that, blurred, for l = 0 twice: see energy.h
 *         pool[l] = E + d,  d = pool[l-1] halved (0 for l = 0)
 *         q = E + .3 d + .12, at most 2^14;  where a[l] < .5: .05 of that
 *         w = (q/32)^p ((d + 4) / (d + 64))^4 max(a^4, 2^-10),  p = the sharpness on level 0,
 *             12 above
 *         A[l] += w detail;  W[l] += w
 *         where a[l] > .99:  least[l], greatest[l] take g[l], for each colour
 *     the base likewise, with detail = g[L], E = that d, and d = 0
 *
 *     at the end, from coarse to fine:
 *
 *     x[l] = A[l] / W[l] + (x[l+1] doubled), within least[l] .. greatest[l], on level 0 within 2
 *     levels of 255 of that
 *
 * Powers, not the greatest alone: among frames that are about equally sharp the noise is averaged
 * away. On coarse levels there is little noise to average, so their power is high. The pooled
 * energies let a coarse level follow the frame whose fine detail is sharp there: the blurred copies
 * of a contour, or the disc of a light out of focus, have as much coarse detail as what is sharp,
 * but no fine detail. How much fine detail does not matter beyond some, or a sharp contour would
 * decide for the ground beside it. The energy of all colours sees edges that luma does not. What no
 * frame has is cut off, where it would be a halo; on level 0, where noise makes the extremes, with
 * a margin. .12 keeps noise from deciding where there is no detail.
 *
 * Nothing is done here about hot pixels that nobody masked: to a single picture they look like the
 * finest detail that there is, and what dulls them dulls that too.
 *
 * Weights are floats. The least of an opaque pixel is (.12/32)^12 (4/64)^4 = 1e-34; smaller ones
 * are raised to 2^-124 = 5e-38, so W is never 0 where a frame was added; the greatest is 512^12 =
 * 3e32. Their sums take 32 bits: see sum.h.
 *
 * The Laplacian and the energy of a level are never stored: rows run through windows, and the
 * weights of a row are known ENERGY_LAG rows later. Level 0 is read twice from the raster, once to
 * build the pyramid and once for its detail, for opacity needs the coarser levels first.
 *
 * A level's rows are worked on in bands, by all threads at once. A band is some rows of the next
 * level and the two of this one that lie above each of them. It begins with the rows that its own
 * depend on, so no sum depends on how many bands there are; only what is above its own rows is
 * written.
 */

#include <stdlib.h>

#include "alloc.h"
#include "energy.h"
#include "fuse.h"
#include "fusion.h"
#include "halving.h"
#include "image.h"
#include "raster.h"
#include "rolling.h"
#include "simd.h"
#include "weight.h"

enum { COARSE_POWER = 12 };

/* ---- memory ---- */

double fuse_bytes(const struct frame *geometry, const struct fuse_options *options)
{
    struct layer layer[LAYERS_MAX];
    unsigned base = layer_sizes(geometry, layer);
    unsigned bytes = frame_sample_bytes(geometry);
    double pixels = (double)geometry->width * geometry->height;
    double total = pixels * geometry->depth * bytes + layer_bytes(layer, base, geometry->maxval);
    if (frame_has_opacity(geometry))
        total += pixels;
    const struct layer *mapped = &layer[fusion_depth_level(base)];
    if (options->depth)
        total += depth_bytes(mapped->width, mapped->height);
    if (options->choice)
        total += choice_bytes(layer, base) + (double)frame_raster_bytes(options->choice);
    return total + threads_most() * layer_thread_bytes(layer, base);
}

struct fuse *fuse_new(const struct frame *geometry, const struct fuse_options *options)
{
    struct fuse *fuse = alloc_zeroed(1, sizeof *fuse);
    size_t row = frame_row_samples(geometry);
    unsigned threads = threads_most();
    fuse->colors = frame_colors(geometry);
    fuse->maxval = geometry->maxval;
    fuse->sharpness = options->sharpness;
    fuse->keep_opacity = options->opacity;
    fuse->base = layer_sizes(geometry, fuse->layer);
    layer_alloc(fuse->layer, fuse->base, geometry->maxval, threads);
    if (frame_has_opacity(geometry))
        fuse->shown = alloc_zeroed(geometry->height, geometry->width);
    const struct layer *mapped = &fuse->layer[fusion_depth_level(fuse->base)];
    if (options->depth)
        fuse->depth = depth_new(mapped->width, mapped->height);
    if (options->choice)
        fuse->choice = choice_new(options->choice, options->count, fuse->layer, fuse->base);
    fuse->rows = alloc_zeroed(threads, sizeof *fuse->rows);
    for (struct rows *rows = fuse->rows; rows < fuse->rows + threads; rows++) {
        rows->pixels = alloc_array(row, sizeof *rows->pixels);
        rows->samples = alloc_array(row, sizeof *rows->samples);
        rows->row = alloc_array(row, sizeof *rows->row);
        rows->pooled = alloc_array(geometry->width, sizeof *rows->pooled);
    }
    fuse->none = alloc_zeroed(geometry->width, sizeof *fuse->none);
    fuse->all = alloc_array(geometry->width, sizeof *fuse->all);
    for (unsigned i = 0; i < geometry->width; i++)
        fuse->all[i] = 1;
    return fuse;
}

void fuse_free(struct fuse *fuse)
{
    if (!fuse)
        return;
    for (struct rows *rows = fuse->rows; rows < fuse->rows + fuse->layer->threads; rows++) {
        free(rows->pixels);
        free(rows->samples);
        free(rows->row);
        free(rows->pooled);
    }
    free(fuse->rows);
    layer_free(fuse->layer, fuse->base);
    depth_free(fuse->depth);
    choice_free(fuse->choice);
    free(fuse->shown);
    free(fuse->none);
    free(fuse->all);
    free(fuse);
}

/* ---- a frame ---- */

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

/* Opacity of the row whose COLORS have it behind them, if frames have it. */
static const float *opacity_of(const struct fuse *fuse, const struct layer *layer,
                               const float *colors)
{
    return fuse->shown ? colors + (size_t)layer->width * fuse->colors : fuse->all;
}

/* The rows FIRST..END-1 of P[1] of FRAME; false where the rows above these are transparent
   everywhere. *CHOSEN is set where a choice has a share in them. */
static bool build_band(struct fuse *fuse, const struct frame *frame, unsigned first, unsigned end,
                       bool *chosen)
{
    struct layer *layer = fuse->layer;
    struct rows *rows = fusion_rows(fuse);
    struct halving *halving = &layer_lines(layer)->halving;
    bool any = !fuse->shown;
    halving_begin(halving, &layer[1].frame, first, end);
    if (fuse->choice)
        choice_begin_band(fuse->choice, first, end);
    for (; halving_wants(halving); halving_push(halving)) {
        unsigned row = halving->fine.got;
        float *out = halving_next(halving);
        raster_get(frame, row, rows->pixels, rows->samples, out);
        if (fuse->choice)
            *chosen |= choice_next(fuse->choice, row, opacity_of(fuse, layer, out));
        if (!fuse->shown)
            continue;
        const float *opacity = out + (size_t)layer->width * fuse->colors;
        multiply_row(out, fuse->colors, layer->width, opacity);
        if (row / 2 >= first && row / 2 < end)
            any |= mark_shown(opacity, layer->width, fuse->shown + (size_t)row * layer->width);
    }
    return any;
}

/* P[1] of FRAME; false where it is transparent everywhere. */
static bool build_first(struct fuse *fuse, const struct frame *frame)
{
    unsigned height = fuse->layer[1].height, bands = bands_count(height, LAYER_BAND);
    bool any = false, chosen = false;
    if (fuse->choice)
        choice_begin(fuse->choice, fuse->frames);
#pragma omp parallel for schedule(dynamic) reduction(|| : any, chosen) if (bands > 1)
    for (unsigned band = 0; band < bands; band++) {
        unsigned first = bands_first(height, bands, band);
        unsigned end = bands_first(height, bands, band + 1);
        any = build_band(fuse, frame, first, end, &chosen) || any;
    }
    if (fuse->choice)
        choice_end(fuse->choice, chosen);
    return any;
}

/* The pyramid above P[1], which becomes g. */
static void build_others(struct fuse *fuse)
{
    for (unsigned l = 1; l < fuse->base; l++) {
        unsigned height = fuse->layer[l + 1].height, bands = bands_count(height, LAYER_BAND);
#pragma omp parallel for schedule(dynamic) if (bands > 1)
        for (unsigned band = 0; band < bands; band++)
            layer_halve(&fuse->layer[l], bands_first(height, bands, band),
                        bands_first(height, bands, band + 1));
    }
    for (unsigned l = fuse->base; l > 0 && fuse->shown; l--) {
        unsigned height = fuse->layer[l].height;
#pragma omp parallel for schedule(static) if (height >= 2 * LAYER_BAND)
        for (unsigned row = 0; row < height; row++)
            layer_divide(&fuse->layer[l], row);
    }
}

/* The detail of row ROW of layer L, of which layer 0 is FRAME itself, to DETAIL. Widens the layer's
   range if the row is the band's OWN. */
static void make_detail(struct fuse *fuse, unsigned l, unsigned row, const struct frame *frame,
                        bool own, float *detail)
{
    struct layer *layer = &fuse->layer[l];
    struct lines *lines = layer_lines(layer);
    struct rows *rows = fusion_rows(fuse);
    const float *colors = l == 0 ? rows->row : image_row(&layer->frame, row);
    layer_double(layer, row, lines);
    if (l == 0)
        raster_get(frame, row, rows->pixels, rows->samples, rows->row);
    if (own && l == 0)
        range_widen(&layer->range, row, rows->samples, opacity_of(fuse, layer, colors),
                    &lines->range);
    else if (own)
        layer_widen_range(layer, row, opacity_of(fuse, layer, colors));
    layer_detail(layer, lines, colors, detail);
}

/* Pools the ENERGY of row ROW of layer L, under the base, and adds the row if it is the band's
   OWN. */
static void add_row(struct fuse *fuse, unsigned l, unsigned row, const float *energy, bool own)
{
    struct layer *layer = &fuse->layer[l];
    struct lines *lines = layer_lines(layer);
    const float *detail = rolling_row(&lines->detail, (long)row);
    const struct evidence evidence = {
        .energy = energy,
        .finer = l == 0 ? fuse->none : image_row(&layer->finer, row),
        .opacity = opacity_of(fuse, layer, detail),
    };
    float *pooled = halving_next(&lines->pooling);
    weight_row(&evidence, layer->width, l == 0 ? fuse->sharpness : COARSE_POWER, pooled,
               lines->weight);
    if (own) {
        layer_add(layer, row, detail, lines->weight);
        if (fuse->choice)
            choice_add(fuse->choice, l, row,
                       l == CHOICE_TOP ? image_row(&layer->frame, row) : detail, evidence.opacity);
        if (fuse->depth && l == fusion_depth_level(fuse->base))
            depth_add_row(fuse->depth, row, pooled, evidence.opacity, lines->weight);
    }
    halving_push(&lines->pooling);
}

/* Adds the rows of layer L that the rows FIRST..END-1 of the next layer lie on. */
static void add_band(struct fuse *fuse, unsigned l, const struct frame *frame, unsigned first,
                     unsigned end)
{
    struct layer *layer = &fuse->layer[l];
    struct lines *lines = layer_lines(layer);
    struct rolling *detail = &lines->detail;
    halving_begin(&lines->pooling, &layer[1].finer, first, end);
    unsigned row = lines->pooling.fine.got;
    detail->got = energy_begin(lines->energy, row);
    while (halving_wants(&lines->pooling)) {
        if (detail->got < layer->height) {
            bool own = detail->got / 2 >= first && detail->got / 2 < end;
            make_detail(fuse, l, detail->got, frame, own, rolling_next(detail));
            energy_square(rolling_next(detail), fuse->colors, layer->width,
                          energy_next(lines->energy));
            detail->got++;
        }
        const float *energy = energy_push(lines->energy);
        if (energy) {
            add_row(fuse, l, row, energy, row / 2 >= first && row / 2 < end);
            row++;
        }
    }
}

static void add_layer(struct fuse *fuse, unsigned l, const struct frame *frame)
{
    unsigned height = fuse->layer[l + 1].height, bands = bands_count(height, LAYER_BAND);
#pragma omp parallel for schedule(dynamic) if (bands > 1)
    for (unsigned band = 0; band < bands; band++)
        add_band(fuse, l, frame, bands_first(height, bands, band),
                 bands_first(height, bands, band + 1));
}

/* The base's detail is the frame itself, and its energies are those of the finer layers. */
static void add_base(struct fuse *fuse)
{
    struct layer *layer = &fuse->layer[fuse->base];
    float *weight = layer_lines(layer)->weight, *pooled = fusion_rows(fuse)->pooled;
    for (unsigned row = 0; row < layer->height; row++) {
        const float *colors = image_row(&layer->frame, row);
        const struct evidence evidence = {
            .energy = image_row(&layer->finer, row),
            .finer = fuse->none,
            .opacity = opacity_of(fuse, layer, colors),
        };
        layer_widen_range(layer, row, evidence.opacity);
        weight_row(&evidence, layer->width, COARSE_POWER, pooled, weight);
        layer_add(layer, row, colors, weight);
        if (fuse->choice)
            choice_add(fuse->choice, fuse->base, row, colors, evidence.opacity);
        if (fuse->depth && fuse->base == fusion_depth_level(fuse->base))
            depth_add_row(fuse->depth, row, pooled, evidence.opacity, weight);
    }
}

/* The depth map counts a frame that is transparent everywhere. */
static void add_nothing(struct fuse *fuse)
{
    const struct layer *layer = &fuse->layer[fusion_depth_level(fuse->base)];
    for (unsigned row = 0; fuse->depth && row < layer->height; row++)
        depth_add_row(fuse->depth, row, fuse->none, fuse->all, layer_lines(layer)->weight);
}

bool fuse_add(struct fuse *fuse, const struct frame *frame)
{
    bool any = build_first(fuse, frame);
    if (any) {
        build_others(fuse);
        for (unsigned l = 0; l < fuse->base; l++)
            add_layer(fuse, l, frame);
        add_base(fuse);
    } else {
        add_nothing(fuse);
    }
    if (fuse->depth)
        depth_added(fuse->depth, fuse->frames);
    fuse->frames++;
    return any;
}
