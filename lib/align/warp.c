/* SPDX-License-Identifier: MIT */

/*
 * For each pixel x of the output, with (U, V, W) = M (x, y, 1) and u = U / W, v = V / W, the sample
 * is the sum of 4 x 4 of the source's around (u, v), weighted by w(u - i) w(v - j), with Keys'
 * cubic
 *
 *     w(f) = 1 - (5/2) f^2 + (3/2) |f|^3             |f| <= 1
 *            2 - 4 |f| + (5/2) f^2 - (1/2) |f|^3     1 <= |f| <= 2
 *
 * whose four values for a fraction f, g = 1 - f are
 *
 *     -f g^2 / 2,   1 - f^2 (5 - 3 f) / 2,   1 - g^2 (5 - 3 g) / 2,   -g f^2 / 2
 *
 * At f = 0 they are exactly 0, 1, 0, 0.
 *
 * A row is made in chunks of CHUNK pixels: positions and weights for all, then the samples. Unless
 * scale or rotation are large, most neighbourhoods lie side by side. Those of such a run are made
 * together, sample after sample, which is where the vector units work: sample m of a row, whatever
 * its plane, is the sum over those at m, m + depth, m + 2 depth and m + 3 depth of the source's
 * four rows. So each sample of a pixel has the weights of the pixel. For pixels too near the
 * source's edge the neighbourhood is copied, edges repeated.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "border.h"
#include "coverage.h"
#include "cubic.h"
#include "simd.h"
#include "threads.h"
#include "warp.h"

enum { CHUNK = 128, TAPS = 4, PLANES = 4 /* at most */ };

/* Rows that a band has at least; more where what is blurred above it has to be made again. */
enum { BAND = 32, BLURRED_BAND = 512 };

/* Samples, and what belongs to a sample, lie depth for each pixel. */
struct chunk {
    unsigned count, depth;
    double u[CHUNK], v[CHUNK];
    int column[CHUNK], row[CHUNK]; /* of the neighbourhood's first pixel */
    float across[TAPS][CHUNK * PLANES], down[TAPS][CHUNK * PLANES];
    float rows[TAPS][(CHUNK + TAPS) * PLANES]; /* of the source, for a run */
    float values[CHUNK * PLANES];              /* the result */
};

/* Makes the values of the chunk's pixels FIRST..END-1, whose neighbourhoods lie side by side, from
   RASTER. */
typedef void warp_kernel(const unsigned char *raster, size_t row_bytes, struct chunk *chunk,
                         unsigned first, unsigned end);

#define BYTE_AT(p, k) ((float)(p)[k])
#define PAIR_AT(p, k) ((float)((p)[2 * (k)] << 8 | (p)[2 * (k) + 1]))

SIMD_CLONES
static void widen_bytes(const unsigned char *restrict raw, size_t count, float *restrict row)
{
    for (size_t k = 0; k < count; k++)
        row[k] = BYTE_AT(raw, k);
}

SIMD_CLONES
static void widen_pairs(const unsigned char *restrict raw, size_t count, float *restrict row)
{
    for (size_t k = 0; k < count; k++)
        row[k] = PAIR_AT(raw, k);
}

/* The sum of the four rows' samples AT, by the weights of the chunk's sample M. */
static inline float sum_down(const struct chunk *chunk, size_t m, size_t at)
{
    return (chunk->down[0][m] * chunk->rows[0][at] + chunk->down[1][m] * chunk->rows[1][at]) +
           (chunk->down[2][m] * chunk->rows[2][at] + chunk->down[3][m] * chunk->rows[3][at]);
}

/* VALUES of the chunk's COUNT samples from FIRST on, whose neighbourhoods begin the rows. */
SIMD_CLONES
static void sum_run(const struct chunk *chunk, size_t first, size_t count, float *restrict values)
{
    size_t depth = chunk->depth;
    for (size_t k = 0; k < count; k++) {
        size_t m = first + k;
        float left = chunk->across[0][m] * sum_down(chunk, m, k) +
                     chunk->across[1][m] * sum_down(chunk, m, k + depth);
        float right = chunk->across[2][m] * sum_down(chunk, m, k + 2 * depth) +
                      chunk->across[3][m] * sum_down(chunk, m, k + 3 * depth);
        values[k] = left + right;
    }
}

/* Where the neighbourhood of pixel I begins. */
static const unsigned char *first_pixel(const unsigned char *raster, size_t row_bytes,
                                        const struct chunk *chunk, unsigned bytes, unsigned i)
{
    return raster + (size_t)chunk->row[i] * row_bytes +
           (size_t)chunk->column[i] * chunk->depth * bytes;
}

