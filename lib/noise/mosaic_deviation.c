/* SPDX-License-Identifier: MIT */

/*
 * As in persistence.c, sums are whole numbers: with S1 = sum of d, S2 = sum of d^2 over n frames,
 *
 *     |m| - s = (|S1| - sqrt(n S2 - S1^2)) / n
 *
 * where n S2 - S1^2 <= 2^62 is exact in 64 bits. A row of a band holds S2 and S1 of its samples, 12
 * bytes each, or, before the rank is known, those samples themselves in the first frames, 2 bytes
 * each. When these frames are worked off together, a row of sums takes the place of a row of
 * samples that all of them have looked at.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "excess.h"
#include "mosaic_deviation.h"
#include "simd.h"

enum { FEW_FRAMES = 5, SAMPLE_SUM_BYTES = sizeof(uint64_t) + sizeof(int32_t) };

struct mosaic_deviation {
    struct band *band;
    struct cfa cfa;
    unsigned black;
    uint64_t *rows;  /* of the band: sums, or samples of the first frames */
    size_t row_sums; /* of each row, in the order of excess.h */
    size_t row_words;
    bool summed;                       /* they are sums */
    unsigned rank;                     /* that EXCESS has; 0: none is made yet */
    struct excess *excess[FEW_FRAMES]; /* the first serves when there are sums */
    int32_t *d;                        /* a row */
    unsigned result_row;               /* the next, first..end */
};

static bool is_bayer(const struct cfa *cfa)
{
    return cfa->width <= 2 && cfa->height <= 2;
}

static unsigned rank_of(const struct cfa *cfa, unsigned frames)
{
    if (frames == 1)
        return 1;
    if (frames <= FEW_FRAMES)
        return is_bayer(cfa) ? 2 : 1;
    return is_bayer(cfa) ? 5 : 3;
}

double mosaic_deviation_level(const struct cfa *cfa, unsigned frames)
{
    double share = frames > 1 ? 0.005 : is_bayer(cfa) ? 0.04 : 0.1;
    return share * 255;
}

struct mosaic_deviation *mosaic_deviation_new(struct band *band, const struct cfa *cfa,
                                              unsigned black)
{
    struct mosaic_deviation *mosaic = alloc_zeroed(1, sizeof *mosaic);
    mosaic->band = band;
    mosaic->cfa = *cfa;
    mosaic->black = black;
    mosaic->row_sums = excess_row(cfa, band->geometry.width);
    mosaic->row_words = (mosaic->row_sums * SAMPLE_SUM_BYTES + 7) / 8;
    mosaic->rows = alloc_array(band->sum_rows, alloc_product(mosaic->row_words, 8));
    mosaic->d = alloc_zeroed(mosaic->row_sums, sizeof *mosaic->d);
    return mosaic;
}

static void free_excess(struct mosaic_deviation *mosaic)
{
    for (unsigned i = 0; i < FEW_FRAMES; i++)
        excess_free(mosaic->excess[i]);
    memset(mosaic->excess, 0, sizeof mosaic->excess);
}

void mosaic_deviation_free(struct mosaic_deviation *mosaic)
{
    if (!mosaic)
        return;
    free_excess(mosaic);
    free(mosaic->rows);
    free(mosaic->d);
    free(mosaic);
}

void mosaic_deviation_begin(struct mosaic_deviation *mosaic)
{
    mosaic->summed = false;
    mosaic->result_row = mosaic->band->first;
}

static uint64_t *row_at(const struct mosaic_deviation *mosaic, unsigned row)
{
    return mosaic->rows + (row - mosaic->band->from) * mosaic->row_words;
}

static uint16_t *samples_of(const struct mosaic_deviation *mosaic, unsigned row, unsigned frame)
{
    return (uint16_t *)row_at(mosaic, row) + frame * mosaic->band->row_samples;
}

static int32_t *sums_of(const struct mosaic_deviation *mosaic, unsigned row)
{
    return (int32_t *)(row_at(mosaic, row) + mosaic->row_sums);
}

SIMD_CLONES
static void add_excess(const int32_t *restrict d, size_t count, uint64_t *restrict squares,
                       int32_t *restrict sums)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t size = (uint32_t)(d[i] < 0 ? -d[i] : d[i]);
        sums[i] += d[i];
        squares[i] += size * size; /* at most 65535^2: 32 bits hold it */
    }
}

/* Adds the rows of sums that frame I can give now; the FIRST one takes the place of what was in
   their memory. */
