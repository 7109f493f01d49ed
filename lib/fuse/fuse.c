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
 *         w = (q / 16)^p  max(a^4, 2^-10),  p = the sharpness on level 0, 8 above
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
 * Weights span 30 decades, so they are floats: the least are (.05 .03 / 16)^8 2^-19 = 1e-38, about
 * the least normal float, so W is never 0 where a frame was added; energies are at most some 1e5,
 * so weights are under 1e31. Their sums take 32 bits: see sum.h.
 *
 * The Laplacian and the energy of a level are never stored: rows run through windows, and the
 * weights of a row are known ENERGY_LAG rows later. Level 0 is read twice from the raster, once to
 * build the pyramid and once for its detail, for opacity needs the coarser levels first.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "depth.h"
#include "energy.h"
#include "fuse.h"
#include "halving.h"
#include "image.h"
#include "layer.h"
#include "raster.h"
#include "rolling.h"
#include "simd.h"
#include "weight.h"

enum { COARSE_POWER = 8, DEPTH_LEVEL = 2 };

struct fuse {
    unsigned colors, planes; /* without and with opacity */
    unsigned maxval, frames;
    unsigned sharpness;
    unsigned base; /* the number of the last layer, at least 1 */
    struct layer layer[LAYERS_MAX];
    unsigned char *shown; /* of each pixel: any frame has opacity there; NULL: frames are opaque */
    bool keep_opacity;    /* the picture has the plane even where all is shown */
    struct depth *depth;  /* or NULL */
    struct raster *raster;
    uint16_t *samples;          /* a row of the picture */
    float *calm, *kept, *trust; /* a row of the frame */
    float *seen, *pooled;       /* rows in work */
};

/* ---- memory ---- */

/* The level on which the depth map is made, in a pyramid with that base. */
static unsigned depth_level(unsigned base)
{
    return base < DEPTH_LEVEL ? base : DEPTH_LEVEL;
}

double fuse_bytes(const struct frame *geometry, const struct fuse_options *options)
{
    enum { ROWS = 100 }; /* in work, a generous guess */
    struct layer layer[LAYERS_MAX];
    unsigned base = layer_sizes(geometry, layer);
    unsigned bytes = frame_sample_bytes(geometry);
    double pixels = (double)geometry->width * geometry->height;
    double total = pixels * geometry->depth * bytes + layer_bytes(layer, base);
    if (frame_has_opacity(geometry))
        total += pixels;
    const struct layer *mapped = &layer[depth_level(base)];
    if (options->depth)
        total += depth_bytes(mapped->width, mapped->height);
    return total + image_bytes(geometry->width, ROWS, 1);
}

struct fuse *fuse_new(const struct frame *geometry, const struct fuse_options *options)
{
    struct fuse *fuse = alloc_zeroed(1, sizeof *fuse);
    size_t row = frame_row_samples(geometry);
    fuse->colors = frame_colors(geometry);
    fuse->planes = geometry->depth;
    fuse->maxval = geometry->maxval;
    fuse->sharpness = options->sharpness;
    fuse->keep_opacity = options->opacity;
    fuse->base = layer_sizes(geometry, fuse->layer);
    layer_alloc(fuse->layer, fuse->base);
    if (frame_has_opacity(geometry))
        fuse->shown = alloc_zeroed(geometry->height, geometry->width);
    const struct layer *mapped = &fuse->layer[depth_level(fuse->base)];
    if (options->depth)
        fuse->depth = depth_new(mapped->width, mapped->height);
    fuse->raster = raster_new(geometry);
    fuse->samples = alloc_array(row, sizeof *fuse->samples);
    fuse->calm = alloc_array(row, sizeof *fuse->calm);
    fuse->kept = alloc_array(row, sizeof *fuse->kept);
    fuse->trust = alloc_array(geometry->width, sizeof *fuse->trust);
    fuse->seen = alloc_array(row, sizeof *fuse->seen);
    fuse->pooled = alloc_array(geometry->width, sizeof *fuse->pooled);
    return fuse;
}

