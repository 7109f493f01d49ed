/* SPDX-License-Identifier: MIT */

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "layer.h"
#include "simd.h"

enum { SMALLEST = 16 };

#define NOT_SEEN 0.01f /* under this opacity a pixel has no colour of its own */
#define OPAQUE 0.99f

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

double layer_bytes(const struct layer *layers, unsigned base)
{
    double total = 0;
    for (unsigned l = 0; l <= base; l++) {
        unsigned colors = layers[l].colors;
        unsigned planes = l == 0 ? 0 : 2 * colors + layers[l].planes + 1;
        total += sum_bytes(layers[l].width, layers[l].height, colors) +
                 image_bytes(layers[l].width, layers[l].height, planes);
    }
    return total;
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

static void alloc_one(struct layer *layer, bool finest)
{
    unsigned width = layer->width, height = layer->height;
    size_t row = (size_t)width * layer->planes;
    sum_alloc(&layer->sum, width, height, layer->colors);
    layer->doubled = alloc_zeroed(row + 2, sizeof *layer->doubled);
    layer->weight = alloc_array(width, sizeof *layer->weight);
    layer->work = alloc_array((size_t)width + 2, sizeof *layer->work);
    if (!finest) {
        image_alloc(&layer->range, width, height, 2 * layer->colors);
        start_range(&layer->range, layer->colors);
        image_alloc(&layer->frame, width, height, layer->planes);
        image_alloc(&layer->finer, width, height, 1);
    }
    if (layer->base)
        return;
    halving_alloc(&layer->halving, width, height, layer->planes);
    halving_alloc(&layer->pooling, width, height, 1);
    layer->energy = energy_new(width, height, finest ? 2 : 1);
    rolling_alloc(&layer->detail, height, row + (finest ? width : 0) + 1, ENERGY_LAG + 1);
}

void layer_alloc(struct layer *layers, unsigned base)
{
    for (unsigned l = 0; l <= base; l++)
        alloc_one(&layers[l], l == 0);
}

void layer_free(struct layer *layers, unsigned base)
{
    for (struct layer *layer = layers; layer <= layers + base; layer++) {
        sum_free(&layer->sum);
        image_free(&layer->range);
        image_free(&layer->frame);
        image_free(&layer->finer);
        halving_free(&layer->halving);
        halving_free(&layer->pooling);
        energy_free(layer->energy);
        rolling_free(&layer->detail);
        free(layer->doubled);
        free(layer->weight);
        free(layer->work);
    }
}

/* ---- a frame's pyramid ---- */

void layer_halve(struct layer *layer)
{
    size_t bytes = image_row_samples(&layer->frame) * sizeof(float);
    halving_begin(&layer->halving, &layer[1].frame);
    for (unsigned row = 0; row < layer->height; row++) {
        memcpy(halving_next(&layer->halving), image_row(&layer->frame, row), bytes);
        halving_push(&layer->halving);
    }
}

static void double_of(struct layer *layer, const struct image *coarser, unsigned row)
{
    doubling_row(coarser, layer->colors, layer->width, layer->height, row, layer->work,
                 layer->doubled);
}

void layer_double(struct layer *layer, unsigned row)
{
    double_of(layer, &layer[1].frame, row);
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

void layer_divide(struct layer *layer)
{
    for (unsigned row = 0; row < layer->height; row++) {
        float *colors = image_row(&layer->frame, row);
        size_t colored = (size_t)layer->width * layer->colors;
        if (layer->base)
            memcpy(layer->doubled, colors, colored * sizeof *colors);
        else
            layer_double(layer, row);
        divide_row(colors, layer->colors, layer->width, colors + colored, layer->doubled);
    }
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

void layer_detail(const struct layer *layer, const float *colors, float *out)
{
    size_t colored = (size_t)layer->width * layer->colors;
    subtract(colors, layer->doubled, colored, out);
    if (layer->planes == layer->colors)
        return;
    for (unsigned plane = 0; plane < layer->colors; plane++)
        clear_where_not_seen(out + (size_t)plane * layer->width, colors + colored, layer->width);
    memcpy(out + colored, colors + colored, layer->width * sizeof *out);
}

/* ---- sums ---- */

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

/* Lets the range of row ROW take the frame's colours. */
static void add_to_range(const struct layer *layer, unsigned row)
{
    size_t count = (size_t)layer->width * layer->colors;
    const float *colors = image_row(&layer->frame, row);
    float *low = image_row(&layer->range, row), *high = low + count;
    if (layer->planes == layer->colors) {
        widen_range(colors, count, low, high);
        return;
    }
    for (unsigned plane = 0; plane < layer->colors; plane++) {
        size_t from = (size_t)plane * layer->width;
        widen_where_opaque(colors + from, colors + count, layer->width, low + from, high + from);
    }
}

void layer_add(struct layer *layer, unsigned row, const float *detail,
               const struct evidence *evidence, unsigned power, float *pooled)
{
    weight_row(evidence, layer->width, power, pooled, layer->weight);
    sum_add(&layer->sum, row, detail, layer->weight);
    if (layer->range.samples)
        add_to_range(layer, row);
}

/* ---- the picture ---- */

void layer_forget_frame(struct layer *layers, unsigned base)
{
    for (struct layer *layer = layers; layer <= layers + base; layer++) {
        image_free(&layer->frame);
        image_free(&layer->finer);
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

void layer_finish(struct layer *layer, unsigned row)
{
    size_t colored = (size_t)layer->width * layer->colors;
    if (layer->base)
        set_all(layer->doubled, colored, 0);
    else
        double_of(layer, &layer[1].sum.image, row);
    sum_solve(&layer->sum, row, layer->doubled);
    if (!layer->range.samples)
        return;
    const float *low = image_row(&layer->range, row);
    clip_row(image_row(&layer->sum.image, row), colored, low, low + colored);
}
