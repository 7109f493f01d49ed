/* SPDX-License-Identifier: MIT
 *
 * fusionerror SIGMA TRUTH EDGES PICTURE FRAME ...
 *
 * How far a fused picture is from its truth; SIGMA is the noise of the frames, TRUTH and EDGES are
 * makestack's. Prints "psnr ssim invented soft noise halo", over the pixels where all frames are
 * opaque, in units of 1/255 of full scale; y is luma, (R + 2 G + B) / 4, b[s](v) a Gaussian blur of
 * standard deviation s, h(v) = v - b[1.5](v), r(v) = sqrt(b[3](h(v)^2)):
 *
 *     psnr      dB, of all colours
 *     ssim      of y: Wang et al., Image Quality Assessment, 2004, with b[1.5]
 *     invented  per cent of the pixels where r(y) > 1.3 r(truth) + 1 + 1.5 SIGMA
 *     soft      per cent of the pixels with detail, r(truth) > 4, where the gain on it is under
 *               0.75 of the best frame's, or of 1 where that is more; the gain is
 *               b[3](h(y) h(truth)) / b[3](h(truth)^2)
 *     noise     root mean square of h(y) where r(truth) < 0.5, by the middle frame's
 *     halo      root mean square of b[4](y - truth) where EDGES is white
 */

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "frame.h"
#include "input.h"
#include "message.h"

struct size {
    int width, height;
    size_t pixels;
};

static int mirror(int i, int n)
{
    if (n == 1)
        return 0;
    while (i < 0 || i >= n)
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

static float *plane(struct size size)
{
    return alloc_zeroed(size.pixels, sizeof(float));
}

/* A new plane: IN blurred. */
static float *blur(const float *in, struct size size, double sigma)
{
    enum { REACH_MAX = 16 };
    double kernel[REACH_MAX + 1], sum = 0;
    int reach = (int)ceil(3.5 * sigma);
    for (int k = 0; k <= reach; k++) {
        kernel[k] = exp(-k * k / (2 * sigma * sigma));
        sum += (k > 0 ? 2 : 1) * kernel[k];
    }
    float *across = plane(size), *out = plane(size);
    for (int k = -reach; k <= reach; k++) {
        float weight = (float)(kernel[abs(k)] / sum);
        for (int y = 0; y < size.height; y++)
            for (int x = 0; x < size.width; x++) {
                size_t row = (size_t)y * (size_t)size.width;
                across[row + (size_t)x] += weight * in[row + (size_t)mirror(x + k, size.width)];
            }
    }
    for (int y = 0; y < size.height; y++)
        for (int k = -reach; k <= reach; k++) {
            float weight = (float)(kernel[abs(k)] / sum);
            const float *from = across + (ptrdiff_t)mirror(y + k, size.height) * size.width;
            for (int x = 0; x < size.width; x++)
                out[(ptrdiff_t)y * size.width + x] += weight * from[x];
        }
    free(across);
    return out;
}

static float *high_pass(const float *in, struct size size)
{
    float *low = blur(in, size, 1.5);
    for (size_t i = 0; i < size.pixels; i++)
        low[i] = in[i] - low[i];
    return low;
}

/* b[SIGMA](a b), a new plane. */
static float *blurred_product(const float *a, const float *b, struct size size, double sigma)
{
    float *product = plane(size);
    for (size_t i = 0; i < size.pixels; i++)
        product[i] = a[i] * b[i];
    float *out = blur(product, size, sigma);
    free(product);
    return out;
}

static float *luma(const struct frame *frame, struct size size)
{
    float *y = plane(size), scale = 255.0f / (float)frame->maxval;
    unsigned second = frame_colors(frame) == 3 ? 1 : 0, third = 2 * second;
    for (unsigned v = 0; v < frame->height; v++)
        for (unsigned u = 0; u < frame->width; u++)
            y[(size_t)v * frame->width + u] =
                scale * 0.25f *
                (float)(frame_get(frame, u, v, 0) + 2 * frame_get(frame, u, v, second) +
                        frame_get(frame, u, v, third));
    return y;
}

static double psnr(const struct frame *a, const struct frame *b, const bool *counts)
{
    double sum = 0, count = 0;
    for (unsigned v = 0; v < a->height; v++)
        for (unsigned u = 0; u < a->width; u++)
            for (unsigned c = 0; counts[(size_t)v * a->width + u] && c < frame_colors(a); c++) {
                double d = 255.0 * frame_get(a, u, v, c) / a->maxval -
                           255.0 * frame_get(b, u, v, c) / b->maxval;
                sum += d * d;
                count++;
            }
    return 10 * log10(255 * 255 * count / fmax(sum, 1e-9));
}

static double ssim(const float *a, const float *b, struct size size, const bool *counts)
{
    const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
    float *ma = blur(a, size, 1.5), *mb = blur(b, size, 1.5);
    float *aa = blurred_product(a, a, size, 1.5), *bb = blurred_product(b, b, size, 1.5);
    float *ab = blurred_product(a, b, size, 1.5);
    double sum = 0, count = 0;
    for (size_t i = 0; i < size.pixels; i++) {
        if (!counts[i])
            continue;
        double x = (double)ma[i], y = (double)mb[i];
        double vx = (double)aa[i] - x * x, vy = (double)bb[i] - y * y, vxy = (double)ab[i] - x * y;
        sum += (2 * x * y + c1) * (2 * vxy + c2) / ((x * x + y * y + c1) * (vx + vy + c2));
        count++;
    }
    free(ma);
    free(mb);
    free(aa);
    free(bb);
    free(ab);
    return sum / count;
}

/* The truth's side of the measures, and what the frames came to. */
struct measure {
    struct size size;
    bool *counts;
    float *truth, *high, *energy; /* y, h, b[3](h^2) */
    float *best;                  /* the frames' greatest gain */
    double middle;                /* the middle frame's sum of squared noise */
};

static void gain(const struct measure *m, const float *high, float *out)
{
    float *shared = blurred_product(high, m->high, m->size, 3);
    for (size_t i = 0; i < m->size.pixels; i++)
        out[i] = shared[i] / fmaxf(m->energy[i], 1e-6f);
    free(shared);
}

static bool is_plain(const struct measure *m, size_t i)
{
    return m->counts[i] && m->energy[i] < 0.5f * 0.5f;
}

static double squared_noise(const struct measure *m, const float *high)
{
    double sum = 0;
    for (size_t i = 0; i < m->size.pixels; i++)
        sum += is_plain(m, i) ? (double)(high[i] * high[i]) : 0;
    return sum;
}

static void look_at_frames(struct measure *m, char **paths, unsigned count)
{
    struct input *in = input_open(paths, count, NULL);
    struct frame frame = {0};
    float *here = plane(m->size);
    /* First where they are opaque, for that is where they count. */
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned number = 0; input_read(in, &frame); number++) {
            if (pass == 0) {
                for (size_t i = 0; frame_has_opacity(&frame) && i < m->size.pixels; i++)
                    m->counts[i] &=
                        frame_get(&frame, (unsigned)(i % frame.width), (unsigned)(i / frame.width),
                                  frame_colors(&frame)) == frame.maxval;
                continue;
            }
            float *y = luma(&frame, m->size), *high = high_pass(y, m->size);
            if (number == count / 2)
                m->middle = squared_noise(m, high);
            gain(m, high, here);
            for (size_t i = 0; i < m->size.pixels; i++)
                m->best[i] = fmaxf(m->best[i], here[i]);
            free(y);
            free(high);
        }
        input_close(in);
        in = pass == 0 ? input_open(paths, count, NULL) : NULL;
    }
    frame_free(&frame);
    free(here);
}

