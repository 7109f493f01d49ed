/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "relight.h"

/*
 * Tables change rasters two bytes at a time: one sample of 16 bits, or two neighbours of 8. The
 * tables recur with a period of at most four: one for each plane of a pixel or, for bytes, one for
 * each pair of neighbouring planes.
 */
enum { UNITS = 65536, PERIOD_MAX = 4 };

struct unit_tables {
    unsigned period;
    uint16_t *table[PERIOD_MAX];
};

/* The curve's value at V, rounded half up; no curve is the identity. */
static unsigned round_curve(const double *curve, unsigned v)
{
    return curve ? (unsigned)(curve[v] + 0.5) : v;
}

static uint16_t as_unit(unsigned first_byte, unsigned second_byte)
{
    const unsigned char bytes[] = {(unsigned char)first_byte, (unsigned char)second_byte};
    uint16_t unit;
    memcpy(&unit, bytes, sizeof unit);
    return unit;
}

static void fill_wide(const double *curve, unsigned maxval, uint16_t *table)
{
    for (unsigned v = 0; v <= maxval; v++) {
        unsigned changed = round_curve(curve, v);
        table[as_unit(v >> 8, v & 255)] = as_unit(changed >> 8, changed & 255);
    }
}

static void fill_pair(const double *first, const double *second, unsigned maxval, uint16_t *table)
{
    for (unsigned v = 0; v <= maxval; v++)
        for (unsigned w = 0; w <= maxval; w++)
            table[as_unit(v, w)] = as_unit(round_curve(first, v), round_curve(second, w));
}

/* After how many planes the curves recur: 1 if all planes have the same. */
static unsigned curve_period(const double *const planes[], unsigned depth)
{
    for (unsigned i = 1; i < depth; i++)
        if (planes[i] != planes[0])
            return depth;
    return 1;
}

/* PLANES has a curve a plane of FRAME, NULL for the identity. */
static void make_tables(const struct frame *frame, const double *const planes[],
                        struct unit_tables *tables)
{
    bool wide = frame_sample_bytes(frame) == 2;
    unsigned depth = curve_period(planes, frame->depth);
    tables->period = wide || depth % 2 ? depth : depth / 2;
    for (unsigned i = 0; i < tables->period; i++) {
        tables->table[i] = alloc_array(UNITS, sizeof *tables->table[i]);
        if (wide)
            fill_wide(planes[i], frame->maxval, tables->table[i]);
        else
            fill_pair(planes[2 * i % depth], planes[(2 * i + 1) % depth], frame->maxval,
                      tables->table[i]);
    }
}

static inline void look_up_unit(unsigned char *at, const uint16_t *table)
{
    uint16_t unit;
    memcpy(&unit, at, sizeof unit);
    unit = table[unit];
    memcpy(at, &unit, sizeof unit);
}

/* PERIOD is constant where this is inlined. */
static inline void look_up_units(unsigned char *raster, size_t bytes, unsigned period,
                                 uint16_t *const table[])
{
    size_t step = 2 * (size_t)period;
    for (; bytes >= step; bytes -= step, raster += step)
        for (unsigned i = 0; i < period; i++)
            look_up_unit(raster + 2 * (size_t)i, table[i]);
    for (unsigned i = 0; bytes >= 2; bytes -= 2, raster += 2)
        look_up_unit(raster, table[i++]);
}

static void look_up(const struct unit_tables *tables, unsigned char *rows, size_t bytes)
{
    switch (tables->period) {
    case 1:
        look_up_units(rows, bytes, 1, tables->table);
        break;
    case 2:
        look_up_units(rows, bytes, 2, tables->table);
        break;
    case 3:
        look_up_units(rows, bytes, 3, tables->table);
        break;
    default:
        look_up_units(rows, bytes, 4, tables->table);
    }
}

/* By how much the curve multiplies a saturation; at 0 there is no chroma to change. */
static double *saturation_ratio(const double *curve)
{
    double *ratio = alloc_array(COLOR_SATURATION_TOP + 1, sizeof *ratio);
    for (unsigned s = 1; s <= COLOR_SATURATION_TOP; s++)
        ratio[s] = curve[s] / s;
    ratio[0] = ratio[1];
    return ratio;
}

struct relight {
    enum color_space space;

    const double *planes[PERIOD_MAX]; /* gray, lumi, rgb: a curve a plane, or NULL */
    struct unit_tables tables;

    const double *light; /* hsv, hls: the curve of V or L, */
    double *ratio;       /* what S is multiplied by, */
    uint16_t *samples;   /* and room for a row */
};

static bool keeps_hue(enum color_space space)
{
    return space == COLOR_HSV || space == COLOR_HLS;
}

struct relight *relight_open(enum color_space space, double *const curves[COLOR_CHANNELS_MAX],
                             const struct frame *frame)
{
    struct relight *relight = alloc_zeroed(1, sizeof *relight);
    relight->space = space;
    if (keeps_hue(space)) {
        bool hsv = space == COLOR_HSV;
        relight->light = curves[hsv ? 1 : 0];
        relight->ratio = saturation_ratio(curves[hsv ? 0 : 1]);
        relight->samples = alloc_array(frame_row_samples(frame), sizeof *relight->samples);
    } else {
        for (unsigned c = 0; c < frame_colors(frame); c++)
            relight->planes[c] = curves[space == COLOR_RGB ? c : 0];
        make_tables(frame, relight->planes, &relight->tables);
    }
    return relight;
}

static void send_through_tables(const struct relight *relight, const struct frame *frame,
                                unsigned char *rows, size_t bytes)
{
    look_up(&relight->tables, rows, bytes);
    if (bytes % 2) { /* the last sample of an odd number of bytes has no neighbour */
        unsigned char *last = rows + bytes - 1;
        *last = (unsigned char)round_curve(relight->planes[frame->depth - 1], *last);
    }
}

static void change_row_hue_kept(const struct relight *relight, const struct frame *frame,
                                unsigned char *row)
{
    size_t count = frame_row_samples(frame);
    unsigned sample_bytes = frame_sample_bytes(frame);
    frame_unpack(row, sample_bytes, count, relight->samples);
    color_change(relight->space, relight->samples, frame->depth, frame->width, frame->maxval,
                 relight->light, relight->ratio);
    frame_pack(relight->samples, sample_bytes, count, row);
}

void relight_rows(const struct relight *relight, const struct frame *frame, unsigned char *rows,
                  unsigned count)
{
    size_t row_bytes = frame_row_bytes(frame);
    if (!keeps_hue(relight->space))
        send_through_tables(relight, frame, rows, row_bytes * count);
    else
        for (unsigned i = 0; i < count; i++)
            change_row_hue_kept(relight, frame, rows + i * row_bytes);
}

void relight_free(struct relight *relight)
{
    for (unsigned i = 0; i < relight->tables.period; i++)
        free(relight->tables.table[i]);
    free(relight->ratio);
    free(relight->samples);
    free(relight);
}