/* A run without opacity, of samples of BYTES. */
static inline void sum_pixels(const unsigned char *raster, size_t row_bytes, unsigned bytes,
                              struct chunk *chunk, unsigned first, unsigned end)
{
    size_t depth = chunk->depth, count = end - first;
    const unsigned char *from = first_pixel(raster, row_bytes, chunk, bytes, first);
    for (size_t j = 0; j < TAPS; j++)
        (bytes == 1 ? widen_bytes : widen_pairs)(from + j * row_bytes, (count + TAPS - 1) * depth,
                                                 chunk->rows[j]);
    sum_run(chunk, first * depth, count * depth, chunk->values + first * depth);
}

static void opaque_bytes(const unsigned char *raster, size_t row_bytes, struct chunk *chunk,
                         unsigned first, unsigned end)
{
    sum_pixels(raster, row_bytes, 1, chunk, first, end);
}

static void opaque_pairs(const unsigned char *raster, size_t row_bytes, struct chunk *chunk,
                         unsigned first, unsigned end)
{
    sum_pixels(raster, row_bytes, 2, chunk, first, end);
}

/* With opacity: weights colors by it, unless all of it is 0. */
static inline void weigh(const unsigned char *raster, size_t row_bytes, unsigned depth,
                         unsigned bytes, const struct chunk *chunk, unsigned i, float *values)
{
    unsigned colors = depth - 1;
    float weighted[4] = {0}, plain[4] = {0};
    size_t m = (size_t)i * depth;
    const unsigned char *from = first_pixel(raster, row_bytes, chunk, bytes, i);
    for (size_t j = 0; j < TAPS; j++) {
        const unsigned char *row = from + j * row_bytes;
        for (unsigned k = 0; k < TAPS; k++) {
            float weight = chunk->down[j][m] * chunk->across[k][m], sample[4];
            for (unsigned plane = 0; plane < depth; plane++) {
                unsigned at = k * depth + plane;
                sample[plane] = bytes == 1 ? BYTE_AT(row, at) : PAIR_AT(row, at);
            }
            for (unsigned plane = 0; plane < colors; plane++) {
                weighted[plane] += weight * sample[colors] * sample[plane];
                plain[plane] += weight * sample[plane];
            }
            weighted[colors] += weight * sample[colors];
        }
    }
    bool visible = weighted[colors] > 0;
    for (unsigned plane = 0; plane < colors; plane++)
        values[plane] = visible ? weighted[plane] / weighted[colors] : plain[plane];
    values[colors] = weighted[colors];
}

#define DEFINE_WEIGHING(name, depth, bytes)                                                        \
    static void name(const unsigned char *raster, size_t row_bytes, struct chunk *chunk,           \
                     unsigned first, unsigned end)                                                 \
    {                                                                                              \
        for (unsigned i = first; i < end; i++)                                                     \
            weigh(raster, row_bytes, depth, bytes, chunk, i, chunk->values + (size_t)i * depth);   \
    }

DEFINE_WEIGHING(gray_opacity_bytes, 2, 1)
DEFINE_WEIGHING(gray_opacity_pairs, 2, 2)
DEFINE_WEIGHING(rgb_opacity_bytes, 4, 1)
DEFINE_WEIGHING(rgb_opacity_pairs, 4, 2)

static warp_kernel *kernel_for(const struct frame *source)
{
    static warp_kernel *const kernels[4][2] = {{opaque_bytes, opaque_pairs},
                                               {gray_opacity_bytes, gray_opacity_pairs},
                                               {opaque_bytes, opaque_pairs},
                                               {rgb_opacity_bytes, rgb_opacity_pairs}};
    return kernels[source->depth - 1][frame_sample_bytes(source) - 1];
}

/* Sets where T takes the pixels X, X + 1, ... of row Y, clamped to 2 pixels around a source of
   SIZE_U x SIZE_V. */
SIMD_CLONES
static void place(const struct transform *t, double x, double y, double size_u, double size_v,
                  struct chunk *chunk)
{
    double a = t->m[0][0], b = t->m[0][1] * y + t->m[0][2];
    double c = t->m[1][0], d = t->m[1][1] * y + t->m[1][2];
    double e = t->m[2][0], f = t->m[2][1] * y + t->m[2][2];
    for (int i = 0; i < CHUNK; i++) {
        double column = x + i;
        double w = 1 / (e * column + f);
        double u = (a * column + b) * w;
        double v = (c * column + d) * w;
        u = u > -2 ? u : -2;
        v = v > -2 ? v : -2;
        chunk->u[i] = u < size_u + 1 ? u : size_u + 1;
        chunk->v[i] = v < size_v + 1 ? v : size_v + 1;
    }
}

