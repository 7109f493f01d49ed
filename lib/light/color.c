/* SPDX-License-Identifier: MIT */

/*
 * If the hue stays, a pixel's samples keep their order and the ratios of their distances: a change
 * of S and V, or L and S, moves them to
 *
 *     hsv:  x' = V' - (V - x) C'/C        C = S V
 *     hls:  x' = L' + (x - L) C'/C        C = S min(2 L, 2 maxval - 2 L)
 *
 * so the hue and its six sectors need not be computed, and an unchanged pixel keeps its exact
 * value.
 */

#include <stdbool.h>

#include "color.h"
#include "simd.h"

enum { SATURATION_HSV = 0, LIGHT_HSV = 1, LIGHT_HLS = 0, SATURATION_HLS = 1 };

unsigned color_channels(enum color_space space)
{
    static const unsigned channels[] = {1, 1, 3, 2, 2};
    return channels[space];
}

const char *color_channel_name(enum color_space space, unsigned i)
{
    static const char *const names[][COLOR_CHANNELS_MAX] = {
        {"gray"}, {"lumi"}, {"r", "g", "b"}, {"s", "v"}, {"l", "s"}};
    return names[space][i];
}

unsigned color_top(enum color_space space, unsigned i, unsigned maxval)
{
    if ((space == COLOR_HSV && i == SATURATION_HSV) || (space == COLOR_HLS && i == SATURATION_HLS))
        return COLOR_SATURATION_TOP;
    return space == COLOR_HLS ? 2 * maxval : maxval;
}

static inline uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static inline uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline uint32_t largest(const uint16_t *pixel)
{
    return larger(larger(pixel[0], pixel[1]), pixel[2]);
}

static inline uint32_t smallest(const uint16_t *pixel)
{
    return smaller(smaller(pixel[0], pixel[1]), pixel[2]);
}

/* The largest chroma at lightness L, in steps 0..2 MAXVAL. */
static inline uint32_t chroma_room(uint32_t l, uint32_t maxval)
{
    return smaller(l, 2 * maxval - l);
}

/* S in steps, rounded half up, of CHROMA where WHOLE is the largest chroma. */
static inline uint32_t saturation(uint32_t chroma, uint32_t whole)
{
    float share = (float)(int32_t)chroma / (float)(int32_t)larger(whole, 1);
    return (uint32_t)(int32_t)(share * COLOR_SATURATION_TOP + 0.5F);
}

/* Luma with weights in multiples of 2^-16 whose sum is 1, so that a gray keeps its value. DEPTH is
   constant where this is inlined. */
static inline void weigh_colors(const uint16_t *restrict samples, unsigned depth, unsigned count,
                                uint32_t *restrict values)
{
    for (unsigned x = 0; x < count; x++) {
        const uint16_t *pixel = samples + (unsigned long)x * depth;
        values[x] = (19595U * pixel[0] + 38470U * pixel[1] + 7471U * pixel[2] + 32768U) >> 16;
    }
}

SIMD_CLONES
static void luma(const uint16_t *restrict samples, unsigned depth, unsigned count,
                 uint32_t *restrict values)
{
    if (depth == 3)
        weigh_colors(samples, 3, count, values);
    else
        weigh_colors(samples, depth, count, values);
}

SIMD_CLONES
static void hsv_saturation(const uint16_t *restrict samples, unsigned depth, unsigned count,
                           uint32_t *restrict values)
{
    for (unsigned x = 0; x < count; x++) {
        const uint16_t *pixel = samples + (unsigned long)x * depth;
        uint32_t most = largest(pixel);
        values[x] = saturation(most - smallest(pixel), most);
    }
}

SIMD_CLONES
static void hsv_value(const uint16_t *restrict samples, unsigned depth, unsigned count,
                      uint32_t *restrict values)
{
    for (unsigned x = 0; x < count; x++)
        values[x] = largest(samples + (unsigned long)x * depth);
}

SIMD_CLONES
static void hls_lightness(const uint16_t *restrict samples, unsigned depth, unsigned count,
                          uint32_t *restrict values)
{
    for (unsigned x = 0; x < count; x++) {
        const uint16_t *pixel = samples + (unsigned long)x * depth;
        values[x] = largest(pixel) + smallest(pixel);
    }
}

SIMD_CLONES
static void hls_saturation(const uint16_t *restrict samples, unsigned depth, unsigned count,
                           unsigned maxval, uint32_t *restrict values)
{
    for (unsigned x = 0; x < count; x++) {
        const uint16_t *pixel = samples + (unsigned long)x * depth;
        uint32_t most = largest(pixel), least = smallest(pixel);
        values[x] = saturation(most - least, chroma_room(most + least, maxval));
    }
}

