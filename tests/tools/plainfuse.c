/* SPDX-License-Identifier: MIT
 *
 * plainfuse SHARPNESS FRAME ...: framefuse's method written down as plainly as it can be, for
 * comparison: whole planes, double precision. Writes the picture as PAM, of the frames' depth:
 * opacity is 0 where no frame shows anything, else the maxval.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "frame.h"
#include "input.h"

enum { LEVELS = 20, PLANES = 4 };

struct plane {
    int width, height;
    double *at;
};

/* Colours and opacity. */
struct level {
    struct plane plane[PLANES];
};

struct sums {
    struct plane sum[3], weight, low[3], high[3];
};

static struct plane make(int width, int height, double value)
{
    struct plane p = {width, height, NULL};
    p.at = alloc_array((size_t)width * (size_t)height, sizeof *p.at);
    for (long i = 0; i < (long)width * height; i++)
        p.at[i] = value;
    return p;
}

static int mirror(int i, int n)
{
    if (n == 1)
        return 0;
    while (i < 0 || i >= n)
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

static double *at(const struct plane *p, int x, int y)
{
    return &p->at[(long)mirror(y, p->height) * p->width + mirror(x, p->width)];
}

/* P blurred by 1 4 6 4 1 /16 along one axis; DX, DY is a step on it. */
static struct plane blur_along(const struct plane *p, int dx, int dy)
{
    struct plane out = make(p->width, p->height, 0);
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++)
            *at(&out, x, y) =
                (*at(p, x - 2 * dx, y - 2 * dy) + *at(p, x + 2 * dx, y + 2 * dy) +
                 4 * (*at(p, x - dx, y - dy) + *at(p, x + dx, y + dy)) + 6 * *at(p, x, y)) /
                16;
    return out;
}

static struct plane blur(const struct plane *p)
{
    struct plane across = blur_along(p, 1, 0), out = blur_along(&across, 0, 1);
    free(across.at);
    return out;
}

static struct plane down(const struct plane *p)
{
    struct plane out = make((p->width + 1) / 2, (p->height + 1) / 2, 0), blurred = blur(p);
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++)
            *at(&out, x, y) = *at(&blurred, 2 * x, 2 * y);
    free(blurred.at);
    return out;
}

static struct plane up(const struct plane *p, int width, int height)
{
    struct plane spread = make(width, height, 0);
    double factor = (width > 1 ? 2 : 1) * (height > 1 ? 2 : 1); /* an axis of one has no gaps */
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++)
            *at(&spread, 2 * x, 2 * y) = factor * *at(p, x, y);
    struct plane out = blur(&spread);
    free(spread.at);
    return out;
}

static struct plane energy(const struct plane lap[3], int colors, int l)
{
    struct plane e = make(lap[0].width, lap[0].height, 0);
    for (long i = 0; i < (long)e.width * e.height; i++) {
        double r = lap[0].at[i];
        double g = colors == 3 ? lap[1].at[i] : r, b = colors == 3 ? lap[2].at[i] : r;
        e.at[i] = (r * r + 2 * g * g + b * b) / 4;
    }
    struct plane once = blur(&e);
    free(e.at);
    if (l > 0)
        return once;
    struct plane twice = blur(&once);
    free(once.at);
    return twice;
}

/* The colours of FRAME, 0..255, and its opacity. */
static struct level read_frame(const struct frame *frame, int colors)
{
    struct level level;
    for (int c = 0; c < PLANES; c++)
        level.plane[c] = make((int)frame->width, (int)frame->height, 0);
    for (unsigned y = 0; y < frame->height; y++)
        for (unsigned x = 0; x < frame->width; x++) {
            double opacity = 1;
            if (frame_has_opacity(frame))
                opacity = frame_get(frame, x, y, (unsigned)colors) / (double)frame->maxval;
            for (int c = 0; c < colors; c++)
                *at(&level.plane[c], (int)x, (int)y) =
                    255.0 * frame_get(frame, x, y, (unsigned)c) / frame->maxval;
            *at(&level.plane[3], (int)x, (int)y) = opacity;
        }
    return level;
}

