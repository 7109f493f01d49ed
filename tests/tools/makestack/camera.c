/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "alloc.h"
#include "camera.h"
#include "feature.h"
#include "random.h"
#include "strip.h"

#define STRIP_ROWS 128 /* rendered at a time */

struct disc {
    float x, y, radius, light;
};

static float dust_at(const struct disc *dust, unsigned count, float x, float y)
{
    float light = 1;
    for (unsigned i = 0; i < count; i++) {
        float dx = x - dust[i].x, dy = y - dust[i].y, r = dust[i].radius;
        if (fabsf(dx) < 2 * r && fabsf(dy) < 2 * r)
            light *= 1 - (1 - dust[i].light) * feature_edge(r - hypotf(dx, dy), r / 4);
    }
    return light;
}

float *camera_shading(const struct options *options)
{
    float *shading = alloc_array((size_t)options->width * options->height, sizeof *shading);
    struct disc *dust = alloc_array(options->dust, sizeof *dust);
    uint64_t random = random_hash(options->seed, 500);
    for (unsigned i = 0; i < options->dust; i++)
        dust[i] = (struct disc){random_in(&random, 0, (float)options->width),
                                random_in(&random, 0, (float)options->height),
                                random_in(&random, 4, 16), random_in(&random, 0.5f, 0.85f)};
    float cx = (float)(options->width - 1) / 2, cy = (float)(options->height - 1) / 2;
    for (unsigned y = 0; y < options->height; y++)
        for (unsigned x = 0; x < options->width; x++) {
            float dx = (float)x - cx, dy = (float)y - cy;
            float corner = (dx * dx + dy * dy) / fmaxf(cx * cx + cy * cy, 1);
            shading[(size_t)y * options->width + x] =
                options->exposure * (1 - options->vignette * corner) *
                dust_at(dust, options->dust, (float)x, (float)y);
        }
    free(dust);
    return shading;
}

/* Opaque within an ellipse on the subject, transparent outside, soft between. */
static float opacity_at(const struct options *options, float u, float v)
{
    float x = 2 * u / (float)options->width - 1, y = 2 * v / (float)options->height - 1;
    return fminf(fmaxf((1.3f - hypotf(x, y)) / 0.2f, 0), 1);
}

static uint16_t quantise(float value, unsigned maxval)
{
    return (uint16_t)(fminf(fmaxf(value, 0), 1) * (float)maxval + 0.5f);
}

/* Exposes the sensor's rows to STRIP and writes them to FRAME. */
static void expose_strip(const struct strip *strip, const struct options *options,
                         const struct view *view, const float *shading, uint64_t *random,
                         struct frame *frame)
{
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    unsigned colors = frame_colors(frame);
    for (unsigned y = 0; y < strip->rows; y++) {
        for (unsigned x = 0; x < strip->width; x++) {
            size_t at = (size_t)y * strip->width + x;
            float light = shading[(size_t)(strip->top + y) * strip->width + x];
            uint16_t *sample = samples + (size_t)x * options->depth;
            for (unsigned c = 0; c < colors; c++) {
                const float *rgb = strip->rgb[at];
                float value = light * (colors == 3 ? rgb[c] : (rgb[0] + 2 * rgb[1] + rgb[2]) / 4);
                if (view->gamma != 1)
                    value = powf(value, 1 / view->gamma);
                value = view->gain * value + options->noise / 255 * random_normal(random);
                sample[c] = quantise(value, options->maxval);
            }
            if (colors < options->depth)
                sample[colors] = quantise(
                    opacity_at(options, strip->place[at][0], strip->place[at][1]), options->maxval);
        }
        frame_put_row(frame, strip->top + y, samples);
    }
    free(samples);
}

void camera_expose(struct frame *frame, const struct options *options, const struct subject *s,
                   const struct view *view, const float *shading, uint64_t random)
{
    struct strip strip = strip_alloc(options->width, STRIP_ROWS);
    for (strip.top = 0; strip.top < options->height; strip.top += STRIP_ROWS) {
        strip.rows =
            options->height - strip.top < STRIP_ROWS ? options->height - strip.top : STRIP_ROWS;
        strip_render(&strip, s, view);
        expose_strip(&strip, options, view, shading, &random, frame);
    }
    strip_free(&strip);
}