static double invented(const struct measure *m, const float *energy, double sigma)
{
    double count = 0, all = 0;
    for (size_t i = 0; i < m->size.pixels; i++) {
        if (!m->counts[i])
            continue;
        double truth = sqrt((double)m->energy[i]);
        count += sqrt((double)energy[i]) > 1.3 * truth + 1 + 1.5 * sigma;
        all++;
    }
    return 100 * count / all;
}

static double soft(const struct measure *m, const float *high)
{
    double count = 0, all = 0;
    float *here = plane(m->size);
    gain(m, high, here);
    for (size_t i = 0; i < m->size.pixels; i++) {
        if (!m->counts[i] || m->energy[i] < 4 * 4)
            continue;
        count += here[i] < 0.75f * fminf(m->best[i], 1);
        all++;
    }
    free(here);
    return 100 * count / fmax(all, 1);
}

static double halo(const struct measure *m, const float *y, const struct frame *edges)
{
    double sum = 0, count = 0;
    float *error = plane(m->size);
    for (size_t i = 0; i < m->size.pixels; i++)
        error[i] = y[i] - m->truth[i];
    float *low = blur(error, m->size, 4);
    for (size_t i = 0; i < m->size.pixels; i++) {
        if (!m->counts[i] || edges->raster[i] == 0)
            continue;
        sum += (double)(low[i] * low[i]);
        count++;
    }
    free(error);
    free(low);
    return sqrt(sum / fmax(count, 1));
}

int main(int argc, char **argv)
{
    message_start("fusionerror");
    if (argc < 6)
        message_error("usage: fusionerror SIGMA TRUTH EDGES PICTURE FRAME ...");
    struct frame truth = {0}, edges = {0}, picture = {0};
    input_read_single(argv[2], &truth);
    input_read_single(argv[3], &edges);
    input_read_single(argv[4], &picture);
    if (truth.width != picture.width || truth.height != picture.height || edges.maxval > 255 ||
        edges.width != truth.width || edges.height != truth.height || edges.depth != 1)
        message_error("the images are not alike");
    struct measure m = {
        .size = {(int)truth.width, (int)truth.height, (size_t)truth.width * truth.height}};
    m.truth = luma(&truth, m.size);
    m.high = high_pass(m.truth, m.size);
    m.energy = blurred_product(m.high, m.high, m.size, 3);
    m.best = plane(m.size);
    m.counts = alloc_array(m.size.pixels, sizeof *m.counts);
    for (size_t i = 0; i < m.size.pixels; i++)
        m.counts[i] = true;
    look_at_frames(&m, argv + 5, (unsigned)argc - 5);

    float *y = luma(&picture, m.size), *high = high_pass(y, m.size);
    float *energy = blurred_product(high, high, m.size, 3);
    printf("%.2f %.4f %.2f %.2f %.3f %.2f\n", psnr(&truth, &picture, m.counts),
           ssim(m.truth, y, m.size, m.counts), invented(&m, energy, atof(argv[1])), soft(&m, high),
           sqrt(squared_noise(&m, high) / fmax(m.middle, 1e-9)), halo(&m, y, &edges));
    frame_free(&truth);
    frame_free(&edges);
    frame_free(&picture);
    free(m.truth);
    free(m.high);
    free(m.energy);
    free(m.best);
    free(m.counts);
    free(y);
    free(high);
    free(energy);
    return 0;
}
