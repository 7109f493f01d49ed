/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "layer.h"
#include "raster.h"
#include "simd.h"

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

static void alloc_one(struct layer *layer, bool finest, unsigned maxval)
{
    unsigned width = layer->width, height = layer->height;
    size_t row = (size_t)width * layer->planes;
    sum_alloc(&layer->sum, width, height, layer->colors);
    layer->doubled = alloc_zeroed(row + 2, sizeof *layer->doubled);
    layer->weight = alloc_array(width, sizeof *layer->weight);
    layer->work = alloc_array((size_t)width + 2, sizeof *layer->work);
    range_alloc(&layer->range, width, height, layer->colors, finest ? maxval : COARSE_MAXVAL);
    if (!finest) {
        layer->samples = alloc_array((size_t)width * layer->colors, sizeof *layer->samples);
        image_alloc(&layer->frame, width, height, layer->planes);
        image_alloc(&layer->finer, width, height, 1);
    }
    if (layer->base)
        return;
    halving_alloc(&layer->halving, width, height, layer->planes);
    halving_alloc(&layer->pooling, width, height, 1);
    layer->energy = energy_new(width, height, finest ? 2 : 1);
    rolling_alloc(&layer->detail, height, row + 1, ENERGY_LAG + 1);
}

void layer_alloc(struct layer *layers, unsigned base, unsigned maxval)
{
    for (unsigned l = 0; l <= base; l++)
        alloc_one(&layers[l], l == 0, maxval);
}

void layer_free(struct layer *layers, unsigned base)
{
    for (struct layer *layer = layers; layer <= layers + base; layer++) {
        sum_free(&layer->sum);
        range_free(&layer->range);
        image_free(&layer->frame);
        image_free(&layer->finer);
        halving_free(&layer->halving);
        halving_free(&layer->pooling);
        energy_free(layer->energy);
        rolling_free(&layer->detail);
        free(layer->doubled);
        free(layer->weight);
        free(layer->work);
        free(layer->samples);
    }
}

/* ---- a frame's pyramid ---- */

void layer_halve(struct layer *layer)
{
    halving_whole(&layer->halving, &layer->frame, &layer[1].frame);
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

void layer_add(struct layer *layer, unsigned row, const float *detail,
               const struct evidence *evidence, unsigned power, float *pooled)
{
    weight_row(evidence, layer->width, power, pooled, layer->weight);
    sum_add(&layer->sum, row, detail, layer->weight);
}

SIMD_CLONES
static void round_row(const float *restrict colors, size_t count, uint16_t *restrict samples)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = (uint16_t)(int)(colors[i] * 256.0f + 0.5f);
}

void layer_widen_range(struct layer *layer, unsigned row, const float *opacity)
{
    round_row(image_row(&layer->frame, row), (size_t)layer->width * layer->colors, layer->samples);
    range_widen(&layer->range, row, layer->samples, opacity);
}

/* ---- the picture ---- */

void layer_forget_frame(struct layer *layers, unsigned base)
{
    for (struct layer *layer = layers; layer <= layers + base; layer++) {
        image_free(&layer->frame);
        image_free(&layer->finer);
    }
}

void layer_solve(struct layer *layer, unsigned row)
{
    size_t colored = (size_t)layer->width * layer->colors;
    if (layer->base)
        set_all(layer->doubled, colored, 0);
    else
        double_of(layer, &layer[1].sum.image, row);
    sum_solve(&layer->sum, row, layer->doubled);
}

void layer_clip(struct layer *layer, unsigned row)
{
    range_clip(&layer->range, row, RASTER_FULL, layer->samples ? COARSE_MARGIN : FINEST_MARGIN,
               image_row(&layer->sum.image, row));
}