/* Keys' weights of COUNT fractions. */
SIMD_CLONES
static void weigh_all(const float *restrict fractions, size_t count,
                      float (*restrict weights)[CHUNK * PLANES])
{
    for (size_t m = 0; m < count; m++) {
        float w[TAPS];
        cubic_weights(fractions[m], w);
        for (int t = 0; t < TAPS; t++)
            weights[t][m] = w[t];
    }
}

/* Sets neighbourhoods and weights. */
static void weight(struct chunk *chunk)
{
    float across[CHUNK * PLANES], down[CHUNK * PLANES];
    size_t m = 0;
    for (unsigned i = 0; i < chunk->count; i++) {
        int column = (int)(chunk->u[i] + 4) - 4; /* rounds down from -4 on */
        int row = (int)(chunk->v[i] + 4) - 4;
        chunk->column[i] = column - 1;
        chunk->row[i] = row - 1;
        for (unsigned plane = 0; plane < chunk->depth; plane++, m++) {
            across[m] = (float)(chunk->u[i] - column);
            down[m] = (float)(chunk->v[i] - row);
        }
    }
    weigh_all(across, m, chunk->across);
    weigh_all(down, m, chunk->down);
}

static int clamp(int value, int most)
{
    return value < 0 ? 0 : value < most ? value : most;
}

/* Makes pixel I of the chunk, whose neighbourhood may reach beyond SOURCE. */
static void near_edge(const struct frame *source, warp_kernel *kernel, struct chunk *chunk,
                      unsigned i)
{
    unsigned char copy[TAPS * TAPS * PLANES * 2];
    size_t pixel_bytes = (size_t)source->depth * frame_sample_bytes(source);
    unsigned char *to = copy;
    int column = chunk->column[i], row = chunk->row[i];
    for (int j = 0; j < TAPS; j++) {
        const unsigned char *from =
            source->raster +
            (size_t)clamp(row + j, (int)source->height - 1) * frame_row_bytes(source);
        for (int k = 0; k < TAPS; k++, to += pixel_bytes)
            memcpy(to, from + (size_t)clamp(column + k, (int)source->width - 1) * pixel_bytes,
                   pixel_bytes);
    }
    chunk->column[i] = chunk->row[i] = 0;
    kernel(copy, TAPS * pixel_bytes, chunk, i, i + 1);
    chunk->column[i] = column;
    chunk->row[i] = row;
}

/* Whether the neighbourhood of pixel I lies inside SOURCE. */
static bool is_inside(const struct frame *source, const struct chunk *chunk, unsigned i)
{
    return chunk->column[i] >= 0 && chunk->row[i] >= 0 &&
           chunk->column[i] <= (int)source->width - TAPS &&
           chunk->row[i] <= (int)source->height - TAPS;
}

static void sample(const struct frame *source, warp_kernel *kernel, struct chunk *chunk)
{
    for (unsigned i = 0, end; i < chunk->count; i = end) {
        end = i + 1;
        if (!is_inside(source, chunk, i)) {
            near_edge(source, kernel, chunk, i);
            continue;
        }
        while (end < chunk->count && chunk->row[end] == chunk->row[i] &&
               chunk->column[end] == chunk->column[end - 1] + 1 && is_inside(source, chunk, end))
            end++;
        kernel(source->raster, frame_row_bytes(source), chunk, i, end);
    }
}

SIMD_CLONES
static void to_samples(const float *restrict values, size_t count, float maxval,
                       uint16_t *restrict samples)
{
    for (size_t i = 0; i < count; i++) {
        float value = values[i] + 0.5f;
        value = value > 0 ? value : 0;
        samples[i] = (uint16_t)(int)(value < maxval ? value : maxval);
    }
}

/* Warps the columns FIRST..END-1 of row ROW. */
static void warp_columns(const struct frame *source, const struct transform *t, unsigned row,
                         unsigned first, unsigned end, struct chunk *chunk, uint16_t *samples)
{
    warp_kernel *kernel = kernel_for(source);
    for (unsigned column = first; column < end; column += CHUNK) {
        chunk->count = end - column < CHUNK ? end - column : CHUNK;
        chunk->depth = source->depth;
        place(t, column, row, source->width, source->height, chunk);
        weight(chunk);
        sample(source, kernel, chunk);
        to_samples(chunk->values, (size_t)chunk->count * source->depth, (float)source->maxval,
                   samples + (size_t)column * source->depth);
    }
}