void color_values(enum color_space space, unsigned i, const uint16_t *samples, unsigned depth,
                  unsigned count, unsigned maxval, uint32_t *values)
{
    if (space == COLOR_LUMI)
        luma(samples, depth, count, values);
    else if (space == COLOR_HSV && i == SATURATION_HSV)
        hsv_saturation(samples, depth, count, values);
    else if (space == COLOR_HSV)
        hsv_value(samples, depth, count, values);
    else if (i == LIGHT_HLS)
        hls_lightness(samples, depth, count, values);
    else
        hls_saturation(samples, depth, count, maxval, values);
}

/* Pixels are changed in blocks, plane by plane: loops over side-by-side samples hardly vectorise.
 */
enum { BLOCK = 512 };

struct block {
    int32_t plane[3][BLOCK];
};

static inline void split(const uint16_t *restrict samples, unsigned depth, unsigned count,
                         struct block *restrict block)
{
    for (unsigned x = 0; x < count; x++)
        for (unsigned c = 0; c < 3; c++)
            block->plane[c][x] = samples[(unsigned long)x * depth + c];
}

static inline void join(const struct block *restrict block, unsigned depth, unsigned count,
                        uint16_t *restrict samples)
{
    for (unsigned x = 0; x < count; x++)
        for (unsigned c = 0; c < 3; c++)
            samples[(unsigned long)x * depth + c] = (uint16_t)block->plane[c][x];
}

/* Rounded half up and clipped to 0..MAXVAL. */
static inline int32_t to_sample(double value, double maxval)
{
    value = value < 0 ? 0 : value;
    value = value > maxval ? maxval : value;
    return (int32_t)(value + 0.5);
}

static inline void find_extremes(const struct block *restrict block, unsigned x,
                                 int32_t *restrict most, int32_t *restrict least)
{
    int32_t r = block->plane[0][x], g = block->plane[1][x], b = block->plane[2][x];
    *most = r > g ? r : g;
    *most = b > *most ? b : *most;
    *least = r < g ? r : g;
    *least = b < *least ? b : *least;
}

static inline void change_hsv_block(struct block *restrict block, unsigned count, uint32_t maxval,
                                    const double *restrict light, const double *restrict ratio)
{
    for (unsigned x = 0; x < count; x++) {
        int32_t most, least;
        find_extremes(block, x, &most, &least);
        double full = maxval, v = most, changed = light[most];
        double whole = (int32_t)larger((uint32_t)most, 1);
        int32_t s = (int32_t)saturation((uint32_t)(most - least), (uint32_t)most);
        double scale = changed / whole * ratio[s];
        for (unsigned c = 0; c < 3; c++) {
            double below = v - block->plane[c][x];
            block->plane[c][x] = to_sample(changed - below * scale, full);
        }
    }
}

static inline void change_hls_block(struct block *restrict block, unsigned count, uint32_t maxval,
                                    const double *restrict light, const double *restrict ratio)
{
    for (unsigned x = 0; x < count; x++) {
        int32_t most, least;
        find_extremes(block, x, &most, &least);
        uint32_t room = chroma_room((uint32_t)(most + least), maxval);
        double l = most + least, changed = light[most + least], full = maxval;
        double left = changed < 2 * full - changed ? changed : 2 * full - changed;
        int32_t s = (int32_t)saturation((uint32_t)(most - least), room);
        double scale = left / (int32_t)larger(room, 1) * ratio[s];
        for (unsigned c = 0; c < 3; c++) {
            double above = 2 * block->plane[c][x] - l;
            block->plane[c][x] = to_sample((changed + above * scale) * 0.5, full);
        }
    }
}

SIMD_CLONES
static void change_pixels(bool hsv, uint16_t *samples, unsigned depth, unsigned count,
                          unsigned maxval, const double *light, const double *ratio)
{
    struct block block;
    for (unsigned at = 0; at < count; at += BLOCK) {
        unsigned part = count - at < BLOCK ? count - at : BLOCK;
        uint16_t *begin = samples + (unsigned long)at * depth;
        split(begin, depth, part, &block);
        if (hsv)
            change_hsv_block(&block, part, maxval, light, ratio);
        else
            change_hls_block(&block, part, maxval, light, ratio);
        join(&block, depth, part, begin);
    }
}

void color_change(enum color_space space, uint16_t *samples, unsigned depth, unsigned count,
                  unsigned maxval, const double *light, const double *ratio)
{
    change_pixels(space == COLOR_HSV, samples, depth, count, maxval, light, ratio);
}
