/* SPDX-License-Identifier: MIT */

/*
 * One pass over the frame, row by row, so that the rows at work stay in the cache:
 *
 *     raster row -> gray row -> clipped row -> (five of them) vertical, horizontal -> level row
 *
 * Rows are padded at each end: the clip needs one sample, the kernel two. The kernel works
 * vertically first: that pass vectorises over the row, and the horizontal pass then needs only
 * every second column.
 *
 * Fully transparent pixels have no color of their own. A level's pixel is marked as not seen if its
 * support holds one.
 */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "pyramid.h"
#include "simd.h"
#include "threads.h"

enum { PAD = 2, TAPS = 5, BAND = 32 /* rows of a level that a band has at least */ };

/* A window of rows that slides down an image: row I is in slot I modulo TAPS. */
struct window {
    unsigned width;
    float *rows;         /* TAPS rows of width + 2 * PAD */
    unsigned char *seen; /* likewise, or NULL */
};

static void window_alloc(struct window *window, unsigned width, bool opacity)
{
    window->width = width;
    window->rows = alloc_array((size_t)TAPS * (width + 2 * PAD), sizeof *window->rows);
    window->seen = opacity ? alloc_array((size_t)TAPS * (width + 2 * PAD), 1) : NULL;
}

static void window_free(struct window *window)
{
    free(window->rows);
    free(window->seen);
}

static float *window_row(const struct window *window, unsigned row)
{
    return window->rows + (size_t)(row % TAPS) * (window->width + 2 * PAD) + PAD;
}

static unsigned char *window_seen(const struct window *window, unsigned row)
{
    return window->seen ? window->seen + (size_t)(row % TAPS) * (window->width + 2 * PAD) + PAD
                        : NULL;
}

static void pad_row(float *row, unsigned char *seen, unsigned width)
{
    for (int i = 1; i <= PAD; i++) {
        row[-i] = row[0];
        row[width - 1 + (unsigned)i] = row[width - 1];
        if (seen) {
            seen[-i] = seen[0];
            seen[width - 1 + (unsigned)i] = seen[width - 1];
        }
    }
}

/* RAW has COUNT pixels of DEPTH samples of one byte, 1 or 3: without opacity. */
SIMD_CLONES
static void mix_bytes(const unsigned char *restrict raw, unsigned depth, size_t count, float scale,
                      float *restrict gray)
{
    if (depth == 3)
        for (size_t i = 0; i < count; i++)
            gray[i] = scale * (float)(raw[3 * i] + 2 * raw[3 * i + 1] + raw[3 * i + 2]);
    else
        for (size_t i = 0; i < count; i++)
            gray[i] = scale * (float)(4 * raw[i]);
}

SIMD_CLONES
static void mix_words(const uint16_t *restrict raw, unsigned depth, size_t count, float scale,
                      float *restrict gray)
{
    if (depth >= 3)
        for (size_t i = 0; i < count; i++)
            gray[i] = scale * (float)(raw[depth * i] + 2 * raw[depth * i + 1] + raw[depth * i + 2]);
    else
        for (size_t i = 0; i < count; i++)
            gray[i] = scale * (float)(4 * raw[depth * i]);
}

/* Sets GRAY, 0..1, from COUNT pixels of FRAME from COLUMN, ROW on and, unless SEEN is NULL, SEEN
   where they are not fully transparent. SAMPLES has room for them. */
static void gray_row(const struct frame *frame, unsigned column, unsigned row, unsigned count,
                     uint16_t *samples, float *gray, unsigned char *seen)
{
    float scale = 1.0f / (4.0f * (float)frame->maxval);
    unsigned bytes = frame_sample_bytes(frame);
    const unsigned char *raw =
        frame->raster + row * frame_row_bytes(frame) + (size_t)column * frame->depth * bytes;
    if (bytes == 1 && !seen) {
        mix_bytes(raw, frame->depth, count, scale, gray);
        return;
    }
    frame_unpack(raw, bytes, (size_t)count * frame->depth, samples);
    mix_words(samples, frame->depth, count, scale, gray);
    for (size_t i = 0; seen && i < count; i++)
        seen[i] = samples[frame->depth * i + frame->depth - 1] > 0;
}

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

/* Each sample of MIDDLE clipped to the range of its eight neighbours. */
SIMD_CLONES
static void clip_row(const float *restrict above, const float *restrict middle,
                     const float *restrict below, unsigned width, float *restrict clipped)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)width; i++) {
        float low = least(above[i], below[i]);
        float high = most(above[i], below[i]);
        for (ptrdiff_t j = i - 1; j <= i + 1; j += 2) {
            low = least(low, least(least(above[j], below[j]), middle[j]));
            high = most(high, most(most(above[j], below[j]), middle[j]));
        }
        clipped[i] = least(most(middle[i], low), high);
    }
}