void fuse_free(struct fuse *fuse)
{
    if (!fuse)
        return;
    layer_free(fuse->layer, fuse->base);
    depth_free(fuse->depth);
    raster_free(fuse->raster);
    free(fuse->shown);
    free(fuse->samples);
    free(fuse->calm);
    free(fuse->kept);
    free(fuse->trust);
    free(fuse->seen);
    free(fuse->pooled);
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

/* P[1] of FRAME; false where it is transparent everywhere. */
static bool build_first(struct fuse *fuse, const struct frame *frame)
{
    struct layer *layer = fuse->layer;
    bool any = !fuse->shown;
    halving_begin(&layer->halving, &layer[1].frame);
    raster_begin(fuse->raster, frame);
    for (unsigned row = 0; row < layer->height; row++) {
        float *out = halving_next(&layer->halving);
        raster_next(fuse->raster, out, fuse->kept, fuse->trust);
        if (fuse->shown) {
            const float *opacity = out + (size_t)layer->width * fuse->colors;
            multiply_row(out, fuse->colors, layer->width, opacity);
            any |= mark_shown(opacity, layer->width, fuse->shown + (size_t)row * layer->width);
        }
        halving_push(&layer->halving);
    }
    return any;
}

/* The detail of row ROW of the finest layer, which is the raster's next, to DETAIL: what is kept,
   and behind its planes how far each pixel is trusted. Returns what is calm of it, for the energy.
 */
static const float *finest_detail(struct fuse *fuse, unsigned row, float *detail)
{
    struct layer *layer = fuse->layer;
    float *trust = detail + (size_t)layer->width * fuse->planes;
    layer_double(layer, row);
    raster_next(fuse->raster, fuse->calm, fuse->kept, trust);
    layer_detail(layer, fuse->kept, detail);
    layer_detail(layer, fuse->calm, fuse->seen);
    return fuse->seen;
}

/* The same of a layer above it, all of whose detail is calm. */
static const float *coarse_detail(struct layer *layer, unsigned row, float *detail)
{
    layer_double(layer, row);
    layer_detail(layer, image_row(&layer->frame, row), detail);
    return detail;
}

/* Adds row ROW of layer L, under the base, whose ENERGY is known, and pools that. */
static void add_row(struct fuse *fuse, unsigned l, unsigned row, const float *energy)
{
    struct layer *layer = &fuse->layer[l];
    const float *detail = rolling_row(&layer->detail, (long)row);
    const float *opacity = detail + (size_t)layer->width * fuse->colors;
    const struct evidence evidence = {
        .energy = energy,
        .finer = l == 0 ? NULL : image_row(&layer->finer, row),
        .opacity = fuse->shown ? opacity : NULL,
        .trust = l == 0 ? detail + (size_t)layer->width * fuse->planes : NULL,
    };
    float *pooled = halving_next(&layer->pooling);
    layer_add(layer, row, detail, &evidence, l == 0 ? fuse->sharpness : COARSE_POWER, pooled);
    if (fuse->depth && l == depth_level(fuse->base))
        depth_add_row(fuse->depth, row, fuse->frames, pooled, evidence.opacity);
    halving_push(&layer->pooling);
}

static void add_layer(struct fuse *fuse, unsigned l, const struct frame *frame)
{
    struct layer *layer = &fuse->layer[l];
    if (l == 0)
        raster_begin(fuse->raster, frame);
    energy_begin(layer->energy);
    halving_begin(&layer->pooling, &layer[1].finer);
    layer->detail.got = 0;
    for (unsigned row = 0; row < layer->height;) {
        unsigned next = layer->detail.got;
        if (next < layer->height) {
            float *detail = rolling_next(&layer->detail);
            const float *calm =
                l == 0 ? finest_detail(fuse, next, detail) : coarse_detail(layer, next, detail);
            energy_square(calm, fuse->colors, layer->width, energy_next(layer->energy));
            layer->detail.got++;
        }
        const float *energy = energy_push(layer->energy);
        if (energy)
            add_row(fuse, l, row++, energy);
    }
}

/* The base's detail is the frame itself, and its energies are those of the finer layers. */
static void add_base(struct fuse *fuse)
{
    struct layer *layer = &fuse->layer[fuse->base];
    for (unsigned row = 0; row < layer->height; row++) {
        const float *colors = image_row(&layer->frame, row);
        const struct evidence evidence = {
            .energy = image_row(&layer->finer, row),
            .opacity = fuse->shown ? colors + (size_t)layer->width * fuse->colors : NULL,
        };
        layer_add(layer, row, colors, &evidence, COARSE_POWER, fuse->pooled);
        if (fuse->depth && fuse->base == depth_level(fuse->base))
            depth_add_row(fuse->depth, row, fuse->frames, fuse->pooled, evidence.opacity);
    }
}

bool fuse_add(struct fuse *fuse, const struct frame *frame)
{
    bool any = build_first(fuse, frame);
    if (any) {
        for (unsigned l = 1; l < fuse->base; l++)
            layer_halve(&fuse->layer[l]);
        for (unsigned l = fuse->base; l > 0 && fuse->shown; l--)
            layer_divide(&fuse->layer[l]);
        for (unsigned l = 0; l < fuse->base; l++)
            add_layer(fuse, l, frame);
        add_base(fuse);
    }
    fuse->frames++;
    return any;
}

/* ---- the picture ---- */

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
    layer_forget_frame(fuse->layer, fuse->base);
    for (unsigned l = fuse->base; l > 0; l--)
        for (unsigned row = 0; row < fuse->layer[l].height; row++)
            layer_finish(&fuse->layer[l], row);

    unsigned width = frame->width;
    size_t pixels = (size_t)width * frame->height;
    bool opacity = fuse->shown && (fuse->keep_opacity || memchr(fuse->shown, 0, pixels));
    frame->depth = fuse->colors + opacity;
    if (fuse->shown && !opacity)
        strcpy(frame->tuple_type, fuse->colors == 1 ? "GRAYSCALE" : "RGB");
    for (unsigned row = 0; row < frame->height; row++) {
        layer_finish(fuse->layer, row);
        const float *x = image_row(&fuse->layer[0].sum.image, row);
        for (unsigned plane = 0; plane < fuse->colors; plane++)
            raster_put(x + (size_t)plane * width, width, fuse->maxval, frame->depth,
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
    *map = (struct frame){.width = fuse->layer[0].width, .height = fuse->layer[0].height};
    depth_map(fuse->depth, 1U << depth_level(fuse->base), fuse->frames, map);
}
