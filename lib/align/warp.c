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
 * A row is made in chunks of CHUNK pixels: positions and weights for all, then the samples. The
 * four rows of a neighbourhood are summed first, over their whole length of 4 x depth samples at
 * once, which is where the vector units work; a length of 12 is rounded up to 16, so the kernels
 * read up to four samples more than they use. For pixels too near the source's edge the
 * neighbourhood is copied, edges repeated, and goes through the same kernel.
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
#include "warp.h"

enum { CHUNK = 128, TAPS = 4, SPARE = 2 /* pixels that kernels read beyond the last tap */ };

struct chunk {
    unsigned count;
    double u[CHUNK], v[CHUNK];
    int column[CHUNK], row[CHUNK]; /* of the neighbourhood's first pixel */
    float across[CHUNK][TAPS], down[CHUNK][TAPS];
    float values[CHUNK * 4]; /* the result, depth values a pixel */
};

/* Makes VALUES of the chunk's pixels FIRST..END-1 from RASTER, for one depth and one sample
   size. */
typedef void warp_kernel(const unsigned char *raster, size_t row_bytes, const struct chunk *chunk,
                         unsigned first, unsigned end, float *restrict values);

#define BYTE_AT(p, k) ((float)(p)[k])
#define PAIR_AT(p, k) ((float)((p)[2 * (k)] << 8 | (p)[2 * (k) + 1]))

#define DEFINE_KERNEL(name, depth, length, bytes, sample_at)                                       \
    SIMD_CLONES                                                                                    \
    static void name(const unsigned char *raster, size_t row_bytes, const struct chunk *chunk,     \
                     unsigned first, unsigned end, float *restrict values)                         \
    {                                                                                              \
        for (unsigned i = first; i < end; i++) {                                                   \
            const unsigned char *a = raster + (size_t)chunk->row[i] * row_bytes +                  \
                                     (size_t)chunk->column[i] * depth * bytes;                     \
            const unsigned char *b = a + row_bytes, *c = b + row_bytes, *d = c + row_bytes;        \
            const float *down = chunk->down[i], *across = chunk->across[i];                        \
            float sum[length];                                                                     \
            for (int k = 0; k < length; k++)                                                       \
                sum[k] = (down[0] * sample_at(a, k) + down[1] * sample_at(b, k)) +                 \
                         (down[2] * sample_at(c, k) + down[3] * sample_at(d, k));                  \
            for (int k = 0; k < depth; k++)                                                        \
                values[i * (unsigned)depth + (unsigned)k] =                                        \
                    (across[0] * sum[k] + across[1] * sum[depth + k]) +                            \
                    (across[2] * sum[2 * depth + k] + across[3] * sum[3 * depth + k]);             \
        }                                                                                          \
    }

DEFINE_KERNEL(gray_bytes, 1, 4, 1, BYTE_AT)
DEFINE_KERNEL(gray_pairs, 1, 4, 2, PAIR_AT)
DEFINE_KERNEL(rgb_bytes, 3, 16, 1, BYTE_AT)
DEFINE_KERNEL(rgb_pairs, 3, 16, 2, PAIR_AT)

