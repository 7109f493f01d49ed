/* SPDX-License-Identifier: MIT */

/*
 * A block T of the reference and the frame I, sampled through the current transform at the block's
 * pixels, are each scaled to zero mean and unit length:
 *
 *     t = (T - mean) / |T - mean|,   i = (I - mean) / |I - mean|,   ncc = t . i
 *
 * which removes any gain and offset between them. A small displacement d of the block then gives,
 * with the mean of both images' gradients (exact to second order in d),
 *
 *     t - i = g . d + noise,   g = (grad t + grad i) / 2
 *
 * So that a change of gain or offset is not taken for displacement, g is made orthogonal to the
 * constant and to the signal q = t + i. The difference t - i already is. The normal equations are
 * then
 *
 *     A d = b,   A = sum g g' - (sum g)(sum g)'/n - (g . q)(g . q)'/(q . q),   b = sum g (t - i)
 *
 * and with the residual variance sigma^2 = (|t - i|^2 - b . d) / (n - 4) the covariance of d is
 * sigma^2 A^-1: variances sigma^2 / lambda along A's eigenvectors.
 *
 * Noise has gradients too. They add to A but tell nothing of displacement, so d and its variance
 * come out too small. But noise differs between the images: along an eigenvector e, b responds only
 * to the share of gradient energy that both images have,
 *
 *     gain = sum (e . grad t) (e . grad i) / sum (e . g)^2
 *
 * so a small displacement along e is divided by the gain.
 *
 * All sums over a block are taken in LANES partial sums, whose order is the same for every
 * instruction set.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "block.h"
#include "cubic.h"
#include "simd.h"

enum {
    PATCH = BLOCK_SIDE + 2, /* with a pixel around it for the gradients */
    AREA = BLOCK_SIDE * BLOCK_SIDE,
    LANES = 8,
    MARGIN = 8,   /* pixels of a level outside all blocks: room for those at the edge to move */
    COLUMNS = 12, /* cells */
    ROWS = 8
};

#define LONGEST_STEP 3.0 /* pixels along an eigenvector: beyond, the gradient tells nothing */
/* The least gain to divide by: with less detail in common the rest is noise, which a smaller
   divisor would only magnify. */
#define LEAST_GAIN 0.2
/* The least smaller eigenvalue, as a share of the larger: along an edge a block measures nothing,
   and below this share single precision only gives rounding errors. */
#define LEAST_STRENGTH 1e-4
/* How many pixels a place stays before the last whole one whose cubic stays inside, because
   rounding to single precision may move it. */
#define PLACE_MARGIN 1e-3
#define BLOWN 0.999f /* of full scale: the sensor shows no detail there */
#define FLAT 1e-12   /* variance, of full scale: below it are only rounding errors */

/* A block's samples: of the reference and of the frame, and their gradients. */
struct samples {
    float t[AREA], i[AREA];
    float tx[AREA], ty[AREA], ix[AREA], iy[AREA];
};

