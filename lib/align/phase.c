/* SPDX-License-Identifier: MIT */

/*
 * If the frame, seen through T, is f(x) = r(x - s), then F = R exp(-i w s), so that F* R / |F* R|
 * is exp(i w s), and its inverse transform is a peak at -s: the candidate takes x to T(x + s).
 *
 * The image is padded with zeros, the value of the Hann window at its edge, to a size at which the
 * transform is fast. The wide blur is two passes of a box, with running sums.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <fftw3.h>

#include "alloc.h"
#include "numbers.h"
#include "phase.h"

enum { BLUR = 16 /* boxes reach a sixteenth of the width to each side */ };

#define DARKEST 0.01f /* of full scale, added before the logarithm: limits noise near black */
#define FARTHEST 0.5  /* of the width and height: the largest shift considered */

struct phase {
    unsigned width, height; /* of the level */
    unsigned columns, rows; /* of the transform */
    float *image;           /* rows x columns */
    float *work, *weight;   /* width x height */
    float *hann_x, *hann_y;
    fftwf_complex *reference, *spectrum; /* rows x (columns / 2 + 1) */
    fftwf_plan forward, backward;        /* image -> spectrum and back */
};

/* The next size of at least N whose only factors are 2, 3 and 5. */
static unsigned fast_size(unsigned n)
{
    for (;; n++) {
        unsigned rest = n;
        for (unsigned factor = 2; factor <= 5; factor++)
            while (rest % factor == 0)
                rest /= factor;
        if (rest == 1 && n % 2 == 0)
            return n;
    }
}

/* One pass of a box of 2 * RADIUS + 1 over COUNT samples STRIDE apart, edges repeated. */
static void box(float *samples, size_t stride, unsigned count, unsigned radius, float *line)
{
    for (unsigned i = 0; i < count; i++)
        line[i] = samples[i * stride];
    double sum = 0;
    for (long i = -(long)radius; i <= (long)radius; i++)
        sum += (double)line[i < 0 ? 0 : i < (long)count ? i : (long)count - 1];
    for (unsigned i = 0; i < count; i++) {
        samples[i * stride] = (float)(sum / (2 * radius + 1));
        unsigned gone = i > radius ? i - radius : 0;
        unsigned come = i + radius + 1 < count ? i + radius + 1 : count - 1;
        sum += (double)line[come] - (double)line[gone];
    }
}

static void wide_blur(const struct phase *phase, float *image)
{
    unsigned width = phase->width, height = phase->height;
    float *line = alloc_array(width > height ? width : height, sizeof *line);
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned y = 0; y < height; y++)
            box(image + (size_t)y * width, 1, width, width / BLUR, line);
        for (unsigned x = 0; x < width; x++)
            box(image + x, width, height, width / BLUR, line);
    }
    free(line);
}

/* Sets IMAGE to the logarithm of WORK less its wide blur, windowed. Pixels of weight 0 count in
   neither; WEIGHT is 1 or 0, or NULL for all 1. */
static void prepare(struct phase *phase, const float *weight)
{
    unsigned width = phase->width, height = phase->height;
    size_t area = (size_t)width * height;
    float *blurred = alloc_array(area, sizeof *blurred);
    for (size_t i = 0; i < area; i++) {
        phase->work[i] = logf(phase->work[i] + DARKEST);
        blurred[i] = weight ? weight[i] * phase->work[i] : phase->work[i];
    }
    wide_blur(phase, blurred);
    if (weight) {
        float *share = alloc_array(area, sizeof *share);
        memcpy(share, weight, area * sizeof *share);
        wide_blur(phase, share);
        for (size_t i = 0; i < area; i++)
            blurred[i] = weight[i] > 0 ? blurred[i] / share[i] : phase->work[i];
        free(share);
    }
    memset(phase->image, 0, (size_t)phase->columns * phase->rows * sizeof *phase->image);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            size_t i = (size_t)y * width + x;
            phase->image[(size_t)y * phase->columns + x] =
                (phase->work[i] - blurred[i]) * phase->hann_x[x] * phase->hann_y[y];
        }
    free(blurred);
}

static float *hann(unsigned count)
{
    float *window = alloc_array(count, sizeof *window);
    for (unsigned i = 0; i < count; i++)
        window[i] = (float)(0.5 - 0.5 * cos(2 * PI * (i + 0.5) / count));
    return window;
}

/* Sets WORK to LEVEL seen through T, nearest pixel, edges repeated. Returns the weights of its
   pixels, or NULL if all are 1. */
