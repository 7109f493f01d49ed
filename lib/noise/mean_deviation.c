/* SPDX-License-Identifier: MIT */

/*
 * Sums are whole numbers, so that the result does not depend on the order of the frames. Sums of
 * 8-bit samples use 16 bits as long as they fit (257 frames), which halves the memory traffic that
 * limits the speed.
 */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "mean_deviation.h"
#include "simd.h"

enum { NARROW_FRAMES_MAX = 257 };

struct mean_deviation {
    struct band *band;
    uint16_t *narrow;    /* sums of 8-bit samples without opacity; NULL: */
    uint32_t *wide;      /* sums */
    unsigned mean_row;   /* the next row of M for the blur, from..to */
    unsigned result_row; /* the next row of |D|, first..end */
};

struct mean_deviation *mean_deviation_new(struct band *band)
{
    struct mean_deviation *mean = alloc_zeroed(1, sizeof *mean);
    mean->band = band;
    if (frame_sample_bytes(&band->geometry) == 1 && !frame_has_opacity(&band->geometry))
        mean->narrow = alloc_array(band_sums(band), sizeof *mean->narrow);
    else
        mean->wide = alloc_array(band_sums(band), sizeof *mean->wide);
    return mean;
}

void mean_deviation_free(struct mean_deviation *mean)
{
    if (!mean)
        return;
    free(mean->narrow);
    free(mean->wide);
    free(mean);
}

void mean_deviation_begin(struct mean_deviation *mean)
{
    const struct band *band = mean->band;
    if (mean->narrow)
        memset(mean->narrow, 0, band_sums(band) * sizeof *mean->narrow);
    else
        memset(mean->wide, 0, band_sums(band) * sizeof *mean->wide);
    mean->mean_row = band->from;
    mean->result_row = band->first;
}

SIMD_CLONES
static uint8_t add_bytes(const unsigned char *restrict raster, size_t count, uint8_t brightest,
                         uint16_t *restrict sums)
{
    for (size_t i = 0; i < count; i++) {
        sums[i] = (uint16_t)(sums[i] + raster[i]);
        brightest = raster[i] > brightest ? raster[i] : brightest;
    }
    return brightest;
}

SIMD_CLONES
static uint16_t add_samples(const uint16_t *restrict samples, size_t count, uint16_t brightest,
                            uint32_t *restrict sums)
{
    for (size_t i = 0; i < count; i++) {
        sums[i] += samples[i];
        brightest = samples[i] > brightest ? samples[i] : brightest;
    }
    return brightest;
}

/* The same from a raster of two bytes a sample. */
SIMD_CLONES
static uint16_t add_pairs(const unsigned char *restrict raster, size_t count, uint16_t brightest,
                          uint32_t *restrict sums)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t sample = (uint16_t)(raster[2 * i] << 8 | raster[2 * i + 1]);
        sums[i] += sample;
        brightest = sample > brightest ? sample : brightest;
    }
    return brightest;
}

/* Widens the sums of 8-bit samples, which are about to overflow 16 bits. */
static void widen(struct mean_deviation *mean)
{
    size_t samples = band_sums(mean->band);
    mean->wide = alloc_array(samples, sizeof *mean->wide);
    for (size_t i = 0; i < samples; i++)
        mean->wide[i] = mean->narrow[i];
    free(mean->narrow);
    mean->narrow = NULL;
}

void mean_deviation_add(struct mean_deviation *mean, const unsigned char *raster)
{
    struct band *band = mean->band;
    size_t count = band->row_samples, at = band_at(band, band->row);
    if (mean->narrow && band->frames == NARROW_FRAMES_MAX)
        widen(mean);
    if (mean->narrow)
        band->brightest = add_bytes(raster, count, (uint8_t)band->brightest, mean->narrow + at);
    else if (frame_sample_bytes(&band->geometry) == 2 && !band->counts)
        band->brightest = add_pairs(raster, count, band->brightest, mean->wide + at);
    else
        band->brightest =
            add_samples(band_unpack(band, raster), count, band->brightest, mean->wide + at);
}

/* M of 8-bit samples, in single precision: sums below 2^16 over n <= 257. Adding half a unit to the
   sum keeps quotients 1/514 or more away from whole numbers; the rounding error is below
   1/30000. */
SIMD_CLONES
static void divide_narrow(const uint16_t *restrict sums, unsigned n, size_t count,
                          uint16_t *restrict mean)
{
    float scale = 1.0F / (float)n;
    for (size_t i = 0; i < count; i++)
        mean[i] = (uint16_t)(int32_t)(((float)(int32_t)sums[i] + 0.5F) * scale);
}

/* The same in double precision for sums below 2^31. */
SIMD_CLONES
static void divide_wide(const uint32_t *restrict sums, unsigned n, size_t count,
                        uint16_t *restrict mean)
{
    double scale = 1.0 / n;
    for (size_t i = 0; i < count; i++)
        mean[i] = (uint16_t)(int32_t)(((double)(int32_t)sums[i] + 0.5) * scale);
}

/* The mean over the frames in which the pixel counts; its weight is 1 if there are any, else 0. */
static void divide_by_counts(const uint32_t *sums, const uint32_t *counts, unsigned width,
                             unsigned depth, uint16_t *mean)
{
    for (size_t x = 0; x < width; x++) {
        uint32_t n = counts[x];
        for (size_t i = x * depth; i < (x + 1) * depth - 1; i++)
            mean[i] = (uint16_t)(n ? sums[i] / n : 0);
        mean[(x + 1) * depth - 1] = n > 0;
    }
}

static void mean_row(const struct mean_deviation *mean, unsigned row, uint16_t *out)
{
    const struct band *band = mean->band;
    size_t at = band_at(band, row);
    if (band->counts)
        divide_by_counts(mean->wide + at, band_counts(band, row), band->geometry.width,
                         band->geometry.depth, out);
    else if (mean->narrow)
        divide_narrow(mean->narrow + at, band->frames, band->row_samples, out);
    else
        divide_wide(mean->wide + at, band->frames, band->row_samples, out);
}

SIMD_CLONES
static void subtract(const uint16_t *restrict center, const uint16_t *restrict blurred,
                     size_t count, enum deviation_side side, uint16_t *restrict out)
{
    int32_t hot = side == DEVIATION_DEAD ? 0 : 65535, dead = side == DEVIATION_HOT ? 0 : 65535;
    for (size_t i = 0; i < count; i++) {
        int32_t d = (int32_t)center[i] - blurred[i];
        out[i] = (uint16_t)(d > 0 ? d & hot : -d & dead);
    }
}

bool mean_deviation_row(struct mean_deviation *mean, enum deviation_side side, uint16_t *out)
{
    struct band *band = mean->band;
    if (mean->result_row == band->end)
        return false;
    if (mean->mean_row == band->from)
        gauss_restart(band->blur, band->first);
    unsigned row;
    while (!gauss_pull(band->blur, band->blurred, &row)) {
        mean_row(mean, mean->mean_row++, band->samples);
        gauss_push(band->blur, band->samples);
    }
    subtract(gauss_center(band->blur), band->blurred, band->row_samples, side, out);
    mean->result_row++;
    return true;
}
