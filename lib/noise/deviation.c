/* SPDX-License-Identifier: MIT */

/*
 * All sums are whole numbers, so that the result depends neither on the order of the frames nor on
 * the machine. With S1 = sum of d, S2 = sum of d^2 over n frames,
 *
 *     |m| - s = (|S1| - sqrt(n S2 - S1^2)) / n
 *
 * where n S2 - S1^2 <= 2^62 is exact in 64 bits. The mean's sums of 8-bit samples are kept in 16
 * bits as long as they fit (257 frames), which halves the traffic of memory that bounds the speed.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "deviation.h"
#include "gauss.h"
#include "leaveout.h"
#include "simd.h"
#include "threshold.h"

enum { NARROW_FRAMES_MAX = 257, LEFT_OUT_LEVEL = 8 };

struct deviation {
    struct deviation_options options;
    struct frame geometry;
    size_t row_samples;
    unsigned colors;
    struct gauss *blur;
    struct leaveout *leaveout;         /* persistent */
    uint16_t *samples, *blurred, *hot; /* a row each */

    unsigned band_height;
    unsigned first, end; /* rows of the band */
    unsigned from, to;   /* rows that its frames give: the band and what the blur needs around it */
    unsigned frames;     /* complete ones */
    unsigned row;        /* the next to be added, from..to */
    unsigned mean_row;   /* mean: the next row of M for the blur, from..to */
    unsigned result_row; /* the next row whose |D| is to be computed, first..end */
    uint16_t brightest;

    /* Sums over the frames, a row of samples a row from `from` on; NULL where the statistic or the
       sample size has no use for them. */
    uint16_t *narrow;         /* mean: sums of 8-bit samples without opacity */
    uint32_t *wide;           /* mean: sums */
    int32_t *sum;             /* persistent: S1 */
    uint32_t *narrow_squares; /* persistent: S2 of 8-bit samples */
    uint64_t *squares;        /* persistent: S2 */
    uint32_t *counts; /* a row of pixels a row: frames in which it is not transparent; NULL: all */
    size_t sum_rows;  /* allocated of each of these */
};

/* Rows that a band of HEIGHT rows needs at most: itself and a radius of the blur on both sides. */
static size_t rows_around(const struct deviation *deviation, unsigned height)
{
    size_t rows = (size_t)height + 2 * (deviation->options.blur_size / 2);
    return rows < deviation->geometry.height ? rows : deviation->geometry.height;
}

struct deviation *deviation_new(const struct deviation_options *options, const struct frame *frame,
                                unsigned band_height)
{
    struct deviation *deviation = alloc_zeroed(1, sizeof *deviation);
    deviation->options = *options;
    deviation->geometry = *frame;
    deviation->geometry.name = NULL;
    deviation->geometry.raster = NULL;
    deviation->row_samples = frame_row_samples(frame);
    deviation->colors = frame_colors(frame);
    deviation->blur = gauss_new(options->blur_size,
                                &(struct gauss_geometry){.width = frame->width,
                                                         .height = frame->height,
                                                         .depth = frame->depth,
                                                         .weighted = frame_has_opacity(frame)});
    deviation->samples = alloc_array(deviation->row_samples, sizeof(uint16_t));
    deviation->blurred = alloc_array(deviation->row_samples, sizeof(uint16_t));

    deviation->band_height = band_height;
    deviation->sum_rows = rows_around(deviation, band_height);
    size_t samples = deviation->row_samples * deviation->sum_rows;
    bool narrow = frame_sample_bytes(frame) == 1;
    if (options->statistic == DEVIATION_MEAN) {
        if (narrow && !frame_has_opacity(frame))
            deviation->narrow = alloc_zeroed(samples, sizeof(uint16_t));
        else
            deviation->wide = alloc_zeroed(samples, sizeof(uint32_t));
    } else {
        unsigned limit = threshold_limit(LEFT_OUT_LEVEL, frame->maxval);
        deviation->leaveout = leaveout_new(deviation->blur, limit, frame->maxval);
        deviation->hot = alloc_array(deviation->row_samples, sizeof(uint16_t));
        deviation->sum = alloc_zeroed(samples, sizeof(int32_t));
        if (narrow)
            deviation->narrow_squares = alloc_zeroed(samples, sizeof(uint32_t));
        else
            deviation->squares = alloc_zeroed(samples, sizeof(uint64_t));
    }
    if (frame_has_opacity(frame))
        deviation->counts = alloc_zeroed(frame->width * deviation->sum_rows, sizeof(uint32_t));
    return deviation;
}

void deviation_free(struct deviation *deviation)
{
    if (!deviation)
        return;
    leaveout_free(deviation->leaveout);
    gauss_free(deviation->blur);
    free(deviation->samples);
    free(deviation->blurred);
    free(deviation->hot);
    free(deviation->narrow);
    free(deviation->wide);
    free(deviation->sum);
    free(deviation->narrow_squares);
    free(deviation->squares);
    free(deviation->counts);
    free(deviation);
}