static const float *resample(struct phase *phase, const struct level *level,
                             const struct transform *t)
{
    for (unsigned y = 0; y < phase->height; y++) {
        size_t start = (size_t)y * phase->width;
        for (unsigned x = 0; x < phase->width; x++) {
            double u = t->m[0][0] * x + t->m[0][1] * y + t->m[0][2];
            double v = t->m[1][0] * x + t->m[1][1] * y + t->m[1][2];
            u = fmax(0, fmin(level->width - 1.0, u));
            v = fmax(0, fmin(level->height - 1.0, v));
            size_t from = (size_t)(v + 0.5) * level->width + (size_t)(u + 0.5);
            phase->work[start + x] = level->gray[from];
            phase->weight[start + x] = !level->seen || level->seen[from];
        }
    }
    return level->seen ? phase->weight : NULL;
}

struct phase *phase_open(const struct level *reference)
{
    struct phase *phase = alloc_zeroed(1, sizeof *phase);
    phase->width = reference->width;
    phase->height = reference->height;
    phase->columns = fast_size(reference->width);
    phase->rows = fast_size(reference->height);
    size_t area = (size_t)phase->columns * phase->rows;
    size_t half = (size_t)phase->rows * (phase->columns / 2 + 1);
    phase->image = fftwf_alloc_real(area);
    phase->reference = fftwf_alloc_complex(half);
    phase->spectrum = fftwf_alloc_complex(half);
    phase->work = alloc_array((size_t)phase->width * phase->height, sizeof *phase->work);
    phase->weight = alloc_array((size_t)phase->width * phase->height, sizeof *phase->weight);
    phase->hann_x = hann(phase->width);
    phase->hann_y = hann(phase->height);
    phase->forward = fftwf_plan_dft_r2c_2d((int)phase->rows, (int)phase->columns, phase->image,
                                           phase->spectrum, FFTW_ESTIMATE);
    phase->backward = fftwf_plan_dft_c2r_2d((int)phase->rows, (int)phase->columns, phase->spectrum,
                                            phase->image, FFTW_ESTIMATE);

    struct transform identity = transform_identity();
    prepare(phase, resample(phase, reference, &identity));
    fftwf_execute(phase->forward);
    memcpy(phase->reference, phase->spectrum, half * sizeof *phase->reference);
    return phase;
}

void phase_free(struct phase *phase)
{
    fftwf_destroy_plan(phase->forward);
    fftwf_destroy_plan(phase->backward);
    fftwf_free(phase->image);
    fftwf_free(phase->reference);
    fftwf_free(phase->spectrum);
    free(phase->work);
    free(phase->weight);
    free(phase->hann_x);
    free(phase->hann_y);
    free(phase);
}

/* Finds the highest value of IMAGE and erases it with its neighbours; places beyond the middle
   count as negative. */
static void take_peak(struct phase *phase, int *x, int *y)
{
    int columns = (int)phase->columns, rows = (int)phase->rows;
    int reach_x = (int)(FARTHEST * phase->width), reach_y = (int)(FARTHEST * phase->height);
    float best = -INFINITY;
    *x = *y = 0;
    for (int j = -reach_y; j < reach_y; j++) {
        const float *row = phase->image + (size_t)((j + rows) % rows) * (size_t)columns;
        for (int i = -reach_x; i < reach_x; i++) {
            float value = row[i < 0 ? i + columns : i];
            if (value > best)
                best = value, *x = i, *y = j;
        }
    }
    for (int j = *y - 2; j <= *y + 2; j++)
        for (int i = *x - 2; i <= *x + 2; i++)
            phase->image[(size_t)((j + 2 * rows) % rows) * (size_t)columns +
                         (size_t)((i + 2 * columns) % columns)] = -INFINITY;
}

unsigned phase_peaks(struct phase *phase, const struct level *frame, const struct transform *t,
                     unsigned most, struct transform *found)
{
    prepare(phase, resample(phase, frame, t));
    fftwf_execute(phase->forward);
    size_t half = (size_t)phase->rows * (phase->columns / 2 + 1);
    for (size_t i = 0; i < half; i++) {
        const float *f = phase->spectrum[i], *r = phase->reference[i];
        float real = f[0] * r[0] + f[1] * r[1];
        float imaginary = f[0] * r[1] - f[1] * r[0];
        float length = sqrtf(real * real + imaginary * imaginary) + 1e-20f;
        phase->spectrum[i][0] = real / length;
        phase->spectrum[i][1] = imaginary / length;
    }
    fftwf_execute(phase->backward);
    for (unsigned i = 0; i < most; i++) {
        int x, y;
        take_peak(phase, &x, &y);
        struct transform shift = transform_shift(-x, -y);
        found[i] = transform_compose(t, &shift);
    }
    return most;
}
