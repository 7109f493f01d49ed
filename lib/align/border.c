/* SPDX-License-Identifier: MIT */

/*
 * A Gaussian of standard deviation s removes detail finer than s, so the blur works on cells of f x
 * f pixels, f about s/4: a cell is the mean of a few nearest samples of the source, 4x4 at most.
 * Making cells blurs by a box of variance (f^2 - 1)/12, and the linear interpolation between them
 * at the end by about f^2/6, so the blur of the cells has the variance
 *
 *     (s^2 - (f^2 - 1)/12 - f^2/6) / f^2     (f > 1)
 *
 * A row of cells is blurred horizontally when it is made. A window of such rows, as high as the
 * kernel, slides down the picture; their weighted sum is a blurred row. Beyond the output the cells
 * at the edge are repeated.
 *
 * With opacity, colors are multiplied by it before the blur and divided by the blurred opacity
 * after it.
 */

#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "simd.h"
#include "border.h"

enum { POINTS = 4 };

struct border {
    const struct frame *source;
    struct transform t;
    unsigned cell;          /* its side, pixels */
    unsigned columns, rows; /* cells */
    size_t row_values;      /* columns * depth */
    unsigned radius;        /* of the kernel, cells */
    float *kernel;          /* 2 * radius + 1 */
    unsigned slots;
    float *window;      /* SLOTS rows blurred across; row I is in slot I modulo SLOTS */
    unsigned made;      /* rows put into the window so far, or skipped */
    float *line;        /* a row of cells with RADIUS repeated cells at each end */
    float *blurred[2];  /* two neighbouring blurred rows */
    long blurred_of[2]; /* which ones, -1 for none */
};

struct border *border_open(const struct frame *source, const struct transform *t, double sigma,
                           unsigned width, unsigned height)
{
    struct border *s = alloc_zeroed(1, sizeof *s);
    s->source = source;
    s->t = *t;
    double side = fmax(1, fmin(floor(sigma / 4), fmax(width, height)));
    s->cell = (unsigned)side;
    s->columns = (width + s->cell - 1) / s->cell;
    s->rows = (height + s->cell - 1) / s->cell;
    s->row_values = (size_t)s->columns * source->depth;
    double variance = sigma * sigma;
    if (s->cell > 1)
        variance -= (side * side - 1) / 12 + side * side / 6;
    double deviation = fmin(sqrt(variance) / side, fmax(s->columns, s->rows));
    s->radius = (unsigned)ceil(3 * deviation);
    s->kernel = alloc_array(2 * (size_t)s->radius + 1, sizeof *s->kernel);
    double sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (long i = -(long)s->radius; i <= (long)s->radius; i++) {
            double value = exp(-0.5 * (double)(i * i) / (deviation * deviation));
            if (pass == 0)
                sum += value;
            else
                s->kernel[i + (long)s->radius] = (float)(value / sum);
        }
    s->slots = 2 * s->radius + 2;
    s->window = alloc_array(alloc_product(s->slots, s->row_values), sizeof *s->window);
    s->line = alloc_array(alloc_product((size_t)s->columns + 2 * s->radius, source->depth),
                          sizeof *s->line);
    for (int i = 0; i < 2; i++) {
        s->blurred[i] = alloc_array(s->row_values, sizeof *s->blurred[i]);
        s->blurred_of[i] = -1;
    }
    return s;
}

void border_free(struct border *s)
{
    if (!s)
        return;
    free(s->kernel);
    free(s->window);
    free(s->line);
    free(s->blurred[0]);
    free(s->blurred[1]);
    free(s);
}

/* Adds the sample of SOURCE nearest to T (X, Y), colors weighted by opacity, to SUM. */
static void add_nearest(const struct border *s, double x, double y, double *sum)
{
    const struct frame *source = s->source;
    double u, v;
    if (!transform_point(&s->t, x, y, &u, &v))
        u = v = 0;
    unsigned column = (unsigned)fmax(0, fmin(source->width - 1, floor(u + 0.5)));
    unsigned row = (unsigned)fmax(0, fmin(source->height - 1, floor(v + 0.5)));
    unsigned bytes = frame_sample_bytes(source);
    uint16_t pixel[4];
    frame_unpack(source->raster + row * frame_row_bytes(source) +
                     (size_t)column * source->depth * bytes,
                 bytes, source->depth, pixel);
    unsigned colors = frame_colors(source);
    double opacity = frame_has_opacity(source) ? (double)pixel[colors] / source->maxval : 1;
    for (unsigned plane = 0; plane < source->depth; plane++)
        sum[plane] += plane < colors ? opacity * pixel[plane] : pixel[plane];
}

