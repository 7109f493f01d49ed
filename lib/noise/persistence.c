/* SPDX-License-Identifier: MIT */

/*
 * All sums are whole numbers, so that the result depends neither on the order of the frames nor on
 * the machine. With S1 = sum of d, S2 = sum of d^2 over n frames,
 *
 *     |m| - s = (|S1| - sqrt(n S2 - S1^2)) / n
 *
 * where n S2 - S1^2 <= 2^62 is exact in 64 bits.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "leaveout.h"
#include "persistence.h"
#include "simd.h"
#include "threshold.h"

enum { LEFT_OUT_LEVEL = 8 };

struct persistence {
    struct band *band;
    struct leaveout *leaveout;
    int32_t *sum;             /* S1 */
    uint32_t *narrow_squares; /* S2 of 8-bit samples; NULL: */
    uint64_t *squares;        /* S2 */
    uint16_t *hot;            /* a row */
    unsigned result_row;      /* the next row to compute m and s of, first..end */
};

struct persistence *persistence_new(struct band *band, unsigned full_scale)
{
    struct persistence *persistence = alloc_zeroed(1, sizeof *persistence);
    unsigned maxval = band->geometry.maxval;
    persistence->band = band;
    persistence->leaveout =
        leaveout_new(band->blur, threshold_limit(LEFT_OUT_LEVEL, full_scale), maxval);
    persistence->hot = alloc_array(band->row_samples, sizeof *persistence->hot);
    persistence->sum = alloc_array(band_sums(band), sizeof *persistence->sum);
    if (frame_sample_bytes(&band->geometry) == 1)
        persistence->narrow_squares =
            alloc_array(band_sums(band), sizeof *persistence->narrow_squares);
    else
        persistence->squares = alloc_array(band_sums(band), sizeof *persistence->squares);
    return persistence;
}

void persistence_free(struct persistence *persistence)
{
    if (!persistence)
        return;
    leaveout_free(persistence->leaveout);
    free(persistence->hot);
    free(persistence->sum);
    free(persistence->narrow_squares);
    free(persistence->squares);
    free(persistence);
}

void persistence_begin(struct persistence *persistence)
{
    size_t sums = band_sums(persistence->band);
    memset(persistence->sum, 0, sums * sizeof *persistence->sum);
    if (persistence->squares)
        memset(persistence->squares, 0, sums * sizeof *persistence->squares);
    else
        memset(persistence->narrow_squares, 0, sums * sizeof *persistence->narrow_squares);
    persistence->result_row = persistence->band->first;
}

SIMD_CLONES
static uint16_t add_narrow_deviations(const uint16_t *restrict samples,
                                      const uint16_t *restrict blurred, size_t count,
                                      uint16_t brightest, int32_t *restrict sum,
                                      uint32_t *restrict squares)
{
    for (size_t i = 0; i < count; i++) {
        int32_t d = (int32_t)samples[i] - blurred[i];
        sum[i] += d;
        squares[i] += (uint32_t)(d * d);
        brightest = samples[i] > brightest ? samples[i] : brightest;
    }
    return brightest;
}

SIMD_CLONES
static uint16_t add_deviations(const uint16_t *restrict samples, const uint16_t *restrict blurred,
                               size_t count, uint16_t brightest, int32_t *restrict sum,
                               uint64_t *restrict squares)
{
    for (size_t i = 0; i < count; i++) {
        int32_t d = (int32_t)samples[i] - blurred[i];
        uint32_t distance = (uint32_t)(d < 0 ? -d : d);
        sum[i] += d;
        squares[i] += distance * distance; /* at most 65535^2: 32 bits hold it */
        brightest = samples[i] > brightest ? samples[i] : brightest;
    }
    return brightest;
}