/* With opacity: weights colors by it, unless all of it is 0. */
static inline void weigh(const unsigned char *raster, size_t row_bytes, unsigned depth,
                         unsigned bytes, const struct chunk *chunk, unsigned i, float *values)
{
    unsigned colors = depth - 1;
    float weighted[4] = {0}, plain[4] = {0};
    for (int j = 0; j < TAPS; j++) {
        const unsigned char *row = raster + (size_t)(chunk->row[i] + j) * row_bytes +
                                   (size_t)chunk->column[i] * depth * bytes;
        for (unsigned k = 0; k < TAPS; k++) {
            float weight = chunk->down[i][j] * chunk->across[i][k], sample[4];
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
    static void name(const unsigned char *raster, size_t row_bytes, const struct chunk *chunk,     \
                     unsigned first, unsigned end, float *restrict values)                         \
    {                                                                                              \
        for (unsigned i = first; i < end; i++)                                                     \
            weigh(raster, row_bytes, depth, bytes, chunk, i, values + (size_t)i * depth);          \
    }

DEFINE_WEIGHING(gray_opacity_bytes, 2, 1)
DEFINE_WEIGHING(gray_opacity_pairs, 2, 2)
DEFINE_WEIGHING(rgb_opacity_bytes, 4, 1)
DEFINE_WEIGHING(rgb_opacity_pairs, 4, 2)

static warp_kernel *kernel_for(const struct frame *source)
{
    static warp_kernel *const kernels[4][2] = {{gray_bytes, gray_pairs},
                                               {gray_opacity_bytes, gray_opacity_pairs},
                                               {rgb_bytes, rgb_pairs},
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

SIMD_CLONES
static void weight(struct chunk *chunk)
{
    for (int i = 0; i < CHUNK; i++) {
        int column = (int)(chunk->u[i] + 4) - 4; /* rounds down from -4 on */
        int row = (int)(chunk->v[i] + 4) - 4;
        chunk->column[i] = column - 1;
        chunk->row[i] = row - 1;
        cubic_weights((float)(chunk->u[i] - column), chunk->across[i]);
        cubic_weights((float)(chunk->v[i] - row), chunk->down[i]);
    }
}

static int clamp(int value, int most)
{
    return value < 0 ? 0 : value < most ? value : most;
}

/* Makes pixel I of the chunk, whose neighbourhood may reach beyond SOURCE. */
static void near_edge(const struct frame *source, warp_kernel *kernel, struct chunk *chunk,
                      unsigned i)
{
    unsigned char copy[TAPS * (TAPS + SPARE) * 4 * 2] = {0};
    size_t pixel_bytes = (size_t)source->depth * frame_sample_bytes(source);
    size_t row_bytes = (TAPS + SPARE) * pixel_bytes;
    int column = chunk->column[i], row = chunk->row[i];
    for (int j = 0; j < TAPS; j++) {
        const unsigned char *from =
            source->raster +
            (size_t)clamp(row + j, (int)source->height - 1) * frame_row_bytes(source);
        for (int k = 0; k < TAPS; k++)
            memcpy(copy + (size_t)j * row_bytes + (size_t)k * pixel_bytes,
                   from + (size_t)clamp(column + k, (int)source->width - 1) * pixel_bytes,
                   pixel_bytes);
    }
    chunk->column[i] = chunk->row[i] = 0;
    kernel(copy, row_bytes, chunk, i, i + 1, chunk->values);
    chunk->column[i] = column;
    chunk->row[i] = row;
}

static void sample(const struct frame *source, warp_kernel *kernel, struct chunk *chunk)
{
    int last_column = (int)source->width - TAPS - SPARE, last_row = (int)source->height - TAPS;
    for (unsigned i = 0; i < chunk->count;) {
        unsigned end = i;
        while (end < chunk->count && chunk->column[end] >= 0 && chunk->row[end] >= 0 &&
               chunk->column[end] <= last_column && chunk->row[end] <= last_row)
            end++;
        if (end > i)
            kernel(source->raster, frame_row_bytes(source), chunk, i, end, chunk->values);
        else
            near_edge(source, kernel, chunk, end++);
        i = end;
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

void warp_frame(const struct frame *source, const struct transform *t,
                const struct warp_options *options, unsigned left, unsigned top, struct frame *out)
{
    struct transform shift = transform_shift(left, top);
    struct transform here = transform_compose(t, &shift);
    struct chunk *chunk = alloc_zeroed(1, sizeof *chunk);
    size_t count = (size_t)out->width * source->depth;
    uint16_t *samples = alloc_array(count, sizeof *samples);
    uint16_t *with = NULL;
    if (out->depth > source->depth)
        with = alloc_array(frame_row_samples(out), sizeof *with);
    struct border *surround = NULL;
    if (options->border == WARP_BLUR)
        surround = border_open(source, &here, options->sigma, out->width, out->height);

    for (unsigned row = 0; row < out->height; row++) {
        unsigned first, end;
        coverage_span(&here, source->width, source->height, row, out->width, &first, &end);
        warp_columns(source, &here, row, first, end, chunk, samples);
        fill_columns(source, &here, options, surround, row, 0, first, chunk, samples);
        fill_columns(source, &here, options, surround, row, end, out->width, chunk, samples);
        if (with)
            add_opacity(samples, out->width, source->depth, (uint16_t)source->maxval, first, end,
                        with);
        frame_put_row(out, row, with ? with : samples);
    }
    border_free(surround);
    free(with);
    free(samples);
    free(chunk);
}
