/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "alloc.h"
#include "exposure.h"
#include "random.h"

#define MID_GRAY 0.2140f /* the light whose sample is 0.5 */
#define SLOPE 1.0757f    /* of the curve there */
#define BORDER 24        /* pixels */

/* sRGB's curve (IEC 61966-2-1), from light to a sample. */
static float to_sample(float light)
{
    return light <= 0.0031308f ? 12.92f * fmaxf(light, 0) : 1.055f * powf(light, 1 / 2.4f) - 0.055f;
}

static unsigned quantise(float value, unsigned maxval)
{
    return (unsigned)(fminf(fmaxf(value, 0), 1) * (float)maxval + 0.5f);
}

static void put_plane(struct frame *frame, unsigned plane, const float *light, float gain,
                      float noise, uint64_t *random)
{
    float sigma = noise / 255 / SLOPE;
    for (unsigned y = 0; y < frame->height; y++)
        for (unsigned x = 0; x < frame->width; x++) {
            float value = gain * light[(size_t)y * frame->width + x];
            if (noise > 0)
                value += sigma * sqrtf(fmaxf(value, 0) / MID_GRAY) * random_normal(random);
            frame_put(frame, x, y, plane, quantise(to_sample(value), frame->maxval));
        }
}

/* Adds OFFSET, of full scale, to the pixels around U, V, as interpolation spreads it. */
static void put_hot(struct frame *frame, float u, float v, unsigned plane, float offset)
{
    int left = (int)floorf(u), top = (int)floorf(v);
    for (int y = top; y <= top + 1; y++)
        for (int x = left; x <= left + 1; x++) {
            if (x < 0 || y < 0 || x >= (int)frame->width || y >= (int)frame->height)
                continue;
            float share = (1 - fabsf(u - (float)x)) * (1 - fabsf(v - (float)y));
            float value = (float)frame_get(frame, (unsigned)x, (unsigned)y, plane);
            value = value / (float)frame->maxval + share * offset;
            frame_put(frame, (unsigned)x, (unsigned)y, plane, quantise(value, frame->maxval));
        }
}

static void put_opacity(struct frame *frame, const struct options *options, unsigned index)
{
    uint64_t random = random_hash(random_hash(options->seed, 1600), index);
    float off = fabsf((float)index - (float)(options->frames / 2));
    float most = (float)(options->width < 16 * BORDER ? options->width / 16 : BORDER);
    most *= off / fmaxf((float)(options->frames / 2), 1);
    unsigned inset[4];
    for (int i = 0; i < 4; i++)
        inset[i] = (unsigned)random_in(&random, 0.4f * most, most + 0.5f);
    for (unsigned y = 0; y < frame->height; y++)
        for (unsigned x = 0; x < frame->width; x++) {
            int seen = x >= inset[0] && x + inset[1] < frame->width && y >= inset[2] &&
                       y + inset[3] < frame->height;
            frame_put(frame, x, y, 3, seen ? frame->maxval : 0);
        }
}

void exposure_take(struct frame *frame, const struct options *options, unsigned index,
                   const float *rgb)
{
    size_t plane = (size_t)frame->width * frame->height;
    uint64_t random = random_hash(random_hash(options->seed, 1700), index);
    uint64_t hot = random_hash(options->seed, 1800); /* the same in every frame */
    for (unsigned c = 0; c < 3; c++) {
        float gain = 1 + options->gain * random_in(&random, -1, 1);
        put_plane(frame, c, rgb + c * plane, gain, options->noise, &random);
    }
    for (unsigned i = 0; i < options->hot; i++) {
        float u = random_in(&hot, 0, (float)frame->width) + 0.9f * (float)index;
        float v = random_in(&hot, 0, (float)frame->height) + 0.5f * (float)index;
        unsigned c = random_below(&hot, 3);
        put_hot(frame, u, v, c, random_in(&hot, options->level_min, options->level_max) / 255);
    }
    if (frame->depth == 4)
        put_opacity(frame, options, index);
}

void exposure_truth(struct frame *frame, const float *rgb)
{
    size_t plane = (size_t)frame->width * frame->height;
    for (unsigned c = 0; c < 3; c++)
        put_plane(frame, c, rgb + c * plane, 1, 0, NULL);
}