/* P[0] of COLORS and OPACITY. */
static struct level premultiply(const struct level *colors, const struct plane *opacity)
{
    struct level level;
    level.plane[3] = make(opacity->width, opacity->height, 0);
    for (int c = 0; c < 3; c++)
        level.plane[c] = make(opacity->width, opacity->height, 0);
    for (long i = 0; i < (long)opacity->width * opacity->height; i++) {
        level.plane[3].at[i] = opacity->at[i];
        for (int c = 0; c < 3; c++)
            level.plane[c].at[i] = colors->plane[c].at[i] * opacity->at[i];
    }
    return level;
}

/* Builds g from PYRAMID's level 0; returns the number of the base. */
static int build(struct level pyramid[LEVELS], int colors)
{
    int base = 0;
    do {
        for (int c = 0; c < PLANES; c++)
            pyramid[base + 1].plane[c] = down(&pyramid[base].plane[c]);
        base++;
    } while (pyramid[base].plane[3].width >= 16 && pyramid[base].plane[3].height >= 16);
    for (int l = base; l >= 0; l--)
        for (int c = 0; c < colors; c++) {
            struct plane *g = &pyramid[l].plane[c];
            const struct plane *a = &pyramid[l].plane[3];
            struct plane coarser = l < base ? up(&pyramid[l + 1].plane[c], g->width, g->height)
                                            : make(g->width, g->height, 0);
            for (long i = 0; i < (long)g->width * g->height; i++) {
                if (a->at[i] < 0.01 && l < base)
                    g->at[i] = coarser.at[i];
                else if (a->at[i] > 0)
                    g->at[i] /= a->at[i];
            }
            free(coarser.at);
        }
    return base;
}

/* Adds LAP, whose energies are Q, and D those of the finer levels, or NULL, to SUMS. */
static void add_level(struct sums *sums, const struct level *level, const struct plane lap[3],
                      int colors, double power, const struct plane *q, const struct plane *d)
{
    const struct plane *a = &level->plane[3];
    for (long i = 0; i < (long)a->width * a->height; i++) {
        double weight = q->at[i] + 0.12;
        if (a->at[i] < 0.5)
            weight *= 0.05;
        weight = pow(fmin(weight, 16384) / 32, power) * fmax(pow(a->at[i], 4), 1 / 1024.0);
        if (d)
            weight *= pow((d->at[i] + 4) / (d->at[i] + 64), 4);
        weight = fmax(weight, 0x1p-124);
        for (int c = 0; c < colors; c++) {
            sums->sum[c].at[i] += weight * lap[c].at[i];
            if (a->at[i] > 0.99) {
                sums->low[c].at[i] = fmin(sums->low[c].at[i], level->plane[c].at[i]);
                sums->high[c].at[i] = fmax(sums->high[c].at[i], level->plane[c].at[i]);
            }
        }
        sums->weight.at[i] += weight;
    }
}

static void add_frame(struct sums sums[LEVELS], struct level pyramid[LEVELS], int base, int colors,
                      double sharpness)
{
    struct plane pool = {0};
    for (int l = 0; l <= base; l++) {
        struct plane lap[3] = {{0}};
        int width = pyramid[l].plane[3].width, height = pyramid[l].plane[3].height;
        for (int c = 0; c < colors; c++) {
            lap[c] =
                l < base ? up(&pyramid[l + 1].plane[c], width, height) : make(width, height, 0);
            for (long i = 0; i < (long)width * height; i++)
                lap[c].at[i] = pyramid[l].plane[c].at[i] - lap[c].at[i];
        }
        struct plane finer = l > 0 ? down(&pool) : make(width, height, 0);
        struct plane own = l < base ? energy(lap, colors, l) : make(width, height, 0);
        struct plane q = make(width, height, 0);
        free(pool.at);
        pool = make(width, height, 0);
        for (long i = 0; i < (long)width * height; i++) {
            q.at[i] = own.at[i] + (l < base ? 0.3 : 1) * finer.at[i];
            pool.at[i] = own.at[i] + finer.at[i];
        }
        add_level(&sums[l], &pyramid[l], lap, colors, l > 0 ? 12 : sharpness, &q,
                  l > 0 && l < base ? &finer : NULL);
        for (int c = 0; c < colors; c++)
            free(lap[c].at);
        free(finer.at);
        free(own.at);
        free(q.at);
    }
    free(pool.at);
}