void persistence_add(struct persistence *persistence, const unsigned char *raster)
{
    struct band *band = persistence->band;
    if (band->row == band->from)
        gauss_restart(band->blur, band->first);
    gauss_push(band->blur, band_unpack(band, raster));
    unsigned row;
    while (gauss_pull(band->blur, band->blurred, &row)) {
        if (row >= band->end)
            continue;
        const uint16_t *center = gauss_center(band->blur);
        size_t at = band_at(band, row);
        if (persistence->squares)
            band->brightest =
                add_deviations(center, band->blurred, band->row_samples, band->brightest,
                               persistence->sum + at, persistence->squares + at);
        else
            band->brightest =
                add_narrow_deviations(center, band->blurred, band->row_samples, band->brightest,
                                      persistence->sum + at, persistence->narrow_squares + at);
    }
}

/* m, s and max(0, |m| - s), rounded half up, of one sample, from its S1 and n S2 - S1^2. */
static inline void persistent(int32_t sum, double squared, unsigned n, float *mean, float *spread,
                              uint16_t *size)
{
    double root = sqrt(squared), share = 1.0 / n;
    double value = (fabs((double)sum) - root) / n;
    *mean = (float)(sum * share);
    *spread = (float)(root * share);
    *size = (uint16_t)(int32_t)(value < 0 ? 0 : value + 0.5);
}

/* For COUNT samples that N frames have. For 8-bit samples every term is below 2^47, exact in
   double. */
SIMD_CLONES
static void persistent_narrow(const int32_t *restrict sum, const uint32_t *restrict squares,
                              unsigned n, size_t count, float *restrict mean,
                              float *restrict spread, uint16_t *restrict size)
{
    for (size_t i = 0; i < count; i++) {
        double s = sum[i];
        persistent(sum[i], (double)(int32_t)squares[i] * n - s * s, n, mean + i, spread + i,
                   size + i);
    }
}

SIMD_CLONES
static void persistent_wide(const int32_t *restrict sum, const uint64_t *restrict squares,
                            unsigned n, size_t count, float *restrict mean, float *restrict spread,
                            uint16_t *restrict size)
{
    for (size_t i = 0; i < count; i++) {
        int64_t s = sum[i];
        persistent(sum[i], (double)((int64_t)squares[i] * n - s * s), n, mean + i, spread + i,
                   size + i);
    }
}

/* Samples that no frame has are never noisy. */
static void persistent_none(size_t count, float *mean, float *spread, uint16_t *size)
{
    for (size_t i = 0; i < count; i++) {
        mean[i] = 0;
        spread[i] = INFINITY;
        size[i] = 0;
    }
}

static void spread_row(const struct persistence *persistence, unsigned row,
                       struct leaveout_row *out)
{
    const struct band *band = persistence->band;
    const uint32_t *counts = band_counts(band, row);
    size_t step =
        counts ? band->geometry.depth : band->row_samples; /* samples that share a count */
    for (size_t i = 0; i < band->row_samples; i += step) {
        unsigned n = counts ? counts[i / step] : band->frames;
        size_t at = band_at(band, row) + i;
        if (n == 0)
            persistent_none(step, out->mean + i, out->spread + i, out->size + i);
        else if (persistence->squares)
            persistent_wide(persistence->sum + at, persistence->squares + at, n, step,
                            out->mean + i, out->spread + i, out->size + i);
        else
            persistent_narrow(persistence->sum + at, persistence->narrow_squares + at, n, step,
                              out->mean + i, out->spread + i, out->size + i);
    }
}

SIMD_CLONES
static void keep_side(uint16_t *restrict sizes, const uint16_t *restrict hot, size_t count,
                      enum deviation_side side)
{
    uint16_t flip = side == DEVIATION_DEAD ? 65535 : 0;
    for (size_t i = 0; i < count; i++)
        sizes[i] &= hot[i] ^ flip;
}

bool persistence_row(struct persistence *persistence, enum deviation_side side, uint16_t *out)
{
    const struct band *band = persistence->band;
    while (!leaveout_pull(persistence->leaveout, out, persistence->hot)) {
        if (persistence->result_row == band->end)
            return false;
        spread_row(persistence, persistence->result_row++, leaveout_push(persistence->leaveout));
    }
    if (side != DEVIATION_BOTH)
        keep_side(out, persistence->hot, band->row_samples, side);
    return true;
}
