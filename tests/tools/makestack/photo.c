/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <netpbm/pam.h>

#include "alloc.h"
#include "photo.h"

static int reflect(int i, int n)
{
    int period = n > 1 ? 2 * (n - 1) : 1;
    i = abs(i) % period;
    return i < n ? i : period - i;
}

/* One pass of a Gaussian blur over COUNT samples STRIDE apart. */
static void blur_line(const float *in, float *out, int count, int stride, const float *kernel,
                      int reach)
{
    for (int i = 0; i < count; i++) {
        float sum = kernel[0] * in[(ptrdiff_t)i * stride];
        for (int k = 1; k <= reach; k++)
            sum += kernel[k] * (in[(ptrdiff_t)reflect(i - k, count) * stride] +
                                in[(ptrdiff_t)reflect(i + k, count) * stride]);
        out[(ptrdiff_t)i * stride] = sum;
    }
}

static void blur_plane(const float *in, float *out, float *work, int width, int height, float sigma)
{
    float kernel[64], sum = 0;
    int reach = (int)fminf(ceilf(3.5f * sigma), 63);
    for (int k = 0; k <= reach; k++) {
        kernel[k] = expf(-0.5f * (float)(k * k) / (sigma * sigma));
        sum += k > 0 ? 2 * kernel[k] : kernel[k];
    }
    for (int k = 0; k <= reach; k++)
        kernel[k] /= sum;
    for (int y = 0; y < height; y++)
        blur_line(in + (ptrdiff_t)y * width, work + (ptrdiff_t)y * width, width, 1, kernel, reach);
    for (int x = 0; x < width; x++)
        blur_line(work + x, out + x, height, width, kernel, reach);
}

void photo_read(struct photo *photo, const char *name, unsigned width, unsigned height)
{
    struct pam pam = {0};
    FILE *file = pm_openr(name);
    tuple **tuples = pnm_readpam(file, &pam, sizeof pam);
    pm_close(file);
    photo->width = pam.width;
    photo->height = pam.height;
    size_t plane = (size_t)pam.width * (size_t)pam.height;
    float *work = alloc_array(plane, sizeof *work);
    photo->level[0] = alloc_array(3 * plane, sizeof(float));
    for (int y = 0; y < pam.height; y++)
        for (int x = 0; x < pam.width; x++)
            for (size_t c = 0; c < 3; c++)
                photo->level[0][c * plane + (size_t)y * (size_t)pam.width + (size_t)x] =
                    (float)tuples[y][x][pam.depth >= 3 ? c : 0] / (float)pam.maxval;
    pnm_freepamarray(tuples, &pam);
    for (int i = 1; i < PHOTO_LEVELS; i++) {
        photo->sigma[i] = 0.75f * (float)(1 << i) / 2;
        photo->level[i] = alloc_array(3 * plane, sizeof(float));
        for (size_t c = 0; c < 3; c++)
            blur_plane(photo->level[0] + c * plane, photo->level[i] + c * plane, work, photo->width,
                       photo->height, photo->sigma[i]);
    }
    free(work);
    /* The frame and a tenth more on each side fill the photograph. */
    photo->scale =
        fminf((float)pam.width / (1.2f * (float)width), (float)pam.height / (1.2f * (float)height));
    photo->left = 0.5f * ((float)pam.width - photo->scale * (float)width);
    photo->top = 0.5f * ((float)pam.height - photo->scale * (float)height);
}

void photo_free(struct photo *photo)
{
    for (int i = 0; i < PHOTO_LEVELS; i++)
        free(photo->level[i]);
}

/* Keys' cubic convolution, a = -1/2. */
static void keys_weights(float t, float w[4])
{
    w[0] = t * (-0.5f + t * (1 - 0.5f * t));
    w[1] = 1 + t * t * (-2.5f + 1.5f * t);
    w[2] = t * (0.5f + t * (2 - 1.5f * t));
    w[3] = t * t * (-0.5f + 0.5f * t);
}

void photo_at(const struct photo *p, float u, float v, float sigma, float rgb[3])
{
    float x = p->scale * u + p->left, y = p->scale * v + p->top, wx[4], wy[4];
    int column = (int)floorf(x), row = (int)floorf(y), upper = 1;
    size_t plane = (size_t)p->width * (size_t)p->height;
    keys_weights(x - (float)column, wx);
    keys_weights(y - (float)row, wy);
    sigma *= p->scale;
    while (upper < PHOTO_LEVELS - 1 && p->sigma[upper] < sigma)
        upper++;
    float low = p->sigma[upper - 1] * p->sigma[upper - 1], high = p->sigma[upper] * p->sigma[upper];
    float share = fminf((sigma * sigma - low) / (high - low), 1);
    for (int b = 0; b < 4; b++)
        for (int a = 0; a < 4; a++) {
            size_t at = (size_t)reflect(row + b - 1, p->height) * (size_t)p->width +
                        (size_t)reflect(column + a - 1, p->width);
            for (size_t c = 0; c < 3; c++)
                rgb[c] += wx[a] * wy[b] *
                          ((1 - share) * p->level[upper - 1][c * plane + at] +
                           share * p->level[upper][c * plane + at]);
        }
}