SIMD_CLONES
static double dot(const float *restrict a, const float *restrict b)
{
    float lane[LANES] = {0};
    for (int k = 0; k < AREA; k += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += a[k + l] * b[k + l];
    return (((double)lane[0] + (double)lane[1]) + ((double)lane[2] + (double)lane[3])) +
           (((double)lane[4] + (double)lane[5]) + ((double)lane[6] + (double)lane[7]));
}

SIMD_CLONES
static double total(const float *a)
{
    float lane[LANES] = {0};
    for (int k = 0; k < AREA; k += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += a[k + l];
    return (((double)lane[0] + (double)lane[1]) + ((double)lane[2] + (double)lane[3])) +
           (((double)lane[4] + (double)lane[5]) + ((double)lane[6] + (double)lane[7]));
}

/* The block's pixels, less MEAN, and central differences, from a PATCH of rows STRIDE apart. */
SIMD_CLONES
static void differences(const float *restrict patch, size_t stride, float mean,
                        float *restrict value, float *restrict dx, float *restrict dy)
{
    for (size_t row = 0; row < BLOCK_SIDE; row++) {
        const float *above = patch + row * stride + 1;
        const float *p = above + stride, *below = p + stride;
        for (ptrdiff_t column = 0; column < BLOCK_SIDE; column++) {
            *value++ = p[column] - mean;
            *dx++ = 0.5f * (p[column + 1] - p[column - 1]);
            *dy++ = 0.5f * (below[column] - above[column]);
        }
    }
}

/* Where TRANSFORM takes the PATCH pixels from X, Y on, in the coordinates of VIEW's samples. */
static void find_places(const struct view *view, const struct transform *transform, double x,
                        double y, float *restrict u, float *restrict v)
{
    double rx = transform->m[0][1] * y + transform->m[0][2];
    double ry = transform->m[1][1] * y + transform->m[1][2];
    double rw = transform->m[2][1] * y + transform->m[2][2];
    for (int k = 0; k < PATCH; k++) {
        double w = 1 / (transform->m[2][0] * (x + k) + rw);
        u[k] = (float)((transform->m[0][0] * (x + k) + rx) * w - view->x);
        v[k] = (float)((transform->m[1][0] * (x + k) + ry) * w - view->y);
    }
}

/* Interpolates at COUNT places that lie within pixels side by side, FU and FV off them; the cubic
   of the first begins at P. */
SIMD_CLONES
static void sample_run(const float *restrict p, size_t stride, const float *restrict fu,
                       const float *restrict fv, size_t count, float *restrict out)
{
    const float *q = p + stride, *r = q + stride, *s = r + stride;
    for (size_t k = 0; k < count; k++) {
        float wu[4], wv[4];
        cubic_weights(fu[k], wu);
        cubic_weights(fv[k], wv);
        float sum = wv[0] * (wu[0] * p[k] + wu[1] * p[k + 1] + wu[2] * p[k + 2] + wu[3] * p[k + 3]);
        sum += wv[1] * (wu[0] * q[k] + wu[1] * q[k + 1] + wu[2] * q[k + 2] + wu[3] * q[k + 3]);
        sum += wv[2] * (wu[0] * r[k] + wu[1] * r[k + 1] + wu[2] * r[k + 2] + wu[3] * r[k + 3]);
        sum += wv[3] * (wu[0] * s[k] + wu[1] * s[k + 1] + wu[2] * s[k + 2] + wu[3] * s[k + 3]);
        out[k] = sum;
    }
}

/* Interpolates VIEW's samples at the PATCH places U, V. Where neither scale nor rotation is large,
   most places of a row lie within pixels side by side. */
static void sample_row(const struct view *view, const float *u, const float *v, float *out)
{
    int column[PATCH], row[PATCH];
    float fu[PATCH], fv[PATCH];
    for (int k = 0; k < PATCH; k++) {
        column[k] = (int)u[k];
        row[k] = (int)v[k];
        fu[k] = u[k] - (float)column[k];
        fv[k] = v[k] - (float)row[k];
    }
    for (int start = 0, end = 0; start < PATCH; start = end) {
        while (++end < PATCH && column[end] - end == column[start] - start &&
               row[end] == row[start])
            continue;
        const float *p = view->gray + (size_t)(row[start] - 1) * view->stride + (column[start] - 1);
        sample_run(p, view->stride, fu + start, fv + start, (size_t)(end - start), out + start);
    }
}

/* Whether all samples that the cubic uses for a point of pixel COLUMN, ROW are seen. */
static unsigned char all_seen(const struct view *frame, size_t column, size_t row)
{
    const unsigned char *p = frame->seen + ((row - 1) * frame->stride + column - 1);
    unsigned char seen = 1;
    for (int j = 0; j < 4; j++, p += frame->stride)
        seen &= p[0] & p[1] & p[2] & p[3];
    return seen;
}

/* The largest place on an axis of SIZE samples whose cubic stays on it. From 2^15 on the margin is
   less than the step of single precision. */
static double last_place(unsigned size)
{
    return fmin(size - 2 - PLACE_MARGIN, nextafterf((float)(size - 2), 0));
}

/* Samples FRAME through TRANSFORM at the PATCH x PATCH pixels from X, Y on. False if some lie
 * outside. */
static bool sample_patch(const struct view *frame, const struct transform *transform, double x,
                         double y, float *patch, unsigned char *seen)
{
    if (frame->width < 4 || frame->height < 4)
        return false;
    double last_u = last_place(frame->width), last_v = last_place(frame->height);
    for (int corner = 0; corner < 4; corner++) {
        double u, v;
        if (!transform_point(transform, x + (corner & 1 ? PATCH - 1 : 0),
                             y + (corner & 2 ? PATCH - 1 : 0), &u, &v))
            return false;
        u -= frame->x;
        v -= frame->y;
        if (!(u >= 1 && v >= 1 && u <= last_u && v <= last_v))
            return false;
    }
    for (int row = 0; row < PATCH; row++) {
        float u[PATCH], v[PATCH];
        find_places(frame, transform, x, y + row, u, v);
        sample_row(frame, u, v, patch + (size_t)row * PATCH);
        for (int column = 0; frame->seen && column < PATCH; column++)
            seen[row * PATCH + column] = all_seen(frame, (size_t)u[column], (size_t)v[column]);
    }
    return true;
}

/* Sets the pixels of M to zero that are not seen or have a neighbour not seen: zeros add nothing to
   the moments. Returns how many remain. */
static unsigned mask_samples(struct samples *m, const unsigned char *reference, size_t stride,
                             const unsigned char *frame)
{
    unsigned count = 0;
    for (size_t row = 0; row < BLOCK_SIDE; row++) {
        for (size_t column = 0; column < BLOCK_SIDE; column++) {
            unsigned char seen = 1;
            if (reference) {
                const unsigned char *p = reference + (row + 1) * stride + column + 1;
                seen &= p[0] & p[-1] & p[1] & p[stride] & *(p - stride);
            }
            if (frame) {
                const unsigned char *p = frame + (row + 1) * PATCH + column + 1;
                seen &= p[0] & p[-1] & p[1] & p[PATCH] & p[-PATCH];
            }
            count += seen;
            if (!seen) {
                size_t k = row * BLOCK_SIDE + column;
                m->t[k] = m->i[k] = m->tx[k] = m->ty[k] = m->ix[k] = m->iy[k] = 0;
            }
        }
    }
    return count;
}

/* Eigenvalues of [xx xy; xy yy], the larger first, and the direction of the first. */
static void eigen(double xx, double xy, double yy, double lambda[2], double *c, double *s)
{
    double half = 0.5 * (xx - yy);
    double radius = sqrt(half * half + xy * xy);
    double mean = 0.5 * (xx + yy);
    lambda[0] = mean + radius;
    lambda[1] = mean - radius > 0 ? mean - radius : 0;
    double angle = 0.5 * atan2(xy, half);
    *c = cos(angle);
    *s = sin(angle);
}

/* What the displacement is computed from. */
struct combined {
    float x[AREA], y[AREA]; /* g */
    float sum[AREA], difference[AREA];
};

SIMD_CLONES
static void combine(const struct samples *m, float at, float ai, struct combined *out)
{
    for (int k = 0; k < AREA; k++) {
        out->x[k] = 0.5f * (at * m->tx[k] + ai * m->ix[k]);
        out->y[k] = 0.5f * (at * m->ty[k] + ai * m->iy[k]);
        out->sum[k] = at * m->t[k] + ai * m->i[k];
        out->difference[k] = at * m->t[k] - ai * m->i[k];
    }
}

/* The components of d along the eigenvectors of A, in the order of LAMBDA, and their variances,
   from those of B and the gains; FREEDOM is n - 4. Displacement of fine detail lowers the gain as
   noise does, and dividing by the gain would then overshoot: the longer d is, the less the gain
   counts, and from a pixel on not at all. */
static void solve_along(const double lambda[2], const double b[2], const double gain[2], double ncc,
                        double freedom, double d[2], double variance[2])
{
    double explained = 0, distance = 0, strength[2];
    for (int k = 0; k < 2; k++) {
        strength[k] = fmax(lambda[k], LEAST_STRENGTH * lambda[0]);
        d[k] = b[k] / strength[k];
        explained += b[k] * d[k];
        distance += d[k] * d[k];
    }
    /* Not 0, or a perfect match would have all the weight. */
    double residual = fmax(2 - 2 * ncc - explained, 1e-9) / freedom;
    for (int k = 0; k < 2; k++) {
        double believed = gain[k] + (1 - gain[k]) * fmin(1, distance * distance);
        d[k] = fmax(-LONGEST_STEP, fmin(LONGEST_STEP, d[k] / believed));
        variance[k] = residual / (strength[k] * believed * believed);
    }
}

/* e' [xx xy; xy yy] e for e = (c, s). */
static double form(double xx, double xy, double yy, double c, double s)
{
    return c * c * xx + 2 * c * s * xy + s * s * yy;
}

/* Computes the displacement and its variance from the samples, N of which count. */
static void solve_block(const struct samples *m, double n, struct block *block)
{
    block->ncc = block->likeness = 0;
    double sum_t = total(m->t), sum_i = total(m->i);
    double tt = dot(m->t, m->t) - sum_t * sum_t / n;
    double ii = dot(m->i, m->i) - sum_i * sum_i / n;
    if (!(tt > FLAT * n) || !(ii > FLAT * n))
        return;
    double at = 1 / sqrt(tt), ai = 1 / sqrt(ii);
    double energy_t = at * at * (dot(m->tx, m->tx) + dot(m->ty, m->ty));
    double energy_i = ai * ai * (dot(m->ix, m->ix) + dot(m->iy, m->iy));
    if (!(energy_t > 0) || !(energy_i > 0))
        return;
    double ncc = at * ai * (dot(m->t, m->i) - sum_t * sum_i / n);

    struct combined g;
    combine(m, (float)at, (float)ai, &g);
    double sum_x = total(g.x), sum_y = total(g.y);
    double sum = total(g.sum), difference = total(g.difference);
    double xs = dot(g.x, g.sum) - sum_x * sum / n, ys = dot(g.y, g.sum) - sum_y * sum / n;
    double ss = fmax(2 + 2 * ncc, 1e-6);
    double xx = dot(g.x, g.x), xy = dot(g.x, g.y), yy = dot(g.y, g.y);
    double lambda[2], c, s;
    eigen(xx - sum_x * sum_x / n - xs * xs / ss, xy - sum_x * sum_y / n - xs * ys / ss,
          yy - sum_y * sum_y / n - ys * ys / ss, lambda, &c, &s);
    if (!(lambda[0] > 0))
        return;

    double bx = dot(g.x, g.difference) - sum_x * difference / n;
    double by = dot(g.y, g.difference) - sum_y * difference / n;
    double b[2] = {c * bx + s * by, c * by - s * bx};
    double cross_xx = at * ai * dot(m->tx, m->ix), cross_yy = at * ai * dot(m->ty, m->iy);
    double cross_xy = 0.5 * at * ai * (dot(m->tx, m->iy) + dot(m->ix, m->ty));
    double gain[2] = {form(cross_xx, cross_xy, cross_yy, c, s) / form(xx, xy, yy, c, s),
                      form(cross_xx, cross_xy, cross_yy, -s, c) / form(xx, xy, yy, -s, c)};
    for (int k = 0; k < 2; k++)
        gain[k] = gain[k] > LEAST_GAIN ? fmin(gain[k], 1) : LEAST_GAIN;
    double d[2];
    solve_along(lambda, b, gain, ncc, n - 4, d, block->variance);
    block->dx = c * d[0] - s * d[1];
    block->dy = s * d[0] + c * d[1];
    block->c = c;
    block->s = s;
    block->ncc = ncc;
    block->likeness = fmin(energy_t, energy_i) / fmax(energy_t, energy_i);
}

struct view block_view(const struct level *level)
{
    return (struct view){level->gray, level->seen, level->width, 0, 0, level->width, level->height};
}

/* Offset in VIEW of the pixel up and left of X, Y. */
static size_t corner_of(const struct view *view, unsigned x, unsigned y)
{
    return (size_t)(y - view->y - 1) * view->stride + (x - view->x - 1);
}

/* The middle value of PATCH, or 0 if not seen: sums are more precise once it is subtracted. */
static float level_of(const float *patch, const unsigned char *seen, size_t stride)
{
    size_t middle = PATCH / 2 * stride + PATCH / 2;
    return seen && !seen[middle] ? 0 : patch[middle];
}

/* Whether a pixel of PATCH is overexposed. */
SIMD_CLONES
static bool any_blown(const float *patch)
{
    int any = 0;
    for (int k = 0; k < PATCH * PATCH; k++)
        any |= patch[k] >= BLOWN;
    return any;
}

/* The energy of the Laplacian of the block inside PATCH over that of its gradient: the mean squared
   spatial frequency of its detail, which blur lowers. Zero if the block is flat. */
static float sharpness_of(const float *patch, size_t stride)
{
    double gradient = 0, laplacian = 0;
    for (size_t row = 1; row <= BLOCK_SIDE; row++) {
        const float *p = patch + row * stride + 1;
        float gg = 0, ll = 0;
        for (size_t column = 0; column < BLOCK_SIDE; column++, p++) {
            float dx = 0.5f * (p[1] - p[-1]), dy = 0.5f * (p[stride] - *(p - stride));
            float l = p[1] + p[-1] + p[stride] + *(p - stride) - 4 * p[0];
            gg += dx * dx + dy * dy;
            ll += l * l;
        }
        gradient += (double)gg;
        laplacian += (double)ll;
    }
    return gradient > 0 ? (float)(laplacian / gradient) : 0;
}

void block_measure(const struct view *reference, const struct view *frame,
                   const struct transform *transform, struct block *block)
{
    float patch[PATCH * PATCH];
    unsigned char seen[PATCH * PATCH];
    struct samples m;
    block->inside = sample_patch(frame, transform, block->x - 1.0, block->y - 1.0, patch, seen);
    block->blown = false;
    if (!block->inside)
        return;
    size_t stride = reference->stride, corner = corner_of(reference, block->x, block->y);
    const float *own = reference->gray + corner;
    const unsigned char *own_seen = reference->seen ? reference->seen + corner : NULL;
    differences(own, stride, level_of(own, own_seen, stride), m.t, m.tx, m.ty);
    differences(patch, PATCH, level_of(patch, frame->seen ? seen : NULL, PATCH), m.i, m.ix, m.iy);
    bool blown = any_blown(patch);
    for (int k = 0; blown && k < PATCH * PATCH; k++)
        seen[k] = (!frame->seen || seen[k]) && patch[k] < BLOWN;
    bool masked = blown || frame->seen;
    unsigned n = AREA;
    if (reference->seen || masked)
        n = mask_samples(&m, own_seen, stride, masked ? seen : NULL);
    block->inside = n >= AREA / 4;
    block->blown = blown && !block->inside;
    if (!block->inside)
        return;
    solve_block(&m, n, block);
    block->share = (double)n / AREA;
    block->sharpness_there = sharpness_of(patch, PATCH);
}

/* The smaller eigenvalue of the summed gradient products of the block at X, Y: how well it fixes
   its place in its worst direction. Zero if less than a quarter of it is seen. */
static float information_of(const struct view *view, unsigned x, unsigned y)
{
    struct samples m;
    size_t corner = corner_of(view, x, y);
    differences(view->gray + corner, view->stride, 0, m.t, m.tx, m.ty);
    if (view->seen && mask_samples(&m, view->seen + corner, view->stride, NULL) < AREA / 4)
        return 0;
    double lambda[2], c, s;
    eigen(dot(m.tx, m.tx), dot(m.tx, m.ty), dot(m.ty, m.ty), lambda, &c, &s);
    return (float)lambda[1];
}

void block_look(const struct view *view, struct block *block)
{
    block->information = information_of(view, block->x, block->y);
    block->sharpness = sharpness_of(view->gray + corner_of(view, block->x, block->y), view->stride);
}

static int by_information(const void *a, const void *b)
{
    const struct block *one = a, *other = b;
    if (one->information != other->information)
        return one->information > other->information ? -1 : 1;
    if (one->y != other->y)
        return one->y < other->y ? -1 : 1;
    return one->x < other->x ? -1 : one->x > other->x;
}

unsigned block_best(struct block *all, unsigned count, unsigned width, unsigned height,
                    unsigned most, struct block *blocks)
{
    unsigned telling = 0;
    for (unsigned k = 0; k < count; k++)
        if (all[k].information > 0)
            all[telling++] = all[k];
    count = telling;
    qsort(all, count, sizeof *all, by_information);
    struct block *rest = alloc_array(count, sizeof *rest);
    unsigned share = most / (COLUMNS * ROWS), taken[COLUMNS * ROWS] = {0};
    unsigned first = 0, others = 0;
    for (unsigned k = 0; k < count; k++) {
        unsigned cell = (unsigned)((size_t)all[k].y * ROWS / height) * COLUMNS +
                        (unsigned)((size_t)all[k].x * COLUMNS / width);
        if (taken[cell]++ < share)
            blocks[first++] = all[k];
        else
            rest[others++] = all[k];
    }
    if (others > most - first)
        others = most - first;
    memcpy(blocks + first, rest, others * sizeof *rest);
    free(rest);
    return first + others;
}

unsigned block_choose(const struct level *level, unsigned most, struct block *blocks)
{
    if (level->width < BLOCK_SIDE + MARGIN || level->height < BLOCK_SIDE + MARGIN)
        return 0;
    unsigned across = (level->width - MARGIN) / BLOCK_SIDE;
    unsigned down = (level->height - MARGIN) / BLOCK_SIDE;
    unsigned left = (level->width - across * BLOCK_SIDE) / 2;
    unsigned top = (level->height - down * BLOCK_SIDE) / 2;
    struct block *all = alloc_zeroed((size_t)across * down, sizeof *all);
    struct view view = block_view(level);
#pragma omp parallel for schedule(dynamic) if (down > 1)
    for (unsigned row = 0; row < down; row++) {
        for (unsigned column = 0; column < across; column++) {
            struct block *block = &all[(size_t)row * across + column];
            block->x = left + column * BLOCK_SIDE;
            block->y = top + row * BLOCK_SIDE;
            block_look(&view, block);
        }
    }
    unsigned count = block_best(all, across * down, level->width, level->height, most, blocks);
    free(all);
    return count;
}