/* Makes row ROW of cells in LINE. */
static void fill_cells(struct border *s, unsigned row)
{
    unsigned depth = s->source->depth;
    unsigned points = s->cell < POINTS ? s->cell : POINTS;
    double step = (double)s->cell / points;
    float *line = s->line + (size_t)s->radius * depth;
    for (unsigned column = 0; column < s->columns; column++) {
        double sum[4] = {0};
        for (unsigned i = 0; i < points * points; i++)
            add_nearest(s, column * s->cell + (i % points + 0.5) * step - 0.5,
                        row * s->cell + (i / points + 0.5) * step - 0.5, sum);
        for (unsigned plane = 0; plane < depth; plane++)
            line[column * depth + plane] = (float)(sum[plane] / (points * points));
    }
    for (size_t i = 0; i < (size_t)s->radius * depth; i++) {
        s->line[i] = line[i % depth];
        line[s->row_values + i] = line[s->row_values - depth + i % depth];
    }
}

SIMD_CLONES
static void add_weighted(const float *restrict row, float weight, size_t count, float *restrict sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += weight * row[i];
}

/* Puts row ROW, blurred across, into the window. */
static void make_row(struct border *s, unsigned row)
{
    fill_cells(s, row);
    float *out = s->window + (row % s->slots) * s->row_values;
    for (size_t i = 0; i < s->row_values; i++)
        out[i] = 0;
    for (unsigned k = 0; k <= 2 * s->radius; k++)
        add_weighted(s->line + (size_t)k * s->source->depth, s->kernel[k], s->row_values, out);
}

/* Row ROW, blurred both ways. */
static const float *blurred_row(struct border *s, unsigned row)
{
    int slot = (int)(row & 1);
    if (s->blurred_of[slot] == (long)row)
        return s->blurred[slot];
    long first = (long)row - (long)s->radius;
    long last = (long)row + (long)s->radius;
    if ((long)s->made < first)
        s->made = (unsigned)first;
    for (; (long)s->made <= last && s->made < s->rows; s->made++)
        make_row(s, s->made);
    for (size_t i = 0; i < s->row_values; i++)
        s->blurred[slot][i] = 0;
    for (unsigned k = 0; k <= 2 * s->radius; k++) {
        long from = first + (long)k;
        from = from < 0 ? 0 : from < (long)s->rows ? from : (long)s->rows - 1;
        add_weighted(s->window + ((unsigned)from % s->slots) * s->row_values, s->kernel[k],
                     s->row_values, s->blurred[slot]);
    }
    s->blurred_of[slot] = (long)row;
    return s->blurred[slot];
}

/* The last of COUNT cells whose middle is not behind PIXEL; *REST is the share of the way to the
   next. */
static unsigned cell_before(unsigned pixel, unsigned cell, unsigned count, double *rest)
{
    double place = (pixel - 0.5 * (cell - 1.0)) / cell;
    place = fmax(0, fmin(count - 1.0, place));
    unsigned before = (unsigned)place;
    *rest = place - before;
    return before;
}

void border_row(struct border *s, unsigned row, unsigned first, unsigned end, uint16_t *samples)
{
    const struct frame *source = s->source;
    unsigned depth = source->depth, colors = frame_colors(source);
    double down;
    unsigned cell_row = cell_before(row, s->cell, s->rows, &down);
    const float *upper = blurred_row(s, cell_row);
    const float *lower = cell_row + 1 < s->rows ? blurred_row(s, cell_row + 1) : upper;
    for (unsigned column = first; column < end; column++, samples += depth) {
        double across, value[4];
        unsigned cell = cell_before(column, s->cell, s->columns, &across);
        size_t i = (size_t)cell * depth;
        size_t next = cell + 1 < s->columns ? depth : 0;
        for (unsigned plane = 0; plane < depth; plane++, i++)
            value[plane] =
                (1 - down) * ((1 - across) * (double)upper[i] + across * (double)upper[i + next]) +
                down * ((1 - across) * (double)lower[i] + across * (double)lower[i + next]);
        double opacity = frame_has_opacity(source) ? value[colors] / source->maxval : 1;
        for (unsigned plane = 0; plane < depth; plane++) {
            double sample = value[plane];
            if (plane < colors)
                sample = opacity > 0 ? sample / opacity : 0;
            samples[plane] = (uint16_t)(fmin(sample, source->maxval) + 0.5);
        }
    }
}