/* OUT[i] tells whether pixel i of MIDDLE and its eight neighbours are all seen. */
static void seen_row(const unsigned char *above, const unsigned char *middle,
                     const unsigned char *below, unsigned width, unsigned char *out)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)width; i++)
        out[i] = above[i - 1] & above[i] & above[i + 1] & middle[i - 1] & middle[i] &
                 middle[i + 1] & below[i - 1] & below[i] & below[i + 1];
}

/* Writes row MIDDLE of the clipped gray frame into CLIPPED, from the window GRAY. */
static void clip_into(const struct window *gray, unsigned middle, unsigned height,
                      const struct window *clipped)
{
    unsigned above = middle > 0 ? middle - 1 : 0;
    unsigned below = middle + 1 < height ? middle + 1 : middle;
    float *out = window_row(clipped, middle);
    unsigned char *seen = window_seen(clipped, middle);
    clip_row(window_row(gray, above), window_row(gray, middle), window_row(gray, below),
             gray->width, out);
    if (seen)
        seen_row(window_seen(gray, above), window_seen(gray, middle), window_seen(gray, below),
                 gray->width, seen);
    pad_row(out, seen, gray->width);
}

SIMD_CLONES
static void blur_down(const float *restrict a, const float *restrict b, const float *restrict c,
                      const float *restrict d, const float *restrict e, size_t count,
                      float *restrict sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] = ((a[i] + e[i]) + 4.0f * (b[i] + d[i]) + 6.0f * c[i]) * (1.0f / 256.0f);
}

SIMD_CLONES
static void blur_across(const float *restrict sum, size_t count, float *restrict half)
{
    for (size_t i = 0; i < count; i++) {
        const float *s = sum + 2 * i;
        half[i] = (s[-2] + s[2]) + 4.0f * (s[-1] + s[1]) + 6.0f * s[0];
    }
}

/* Makes row ROW of COARSE, centred on row 2 * ROW of the window's image of HEIGHT rows. SUM has
   room for a padded row. */
static void halve_into(const struct window *fine, unsigned height, unsigned row, float *sum,
                       struct level *coarse)
{
    const float *tap[TAPS];
    const unsigned char *mark[TAPS];
    for (int k = 0; k < TAPS; k++) {
        long source = 2 * (long)row + k - PAD;
        source = source < 0 ? 0 : source < (long)height ? source : (long)height - 1;
        tap[k] = window_row(fine, (unsigned)source) - PAD;
        mark[k] = fine->seen ? window_seen(fine, (unsigned)source) : NULL;
    }
    blur_down(tap[0], tap[1], tap[2], tap[3], tap[4], fine->width + 2 * PAD, sum);
    blur_across(sum + PAD, coarse->width, coarse->gray + (size_t)row * coarse->width);
    if (!coarse->seen)
        return;
    for (unsigned column = 0; column < coarse->width; column++) {
        unsigned char seen = 1;
        for (int k = 0; k < TAPS; k++)
            for (int j = -PAD; j <= PAD; j++)
                seen &= mark[k][2 * (ptrdiff_t)column + j];
        coarse->seen[(size_t)row * coarse->width + column] = seen;
    }
}

/* The first row that row ROW of a level is made of. */
static unsigned first_tap(unsigned row)
{
    return row > 0 ? 2 * row - PAD : 0;
}

static void level_alloc(struct level *level, unsigned width, unsigned height, bool opacity)
{
    level->width = width;
    level->height = height;
    level->gray = alloc_array((size_t)width * height, sizeof *level->gray);
    level->seen = opacity ? alloc_array((size_t)width * height, 1) : NULL;
}

/* Rows FIRST..END-1 of LEVEL, level 0, from the frame, of the same size or HALF. */
static void build_first(const struct frame *frame, bool half, unsigned first, unsigned end,
                        struct level *level)
{
    bool opacity = frame_has_opacity(frame);
    struct window gray, clipped;
    window_alloc(&gray, frame->width, opacity);
    window_alloc(&clipped, frame->width, opacity);
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    float *sum = alloc_array(frame->width + 2 * PAD, sizeof *sum);

    unsigned clip = half ? first_tap(first) : first, got = clip > 0 ? clip - 1 : 0;
    for (unsigned row = first; row < end; row++) {
        unsigned middle = half ? 2 * row : row;
        unsigned last = half ? middle + PAD : middle;
        for (; clip <= last && clip < frame->height; clip++) {
            for (; got <= clip + 1 && got < frame->height; got++) {
                gray_row(frame, 0, got, frame->width, samples, window_row(&gray, got),
                         window_seen(&gray, got));
                pad_row(window_row(&gray, got), window_seen(&gray, got), frame->width);
            }
            clip_into(&gray, clip, frame->height, &clipped);
        }
        if (half) {
            halve_into(&clipped, frame->height, row, sum, level);
        } else {
            memcpy(level->gray + (size_t)row * level->width, window_row(&clipped, row),
                   level->width * sizeof *level->gray);
            if (opacity)
                memcpy(level->seen + (size_t)row * level->width, window_seen(&clipped, row),
                       level->width);
        }
    }
    free(sum);
    free(samples);
    window_free(&gray);
    window_free(&clipped);
}