static void clear(void *sums, size_t count, size_t size)
{
    if (sums)
        memset(sums, 0, count * size);
}

void deviation_begin(struct deviation *deviation, unsigned first, unsigned *from, unsigned *count)
{
    unsigned height = deviation->geometry.height, radius = deviation->options.blur_size / 2;
    size_t samples = deviation->row_samples * deviation->sum_rows;
    if (deviation->frames > 0) { /* not the first band: new sums are clear */
        clear(deviation->narrow, samples, sizeof *deviation->narrow);
        clear(deviation->wide, samples, sizeof *deviation->wide);
        clear(deviation->sum, samples, sizeof *deviation->sum);
        clear(deviation->narrow_squares, samples, sizeof *deviation->narrow_squares);
        clear(deviation->squares, samples, sizeof *deviation->squares);
        clear(deviation->counts, deviation->geometry.width * deviation->sum_rows,
              sizeof *deviation->counts);
    }
    unsigned left = height - first;
    deviation->first = deviation->result_row = first;
    deviation->end = first + (left < deviation->band_height ? left : deviation->band_height);
    deviation->from = deviation->row = deviation->mean_row = first > radius ? first - radius : 0;
    deviation->to = height - deviation->end > radius ? deviation->end + radius : height;
    deviation->frames = 0;
    *from = deviation->from;
    *count = deviation->to - deviation->from;
}

unsigned deviation_frames(const struct deviation *deviation)
{
    return deviation->frames;
}