/* Fills the columns FIRST..END-1 of row ROW, which lie outside SOURCE. */
static void fill_columns(const struct frame *source, const struct transform *t,
                         const struct warp_options *options, struct border *surround, unsigned row,
                         unsigned first, unsigned end, struct chunk *chunk, uint16_t *samples)
{
    unsigned depth = source->depth;
    bool hide = options->border == WARP_TRANSPARENT && frame_has_opacity(source);
    if (first == end)
        return;
    switch (options->border) {
    case WARP_BLUR:
        border_row(surround, row, first, end, samples + (size_t)first * depth);
        break;
    case WARP_REPLICATE:
    case WARP_TRANSPARENT: /* scaling or fusing may blend this color into its neighbours */
        warp_columns(source, t, row, first, end, chunk, samples);
        for (unsigned column = first; hide && column < end; column++)
            samples[(size_t)column * depth + depth - 1] = 0;
        break;
    case WARP_CONSTANT:
        for (unsigned column = first; column < end; column++)
            memcpy(samples + (size_t)column * depth, options->value, depth * sizeof *samples);
        break;
    }
}

/* Adds opacity to COUNT pixels of DEPTH samples: OPAQUE from FIRST to END-1, else 0. */
static void add_opacity(const uint16_t *samples, unsigned count, unsigned depth, uint16_t opaque,
                        unsigned first, unsigned end, uint16_t *with)
{
    for (unsigned i = 0; i < count; i++) {
        memcpy(with, samples, depth * sizeof *with);
        with[depth] = i >= first && i < end ? opaque : 0;
        samples += depth;
        with += depth + 1;
    }
}

unsigned warp_depth(const struct frame *source, const struct warp_options *options)
{
    bool adds = options->border == WARP_TRANSPARENT && !frame_has_opacity(source);
    return source->depth + adds;
}

void warp_header(const struct frame *source, const struct warp_options *options, unsigned width,
                 unsigned height, struct frame *out)
{
    *out = (struct frame){.width = width,
                          .height = height,
                          .depth = warp_depth(source, options),
                          .maxval = source->maxval};
    snprintf(out->tuple_type, sizeof out->tuple_type, "%.240s%s", source->tuple_type,
             out->depth > source->depth ? "_ALPHA" : "");
}

/* Makes the rows FIRST..END-1 of OUT; T takes OUT's coordinates to SOURCE's. */
static void warp_band(const struct frame *source, const struct transform *t,
                      const struct warp_options *options, unsigned first, unsigned end,
                      struct frame *out)
{
    struct chunk *chunk = alloc_zeroed(1, sizeof *chunk);
    size_t count = (size_t)out->width * source->depth;
    uint16_t *samples = alloc_array(count, sizeof *samples);
    uint16_t *with = NULL;
    if (out->depth > source->depth)
        with = alloc_array(frame_row_samples(out), sizeof *with);
    struct border *surround = NULL;
    if (options->border == WARP_BLUR)
        surround = border_open(source, t, options->sigma, out->width, out->height);

    for (unsigned row = first; row < end; row++) {
        unsigned left, right;
        coverage_span(t, source->width, source->height, row, out->width, &left, &right);
        warp_columns(source, t, row, left, right, chunk, samples);
        fill_columns(source, t, options, surround, row, 0, left, chunk, samples);
        fill_columns(source, t, options, surround, row, right, out->width, chunk, samples);
        if (with)
            add_opacity(samples, out->width, source->depth, (uint16_t)source->maxval, left, right,
                        with);
        frame_put_row(out, row, with ? with : samples);
    }
    border_free(surround);
    free(with);
    free(samples);
    free(chunk);
}

void warp_frame(const struct frame *source, const struct transform *t,
                const struct warp_options *options, unsigned left, unsigned top, struct frame *out)
{
    struct transform shift = transform_shift(left, top);
    struct transform here = transform_compose(t, &shift);
    unsigned rows = out->height;
    unsigned bands = bands_count(rows, options->border == WARP_BLUR ? BLURRED_BAND : BAND);
#pragma omp parallel for schedule(dynamic) if (bands > 1)
    for (unsigned band = 0; band < bands; band++)
        warp_band(source, &here, options, bands_first(rows, bands, band),
                  bands_first(rows, bands, band + 1), out);
}