static void add_pulled(struct mosaic_deviation *mosaic, unsigned i, bool first)
{
    const struct band *band = mosaic->band;
    unsigned row;
    while (excess_pull(mosaic->excess[i], mosaic->d, &row)) {
        if (row >= band->end)
            continue;
        if (first)
            memset(row_at(mosaic, row), 0, mosaic->row_words * sizeof(uint64_t));
        add_excess(mosaic->d, mosaic->row_sums, row_at(mosaic, row), sums_of(mosaic, row));
    }
}

/* FRAMES of them, for the rank that suits IN_ALL frames. */
static void prepare_excess(struct mosaic_deviation *mosaic, unsigned frames, unsigned in_all)
{
    const struct band *band = mosaic->band;
    unsigned rank = rank_of(&mosaic->cfa, in_all);
    if (mosaic->rank != rank)
        free_excess(mosaic);
    mosaic->rank = rank;
    for (unsigned i = 0; i < frames; i++) {
        if (!mosaic->excess[i])
            mosaic->excess[i] = excess_new(&mosaic->cfa, band->geometry.width,
                                           band->geometry.height, mosaic->black, rank);
        excess_restart(mosaic->excess[i], band->first);
    }
}

/* Turns the samples of the FRAMES that were kept into sums. */
static void sum_up(struct mosaic_deviation *mosaic, unsigned frames, unsigned in_all)
{
    const struct band *band = mosaic->band;
    prepare_excess(mosaic, frames, in_all);
    for (unsigned row = band->from; row < band->to; row++) {
        for (unsigned i = 0; i < frames; i++)
            excess_push(mosaic->excess[i], samples_of(mosaic, row, i));
        for (unsigned i = 0; i < frames; i++)
            add_pulled(mosaic, i, i == 0);
    }
    mosaic->summed = true;
}

void mosaic_deviation_add(struct mosaic_deviation *mosaic, const unsigned char *raster)
{
    struct band *band = mosaic->band;
    if (band->frames < FEW_FRAMES) {
        frame_unpack(raster, frame_sample_bytes(&band->geometry), band->row_samples,
                     samples_of(mosaic, band->row, band->frames));
        return;
    }
    if (!mosaic->summed)
        sum_up(mosaic, FEW_FRAMES, FEW_FRAMES + 1);
    if (band->row == band->from)
        excess_restart(mosaic->excess[0], band->first);
    excess_push(mosaic->excess[0], band_unpack(band, raster));
    add_pulled(mosaic, 0, false);
}

/* max(0, |m| - s), rounded half up, at most LIMIT; nearly always 0, which costs no root. */
static inline uint16_t persistent(int32_t sum, uint64_t squares, unsigned n, unsigned limit)
{
    uint64_t size = (uint64_t)(sum < 0 ? -(int64_t)sum : sum);
    if (2 * size * size <= squares * n)
        return 0;
    double value = ((double)size - sqrt((double)(squares * n - size * size))) / n;
    unsigned rounded = (unsigned)(value + 0.5);
    return (uint16_t)(rounded < limit ? rounded : limit);
}

/* |D| of the samples of row ROW in column X of the pattern, into the plane of their colour. */
static void give_column(const struct mosaic_deviation *mosaic, unsigned row, unsigned x,
                        enum deviation_side side, unsigned limit, uint16_t *out)
{
    const struct band *band = mosaic->band;
    unsigned width = band->geometry.width, period = mosaic->cfa.width;
    size_t at = excess_at(&mosaic->cfa, width, x);
    const int32_t *sums = sums_of(mosaic, row) + at;
    const uint64_t *squares = row_at(mosaic, row) + at;
    unsigned color = cfa_color(&mosaic->cfa, x, row);
    for (unsigned i = 0; x < width; i++, x += period) {
        uint16_t size = persistent(sums[i], squares[i], band->frames, limit);
        if (size > 0 && (side == DEVIATION_BOTH || (side == DEVIATION_HOT) == (sums[i] > 0)))
            out[(size_t)x * CFA_COLORS + color] = size;
    }
}

bool mosaic_deviation_row(struct mosaic_deviation *mosaic, enum deviation_side side, unsigned limit,
                          uint16_t *out)
{
    const struct band *band = mosaic->band;
    if (!mosaic->summed)
        sum_up(mosaic, band->frames, band->frames);
    if (mosaic->result_row == band->end)
        return false;
    unsigned row = mosaic->result_row++;
    memset(out, 0, CFA_COLORS * band->row_samples * sizeof *out);
    for (unsigned x = 0; x < mosaic->cfa.width; x++)
        give_column(mosaic, row, x, side, limit, out);
    return true;
}