unsigned deviation_brightest(const struct deviation *deviation)
{
    return deviation->brightest;
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

/* The sums of 8-bit samples are about to overflow 16 bits. */
static void widen(struct deviation *deviation)
{
    size_t samples = deviation->row_samples * deviation->sum_rows;
    deviation->wide = alloc_array(samples, sizeof *deviation->wide);
    for (size_t i = 0; i < samples; i++)
        deviation->wide[i] = deviation->narrow[i];
    free(deviation->narrow);
    deviation->narrow = NULL;
}

/* Opacity becomes a weight of 0 or 1, and the pixels of weight 0 black, so that they add nothing;
   counts the others. */
static void weigh(uint16_t *samples, unsigned width, unsigned depth, uint32_t *counts)
{
    for (unsigned x = 0; x < width; x++) {
        uint16_t *pixel = samples + (size_t)x * depth;
        uint16_t weight = pixel[depth - 1] > 0;
        for (unsigned c = 0; c < depth - 1; c++)
            pixel[c] = weight ? pixel[c] : 0;
        pixel[depth - 1] = weight;
        counts[x] += weight;
    }
}

/* Which row of the sums is the image's row ROW. */
static size_t sum_row(const struct deviation *deviation, unsigned row)
{
    return row - deviation->from;
}

/* The row RASTER as samples, weighed where there is opacity. */
static const uint16_t *unpack(struct deviation *deviation, const unsigned char *raster)
{
    const struct frame *geometry = &deviation->geometry;
    frame_unpack(raster, frame_sample_bytes(geometry), deviation->row_samples, deviation->samples);
    if (deviation->counts)
        weigh(deviation->samples, geometry->width, geometry->depth,
              deviation->counts + sum_row(deviation, deviation->row) * geometry->width);
    return deviation->samples;
}

static void add_to_mean(struct deviation *deviation, const unsigned char *raster)
{
    size_t count = deviation->row_samples, at = sum_row(deviation, deviation->row) * count;
    if (deviation->narrow)
        deviation->brightest =
            add_bytes(raster, count, (uint8_t)deviation->brightest, deviation->narrow + at);
    else if (frame_sample_bytes(&deviation->geometry) == 2 && !deviation->counts)
        deviation->brightest = add_pairs(raster, count, deviation->brightest, deviation->wide + at);
    else
        deviation->brightest = add_samples(unpack(deviation, raster), count, deviation->brightest,
                                           deviation->wide + at);
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

static void add_to_persistent(struct deviation *deviation, const unsigned char *raster)
{
    size_t count = deviation->row_samples;
    if (deviation->row == deviation->from)
        gauss_restart(deviation->blur, deviation->first);
    gauss_push(deviation->blur, unpack(deviation, raster));
    unsigned row;
    while (gauss_pull(deviation->blur, deviation->blurred, &row)) {
        if (row >= deviation->end)
            continue;
        const uint16_t *center = gauss_center(deviation->blur);
        size_t at = sum_row(deviation, row) * count;
        if (deviation->squares)
            deviation->brightest =
                add_deviations(center, deviation->blurred, count, deviation->brightest,
                               deviation->sum + at, deviation->squares + at);
        else
            deviation->brightest =
                add_narrow_deviations(center, deviation->blurred, count, deviation->brightest,
                                      deviation->sum + at, deviation->narrow_squares + at);
    }
}

void deviation_add(struct deviation *deviation, const unsigned char *raster, unsigned count)
{
    if (deviation->narrow && deviation->frames == NARROW_FRAMES_MAX)
        widen(deviation);
    for (unsigned i = 0; i < count; i++) {
        const unsigned char *row = raster + i * frame_row_bytes(&deviation->geometry);
        if (deviation->options.statistic == DEVIATION_MEAN)
            add_to_mean(deviation, row);
        else
            add_to_persistent(deviation, row);
        deviation->row++;
    }
    if (deviation->row == deviation->to) {
        deviation->row = deviation->from;
        deviation->frames++;
    }
}

/* M of 8-bit samples: a sum below 2^16 over n <= 257 in single precision; half a unit more than the
   sum keeps exact quotients clear of rounding, by 1/514, where the error is below 1/30000. */
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

/* The mean over the frames in which the pixel counts; its weight is whether there are any. */
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

static void mean_row(const struct deviation *deviation, unsigned row, uint16_t *mean)
{
    size_t count = deviation->row_samples, at = sum_row(deviation, row) * count;
    const struct frame *geometry = &deviation->geometry;
    if (deviation->counts)
        divide_by_counts(deviation->wide + at,
                         deviation->counts + sum_row(deviation, row) * geometry->width,
                         geometry->width, geometry->depth, mean);
    else if (deviation->narrow)
        divide_narrow(deviation->narrow + at, deviation->frames, count, mean);
    else
        divide_wide(deviation->wide + at, deviation->frames, count, mean);
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

/* Keeps the COLORS planes of DEPTH, in place. */
static void drop_opacity(uint16_t *row, unsigned width, unsigned depth, unsigned colors)
{
    for (size_t x = 0; x < width; x++)
        memmove(row + x * colors, row + x * depth, colors * sizeof *row);
}

static void mean_deviation(struct deviation *deviation, uint16_t *out)
{
    if (deviation->mean_row == deviation->from)
        gauss_restart(deviation->blur, deviation->first);
    unsigned row;
    while (!gauss_pull(deviation->blur, deviation->blurred, &row)) {
        mean_row(deviation, deviation->mean_row++, deviation->samples);
        gauss_push(deviation->blur, deviation->samples);
    }
    subtract(gauss_center(deviation->blur), deviation->blurred, deviation->row_samples,
             deviation->options.side, out);
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

/* COUNT samples that N frames have. Of 8-bit samples every term is below 2^47, exact in double. */
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

/* Nothing is found in samples that no frame has. */
static void persistent_none(size_t count, float *mean, float *spread, uint16_t *size)
{
    for (size_t i = 0; i < count; i++) {
        mean[i] = 0;
        spread[i] = INFINITY;
        size[i] = 0;
    }
}

static void persistent_row(const struct deviation *deviation, unsigned row,
                           struct leaveout_row *out)
{
    unsigned width = deviation->geometry.width, depth = deviation->geometry.depth;
    const uint32_t *counts =
        deviation->counts ? deviation->counts + sum_row(deviation, row) * width : NULL;
    size_t step = counts ? depth : deviation->row_samples; /* samples that share their count */
    for (size_t i = 0; i < deviation->row_samples; i += step) {
        unsigned n = counts ? counts[i / step] : deviation->frames;
        size_t at = sum_row(deviation, row) * deviation->row_samples + i;
        if (n == 0)
            persistent_none(step, out->mean + i, out->spread + i, out->size + i);
        else if (deviation->squares)
            persistent_wide(deviation->sum + at, deviation->squares + at, n, step, out->mean + i,
                            out->spread + i, out->size + i);
        else
            persistent_narrow(deviation->sum + at, deviation->narrow_squares + at, n, step,
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

/* False where the rows of another band are needed. */
static bool persistent_deviation(struct deviation *deviation, uint16_t *out)
{
    while (!leaveout_pull(deviation->leaveout, out, deviation->hot)) {
        if (deviation->result_row == deviation->end)
            return false;
        persistent_row(deviation, deviation->result_row++, leaveout_push(deviation->leaveout));
    }
    if (deviation->options.side != DEVIATION_BOTH)
        keep_side(out, deviation->hot, deviation->row_samples, deviation->options.side);
    return true;
}

bool deviation_row(struct deviation *deviation, uint16_t *row)
{
    const struct frame *geometry = &deviation->geometry;
    uint16_t *out = deviation->counts ? deviation->samples : row;
    if (deviation->leaveout) {
        if (!persistent_deviation(deviation, out))
            return false;
    } else {
        if (deviation->result_row == deviation->end)
            return false;
        mean_deviation(deviation, out);
        deviation->result_row++;
    }
    if (deviation->counts) {
        drop_opacity(out, geometry->width, geometry->depth, deviation->colors);
        memcpy(row, out, (size_t)geometry->width * deviation->colors * sizeof *row);
    }
    return true;
}
