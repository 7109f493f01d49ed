/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stddef.h>

#include "alloc.h"
#include "feature.h"
#include "random.h"
#include "subject.h"

#define PI 3.14159265358979f
#define HOLE 0.1f    /* a layer has holes where its relief is lower: over about two thirds */
#define LATTICE 1024 /* side of the table of random values; a power of two */

float *subject_lattice(uint64_t seed)
{
    float *lattice = alloc_array((size_t)LATTICE * LATTICE, sizeof *lattice);
    uint64_t random = random_hash(seed, 200);
    for (size_t i = 0; i < (size_t)LATTICE * LATTICE; i++)
        lattice[i] = random_in(&random, -1, 1);
    return lattice;
}

static void bspline_weights(float t, float w[4])
{
    w[0] = (1 - t) * (1 - t) * (1 - t) / 6;
    w[1] = (4 - 6 * t * t + 3 * t * t * t) / 6;
    w[2] = (1 + 3 * t + 3 * t * t - 3 * t * t * t) / 6;
    w[3] = t * t * t / 6;
}

/* Smooth noise: the cubic B-spline over a turned lattice of random values. */
static float octave_at(const struct octave *o, const float *lattice, float u, float v)
{
    float x = o->xx * u - o->xy * v + o->x0, y = o->xy * u + o->xx * v + o->y0;
    float column = floorf(x), row = floorf(y);
    float wx[4], wy[4], sum = 0;
    bspline_weights(x - column, wx);
    bspline_weights(y - row, wy);
    unsigned i = (unsigned)(int)column, k = (unsigned)(int)row;
    for (unsigned b = 0; b < 4; b++) {
        const float *line = lattice + (size_t)((k + b) % LATTICE) * LATTICE;
        sum += wy[b] * (wx[0] * line[i % LATTICE] + wx[1] * line[(i + 1) % LATTICE] +
                        wx[2] * line[(i + 2) % LATTICE] + wx[3] * line[(i + 3) % LATTICE]);
    }
    return sum;
}

static void make_octave(struct octave *o, uint64_t *random, float spacing, float amplitude,
                        float sigma_step)
{
    float angle = random_in(random, 0, 2 * PI);
    o->xx = cosf(angle) / spacing;
    o->xy = sinf(angle) / spacing;
    o->x0 = random_in(random, 0, LATTICE);
    o->y0 = random_in(random, 0, LATTICE);
    for (int c = 0; c < 3; c++)
        o->weight[c] = amplitude * random_in(random, spacing > 15 ? -0.2f : 0.5f, 1.2f);
    for (int i = 0; i < SUBJECT_BLUR_STEPS; i++) {
        float phase = PI * sigma_step * (float)i / spacing; /* middle frequency 0.5 / spacing */
        o->seen[i] = expf(-0.5f * phase * phase);
    }
}

/* A smooth relief is all bumps; a ramp is a plane, tilted along the frame's diagonal, with lower
   bumps; a layer is flat, here at depth 0. */
static void make_relief(struct subject *s, const struct options *options)
{
    float rise = 0.4f; /* of the ramp, from one side of the frame to the other */
    switch (options->relief) {
    case RELIEF_SMOOTH:
        s->tilt[0] = 0.5f;
        s->bump = 0.9f;
        break;
    case RELIEF_RAMP:
        s->tilt[0] = 0.5f - rise;
        s->tilt[1] = rise / (float)options->width;
        s->tilt[2] = rise / (float)options->height;
        s->bump = 0.3f;
        break;
    case RELIEF_LAYERS:
        break;
    }
}

static struct subject make_layer(const struct options *options, uint64_t seed, const float *lattice,
                                 const struct photo *photo)
{
    static const float spacing[SUBJECT_OCTAVES] = {1.4f, 2.4f, 4, 7, 12, 22, 45, 90};
    static const float amplitude[SUBJECT_OCTAVES] = {0.7f, 0.7f, 0.8f, 0.9f, 1, 1, 1.1f, 1.2f};
    struct subject s = {.seed = seed, .lattice = lattice, .photo = photo};
    uint64_t random = random_hash(seed, 300);
    s.texture = options->texture;
    s.points = options->points;
    s.repeats = options->repeat > 0;
    s.cell = s.repeats ? options->repeat : 64;
    s.defocus = options->defocus / 2; /* a disc of radius r has the spread of a Gaussian of r / 2 */
    s.sigma_max = hypotf(SUBJECT_IN_FOCUS, s.defocus);
    s.sigma_step = s.sigma_max / (SUBJECT_BLUR_STEPS - 1);
    for (int i = 0; i < SUBJECT_OCTAVES; i++) {
        float contrast = (spacing[i] < 30 ? s.texture : 1) * (s.repeats ? 0.25f : 1);
        make_octave(&s.octave[i], &random, spacing[i], amplitude[i] * contrast, s.sigma_step);
    }
    make_octave(&s.relief, &random, (float)options->width / 5, 1, s.sigma_step);
    make_relief(&s, options);
    return s;
}

void subject_make(struct subject layers[SUBJECT_LAYERS], const struct options *options,
                  uint64_t seed, const float *lattice, const struct photo *photo)
{
    layers[0] = make_layer(options, seed, lattice, photo);
    for (unsigned i = 1; options->relief == RELIEF_LAYERS && i < SUBJECT_LAYERS; i++) {
        layers[i] = make_layer(options, random_hash(seed, i), lattice, photo);
        layers[i].tilt[0] = (float)i / (SUBJECT_LAYERS - 1);
        layers[i - 1].behind = &layers[i];
    }
}

float subject_depth(const struct subject *s, float u, float v)
{
    float depth = s->tilt[0] + s->tilt[1] * u + s->tilt[2] * v;
    depth += s->bump * octave_at(&s->relief, s->lattice, u, v);
    return fminf(fmaxf(depth, 0), 1);
}

float subject_blur(const struct subject *s, float depth, float focus)
{
    return hypotf(SUBJECT_IN_FOCUS, s->defocus * (depth - focus));
}

float subject_cover(const struct subject *s, float u, float v, float sigma)
{
    if (!s->behind)
        return 1;
    float here = octave_at(&s->relief, s->lattice, u, v);
    float right = octave_at(&s->relief, s->lattice, u + 1, v);
    float below = octave_at(&s->relief, s->lattice, u, v + 1);
    float slope = fmaxf(hypotf(right - here, below - here), 1e-6f);
    return feature_edge((here - HOLE) / slope, sigma);
}

void subject_add_octaves(const struct subject *s, float u, float v, float sigma, float rgb[3])
{
    unsigned step = (unsigned)(sigma / s->sigma_step + 0.5f);
    step = step < SUBJECT_BLUR_STEPS ? step : SUBJECT_BLUR_STEPS - 1;
    for (int i = 0; i < SUBJECT_OCTAVES; i++) {
        const struct octave *o = &s->octave[i];
        if (o->seen[step] < 0.003f)
            continue;
        float value = o->seen[step] * octave_at(o, s->lattice, u, v);
        for (int c = 0; c < 3; c++)
            rgb[c] += o->weight[c] * value;
    }
}
