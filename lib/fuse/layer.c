/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "layer.h"
#include "raster.h"
#include "simd.h"
#include "threads.h"

/* Colours of coarse layers are in a range in 1/256 of a level. */
enum { SMALLEST = 16, COARSE_MAXVAL = 255 * 256 };

#define NOT_SEEN 0.01f                /* under this opacity a pixel has no colour of its own */
#define FINEST_MARGIN 2.0f            /* beyond the range, in levels of 255 */
#define COARSE_MARGIN (1.0f / 256.0f) /* what rounding leaves */

/* ---- geometry and memory ---- */

unsigned layer_sizes(const struct frame *geometry, struct layer layers[LAYERS_MAX])
{
    unsigned l = 0, width = geometry->width, height = geometry->height;
    for (;; l++, width = halving_size(width), height = halving_size(height)) {
        bool base = l > 0 && (width < SMALLEST || height < SMALLEST);
        layers[l] = (struct layer){.width = width,
                                   .height = height,
                                   .colors = frame_colors(geometry),
                                   .planes = geometry->depth,
                                   .base = base};
        if (base)
            return l;
    }
}

double layer_bytes(const struct layer *layers, unsigned base, unsigned maxval)
{
    double total = 0;
    for (unsigned l = 0; l <= base; l++) {
        unsigned colors = layers[l].colors;
        unsigned width = layers[l].width, height = layers[l].height;
        total += sum_bytes(width, height, colors) +
                 range_bytes(width, height, colors, l == 0 ? maxval : COARSE_MAXVAL) +
                 image_bytes(width, height, l == 0 ? 0 : layers[l].planes + 1);
    }
    return total;
}

static void set_all(float *samples, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = value;
}

double layer_thread_bytes(const struct layer *layers, unsigned base)
{
    double total = 0;
    for (unsigned l = 0; l <= base; l++)
        total += image_bytes(layers[l].width, 1, 14 * layers[l].planes + 24);
    return total;
}

static void alloc_lines(const struct layer *layer, bool finest, struct lines *lines)
{
    unsigned width = layer->width, height = layer->height;
    size_t row = (size_t)width * layer->planes;
    lines->doubled = alloc_zeroed(row + 2, sizeof *lines->doubled);
    lines->weight = alloc_array(width, sizeof *lines->weight);
    lines->work = alloc_array((size_t)width + 2, sizeof *lines->work);
    range_rows_alloc(&lines->range, width, layer->colors);
    if (!finest)
        lines->samples = alloc_array((size_t)width * layer->colors, sizeof *lines->samples);
    if (layer->base)
        return;
    halving_alloc(&lines->halving, width, height, layer->planes);
    halving_alloc(&lines->pooling, width, height, 1);
    lines->energy = energy_new(width, height, finest ? 2 : 1);
    rolling_alloc(&lines->detail, height, row + 1, ENERGY_LAG + 1);
}

static void free_lines(struct lines *lines)
{
    halving_free(&lines->halving);
    halving_free(&lines->pooling);
    energy_free(lines->energy);
    rolling_free(&lines->detail);
    range_rows_free(&lines->range);
    free(lines->doubled);
    free(lines->weight);
    free(lines->work);
    free(lines->samples);
}

void layer_alloc(struct layer *layers, unsigned base, unsigned maxval, unsigned threads)
{
    for (unsigned l = 0; l <= base; l++) {
        struct layer *layer = &layers[l];
        unsigned width = layer->width, height = layer->height;
        sum_alloc(&layer->sum, width, height, layer->colors);
        range_alloc(&layer->range, width, height, layer->colors, l == 0 ? maxval : COARSE_MAXVAL);
        if (l > 0) {
            image_alloc(&layer->frame, width, height, layer->planes);
            image_alloc(&layer->finer, width, height, 1);
        }
        layer->threads = threads;
        layer->lines = alloc_zeroed(threads, sizeof *layer->lines);
        for (unsigned i = 0; i < threads; i++)
            alloc_lines(layer, l == 0, &layer->lines[i]);
    }
}

void layer_free(struct layer *layers, unsigned base)
{
    for (struct layer *layer = layers; layer <= layers + base; layer++) {
        sum_free(&layer->sum);
        range_free(&layer->range);
        image_free(&layer->frame);
        image_free(&layer->finer);
        for (unsigned i = 0; i < layer->threads; i++)
            free_lines(&layer->lines[i]);
        free(layer->lines);
    }
}

struct lines *layer_lines(const struct layer *layer)
{
    return &layer->lines[threads_number()];
}

/* ---- a frame's pyramid ---- */

void layer_halve(struct layer *layer, unsigned first, unsigned end)
{
    halving_band(&layer_lines(layer)->halving, &layer->frame, &layer[1].frame, first, end);
}

static void double_of(const struct layer *layer, const struct image *coarser, unsigned row,
                      struct lines *lines)
{
    doubling_row(coarser, layer->colors, layer->width, layer->height, row, lines->work,
                 lines->doubled);
}

void layer_double(const struct layer *layer, unsigned row, struct lines *lines)
{
    double_of(layer, &layer[1].frame, row, lines);
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

void layer_divide(struct layer *layer, unsigned row)
{
    struct lines *lines = layer_lines(layer);
    float *colors = image_row(&layer->frame, row);
    size_t colored = (size_t)layer->width * layer->colors;
    if (layer->base)
        memcpy(lines->doubled, colors, colored * sizeof *colors);
    else
        layer_double(layer, row, lines);
    divide_row(colors, layer->colors, layer->width, colors + colored, lines->doubled);
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

void layer_detail(const struct layer *layer, const struct lines *lines, const float *colors,
                  float *out)
{
    size_t colored = (size_t)layer->width * layer->colors;
    subtract(colors, lines->doubled, colored, out);
    if (layer->planes == layer->colors)
        return;
    for (unsigned plane = 0; plane < layer->colors; plane++)
        clear_where_not_seen(out + (size_t)plane * layer->width, colors + colored, layer->width);
    memcpy(out + colored, colors + colored, layer->width * sizeof *out);
}

/* ---- sums ---- */

void layer_add(struct layer *layer, unsigned row, const float *detail, const float *weight)
{
    sum_add(&layer->sum, row, detail, weight);
}

SIMD_CLONES
static void round_row(const float *restrict colors, size_t count, uint16_t *restrict samples)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = (uint16_t)(int)(colors[i] * 256.0f + 0.5f);
}

void layer_widen_range(struct layer *layer, unsigned row, const float *opacity)
{
    struct lines *lines = layer_lines(layer);
    round_row(image_row(&layer->frame, row), (size_t)layer->width * layer->colors, lines->samples);
    range_widen(&layer->range, row, lines->samples, opacity, &lines->range);
}

/* ---- the picture ---- */

void layer_forget_frame(struct layer *layers, unsigned base)
{
    for (struct layer *layer = layers; layer <= layers + base; layer++) {
        image_free(&layer->frame);
        image_free(&layer->finer);
    }
}

void layer_solve(struct layer *layer, unsigned row, struct lines *lines)
{
    size_t colored = (size_t)layer->width * layer->colors;
    if (layer->base)
        set_all(lines->doubled, colored, 0);
    else
        double_of(layer, &layer[1].sum.image, row, lines);
    sum_solve(&layer->sum, row, lines->doubled);
}

void layer_clip(struct layer *layer, unsigned row, struct lines *lines)
{
    range_clip(&layer->range, row, RASTER_FULL, lines->samples ? COARSE_MARGIN : FINEST_MARGIN,
               image_row(&layer->sum.image, row), &lines->range);
}