/* Rows FIRST..END-1 of COARSE. */
static void build_next(const struct level *fine, unsigned first, unsigned end, struct level *coarse)
{
    struct window window;
    window_alloc(&window, fine->width, fine->seen);
    float *sum = alloc_array(fine->width + 2 * PAD, sizeof *sum);
    unsigned got = first_tap(first);
    for (unsigned row = first; row < end; row++) {
        for (; got <= 2 * row + PAD && got < fine->height; got++) {
            size_t start = (size_t)got * fine->width;
            memcpy(window_row(&window, got), fine->gray + start, fine->width * sizeof *fine->gray);
            if (fine->seen)
                memcpy(window_seen(&window, got), fine->seen + start, fine->width);
            pad_row(window_row(&window, got), window_seen(&window, got), fine->width);
        }
        halve_into(&window, fine->height, row, sum, coarse);
    }
    free(sum);
    window_free(&window);
}

/* Builds LEVEL in bands: from FINE, or, if that is NULL, from the frame, of the same size or
   HALF. */
static void build_level(const struct frame *frame, const struct level *fine, bool half,
                        struct level *level)
{
    unsigned width = fine ? fine->width : frame->width;
    unsigned height = fine ? fine->height : frame->height;
    level_alloc(level, half ? (width + 1) / 2 : width, half ? (height + 1) / 2 : height,
                frame_has_opacity(frame));
    unsigned rows = level->height, bands = bands_count(rows, BAND);
#pragma omp parallel for schedule(dynamic) if (bands > 1)
    for (unsigned band = 0; band < bands; band++) {
        unsigned first = bands_first(rows, bands, band), end = bands_first(rows, bands, band + 1);
        if (fine)
            build_next(fine, first, end, level);
        else
            build_first(frame, half, first, end, level);
    }
}

void pyramid_build(struct pyramid *pyramid, const struct frame *frame)
{
    pyramid->width = frame->width;
    pyramid->height = frame->height;
    bool small = (size_t)frame->width * frame->height < PYRAMID_FULL;
    bool thin = frame->width < 2 * PYRAMID_THINNEST || frame->height < 2 * PYRAMID_THINNEST;
    pyramid->factor = small || thin ? 1 : 2;
    build_level(frame, NULL, pyramid->factor > 1, &pyramid->level[0]);
    pyramid->levels = 1;
    for (;;) {
        const struct level *last = &pyramid->level[pyramid->levels - 1];
        unsigned longer = last->width > last->height ? last->width : last->height;
        unsigned shorter = last->width < last->height ? last->width : last->height;
        if (longer <= PYRAMID_COARSEST || shorter < 2 * PYRAMID_THINNEST ||
            pyramid->levels == PYRAMID_LEVELS)
            break;
        build_level(frame, last, true, &pyramid->level[pyramid->levels]);
        pyramid->levels++;
    }
}

void pyramid_window(const struct frame *frame, unsigned x, unsigned y, unsigned width,
                    unsigned height, float *gray, unsigned char *seen)
{
    unsigned left = x > 0 ? x - 1 : 0;
    unsigned right = x + width < frame->width ? x + width : frame->width - 1;
    bool opacity = frame_has_opacity(frame);
    struct window source;
    window_alloc(&source, right - left + 1, opacity);
    uint16_t *samples = alloc_array((size_t)source.width * frame->depth, sizeof *samples);
    unsigned got = y > 0 ? y - 1 : 0;
    for (unsigned row = y; row < y + height; row++) {
        for (; got <= row + 1 && got < frame->height; got++) {
            gray_row(frame, left, got, source.width, samples, window_row(&source, got),
                     window_seen(&source, got));
            pad_row(window_row(&source, got), window_seen(&source, got), source.width);
        }
        unsigned above = row > 0 ? row - 1 : 0;
        unsigned below = row + 1 < frame->height ? row + 1 : row;
        size_t start = (size_t)(row - y) * width;
        unsigned skip = x - left;
        clip_row(window_row(&source, above) + skip, window_row(&source, row) + skip,
                 window_row(&source, below) + skip, width, gray + start);
        if (opacity)
            seen_row(window_seen(&source, above) + skip, window_seen(&source, row) + skip,
                     window_seen(&source, below) + skip, width, seen + start);
    }
    free(samples);
    window_free(&source);
}

void pyramid_free(struct pyramid *pyramid)
{
    for (unsigned i = 0; i < pyramid->levels; i++) {
        free(pyramid->level[i].gray);
        free(pyramid->level[i].seen);
    }
    *pyramid = (struct pyramid){0};
}