/* Turns the sums into the picture, in FRAME. */
static void finish(struct sums sums[LEVELS], int base, int colors, const struct plane *shown,
                   struct frame *frame)
{
    for (int c = 0; c < colors; c++) {
        struct plane x = {0};
        for (int l = base; l >= 0; l--) {
            struct sums *s = &sums[l];
            struct plane next = l < base ? up(&x, s->weight.width, s->weight.height)
                                         : make(s->weight.width, s->weight.height, 0);
            for (long i = 0; i < (long)next.width * next.height; i++) {
                next.at[i] += s->sum[c].at[i] / s->weight.at[i];
                if (s->low[c].at[i] <= s->high[c].at[i])
                    next.at[i] = fmin(fmax(next.at[i], s->low[c].at[i] - (l > 0 ? 0 : 2)),
                                      s->high[c].at[i] + (l > 0 ? 0 : 2));
            }
            free(x.at);
            x = next;
        }
        for (unsigned v = 0; v < frame->height; v++)
            for (unsigned u = 0; u < frame->width; u++) {
                double sample = floor(*at(&x, (int)u, (int)v) * frame->maxval / 255 + 0.5);
                sample = fmin(fmax(sample, 0), frame->maxval);
                frame_put(frame, u, v, (unsigned)c, (unsigned)sample);
            }
        free(x.at);
    }
    for (unsigned v = 0; frame_has_opacity(frame) && v < frame->height; v++)
        for (unsigned u = 0; u < frame->width; u++)
            frame_put(frame, u, v, (unsigned)colors,
                      *at(shown, (int)u, (int)v) > 0 ? frame->maxval : 0);
}

static void start(struct sums sums[LEVELS], const struct level pyramid[LEVELS], int base)
{
    for (int l = 0; l <= base; l++) {
        int width = pyramid[l].plane[3].width, height = pyramid[l].plane[3].height;
        sums[l].weight = make(width, height, 0);
        for (int c = 0; c < 3; c++) {
            sums[l].sum[c] = make(width, height, 0);
            sums[l].low[c] = make(width, height, HUGE_VAL);
            sums[l].high[c] = make(width, height, -HUGE_VAL);
        }
    }
}

static void free_all(struct sums sums[LEVELS], int base)
{
    for (int l = 0; l <= base; l++) {
        free(sums[l].weight.at);
        for (int c = 0; c < 3; c++) {
            free(sums[l].sum[c].at);
            free(sums[l].low[c].at);
            free(sums[l].high[c].at);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: plainfuse SHARPNESS FRAME ...\n", stderr);
        return 1;
    }
    struct input *in = input_open(argv + 2, (unsigned)argc - 2, NULL);
    struct frame frame = {0};
    struct sums sums[LEVELS];
    struct plane shown = {0}; /* the greatest opacity */
    int base = 0, colors = 0, frames = 0;
    for (; input_read(in, &frame); frames++) {
        struct level pyramid[LEVELS];
        colors = (int)frame_colors(&frame);
        struct level raw = read_frame(&frame, colors);
        pyramid[0] = premultiply(&raw, &raw.plane[3]);
        base = build(pyramid, colors);
        if (frames == 0)
            start(sums, pyramid, base);
        if (frames == 0)
            shown = make((int)frame.width, (int)frame.height, 0);
        for (long i = 0; i < (long)shown.width * shown.height; i++)
            shown.at[i] = fmax(shown.at[i], pyramid[0].plane[3].at[i]);
        add_frame(sums, pyramid, base, colors, atof(argv[1]));
        for (int c = 0; c < PLANES; c++)
            free(raw.plane[c].at);
        for (int l = 0; l <= base; l++)
            for (int c = 0; c < PLANES; c++)
                free(pyramid[l].plane[c].at);
    }
    finish(sums, base, colors, &shown, &frame);
    printf("P7\nWIDTH %u\nHEIGHT %u\nDEPTH %u\nMAXVAL %u\nTUPLTYPE %s\nENDHDR\n", frame.width,
           frame.height, frame.depth, frame.maxval, frame.tuple_type);
    fwrite(frame.raster, 1, frame_raster_bytes(&frame), stdout);
    free(shown.at);
    free_all(sums, base);
    input_close(in);
    frame_free(&frame);
    return fflush(stdout) != 0;
}
