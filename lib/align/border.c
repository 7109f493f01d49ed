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
#include "border.h"
#include "simd.h"

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
    struct border *border = alloc_zeroed(1, sizeof *border);
    border->source = source;
    border->t = *t;
    double side = fmax(1, fmin(floor(sigma / 4), fmax(width, height)));
    border->cell = (unsigned)side;
    border->columns = (width + border->cell - 1) / border->cell;
    border->rows = (height + border->cell - 1) / border->cell;
    border->row_values = (size_t)border->columns * source->depth;
    double variance = sigma * sigma;
    if (border->cell > 1)
        variance -= (side * side - 1) / 12 + side * side / 6;
    double deviation = fmin(sqrt(variance) / side, fmax(border->columns, border->rows));
    border->radius = (unsigned)ceil(4 * deviation);
    border->kernel = alloc_array(2 * (size_t)border->radius + 1, sizeof *border->kernel);
    double sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (long i = -(long)border->radius; i <= (long)border->radius; i++) {
            double value = exp(-0.5 * (double)(i * i) / (deviation * deviation));
            if (pass == 0)
                sum += value;
            else
                border->kernel[i + (long)border->radius] = (float)(value / sum);
        }
    border->slots = 2 * border->radius + 2;
    border->window =
        alloc_array(alloc_product(border->slots, border->row_values), sizeof *border->window);
    border->line =
        alloc_array(alloc_product((size_t)border->columns + 2 * border->radius, source->depth),
                    sizeof *border->line);
    for (int i = 0; i < 2; i++) {
        border->blurred[i] = alloc_array(border->row_values, sizeof *border->blurred[i]);
        border->blurred_of[i] = -1;
    }
    return border;
}

void border_free(struct border *border)
{
    if (!border)
        return;
    free(border->kernel);
    free(border->window);
    free(border->line);
    free(border->blurred[0]);
    free(border->blurred[1]);
    free(border);
}

/* Adds the sample of SOURCE nearest to T (X, Y), colors weighted by opacity, to SUM. */
static void add_nearest(const struct border *border, double x, double y, double *sum)
{
    const struct frame *source = border->source;
    double u, v;
    if (!transform_point(&border->t, x, y, &u, &v))
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
static void fill_cells(struct border *border, unsigned row)
{
    unsigned depth = border->source->depth;
    unsigned points = border->cell < POINTS ? border->cell : POINTS;
    double step = (double)border->cell / points;
    float *line = border->line + (size_t)border->radius * depth;
    for (unsigned column = 0; column < border->columns; column++) {
        double sum[4] = {0};
        for (unsigned i = 0; i < points * points; i++)
            add_nearest(border, column * border->cell + (i % points + 0.5) * step - 0.5,
                        row * border->cell + (i / points + 0.5) * step - 0.5, sum);
        for (unsigned plane = 0; plane < depth; plane++)
            line[column * depth + plane] = (float)(sum[plane] / (points * points));
    }
    for (size_t i = 0; i < (size_t)border->radius * depth; i++) {
        border->line[i] = line[i % depth];
        line[border->row_values + i] = line[border->row_values - depth + i % depth];
    }
}

SIMD_CLONES
static void add_weighted(const float *restrict row, float weight, size_t count, float *restrict sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += weight * row[i];
}

/* Puts row ROW, blurred across, into the window. */
static void make_row(struct border *border, unsigned row)
{
    fill_cells(border, row);
    float *out = border->window + (row % border->slots) * border->row_values;
    for (size_t i = 0; i < border->row_values; i++)
        out[i] = 0;
    for (unsigned k = 0; k <= 2 * border->radius; k++)
        add_weighted(border->line + (size_t)k * border->source->depth, border->kernel[k],
                     border->row_values, out);
}

/* Row ROW, blurred both ways. */
static const float *blurred_row(struct border *border, unsigned row)
{
    int slot = (int)(row & 1);
    if (border->blurred_of[slot] == (long)row)
        return border->blurred[slot];
    long first = (long)row - (long)border->radius;
    long last = (long)row + (long)border->radius;
    if ((long)border->made < first)
        border->made = (unsigned)first;
    for (; (long)border->made <= last && border->made < border->rows; border->made++)
        make_row(border, border->made);
    for (size_t i = 0; i < border->row_values; i++)
        border->blurred[slot][i] = 0;
    for (unsigned k = 0; k <= 2 * border->radius; k++) {
        long from = first + (long)k;
        from = from < 0 ? 0 : from < (long)border->rows ? from : (long)border->rows - 1;
        add_weighted(border->window + ((unsigned)from % border->slots) * border->row_values,
                     border->kernel[k], border->row_values, border->blurred[slot]);
    }
    border->blurred_of[slot] = (long)row;
    return border->blurred[slot];
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

void border_row(struct border *border, unsigned row, unsigned first, unsigned end,
                uint16_t *samples)
{
    const struct frame *source = border->source;
    unsigned depth = source->depth, colors = frame_colors(source);
    double down;
    unsigned cell_row = cell_before(row, border->cell, border->rows, &down);
    const float *upper = blurred_row(border, cell_row);
    const float *lower = cell_row + 1 < border->rows ? blurred_row(border, cell_row + 1) : upper;
    for (unsigned column = first; column < end; column++, samples += depth) {
        double across, value[4];
        unsigned cell = cell_before(column, border->cell, border->columns, &across);
        size_t i = (size_t)cell * depth;
        size_t next = cell + 1 < border->columns ? depth : 0;
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
