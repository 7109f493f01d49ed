/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <netpbm/pm.h>

#include "alloc.h"
#include "badpixels.h"
#include "mosaic.h"
#include "random.h"

#define BLUR_CENTRE (36.0 / 256) /* of the 5x5 binomial blur */
#define MARGIN 6

/* A place for a bad pixel, and what the good frames show there, over the stack. */
struct candidate {
    unsigned x, y;
    double sum[3], blur[3]; /* of the sample, of its 5x5 blur */
    unsigned min[3], max[3];
    bool used;
};

static double blur5(const struct frame *frame, unsigned x, unsigned y, unsigned channel)
{
    static const unsigned weight[5] = {1, 4, 6, 4, 1};
    unsigned sum = 0;
    for (unsigned j = 0; j < 5; j++)
        for (unsigned i = 0; i < 5; i++)
            sum += weight[j] * weight[i] * frame_get(frame, x + i - 2, y + j - 2, channel);
    return sum / 256.0;
}

void badpixels_init(struct badpixels *bad, const struct options *options)
{
    unsigned wanted = options->hot + options->dead + options->cluster2 + options->cluster5;
    *bad = (struct badpixels){.n_candidates = wanted ? 20 * wanted + 2000 : 0};
    bad->candidates = alloc_zeroed(bad->n_candidates, sizeof *bad->candidates);
    unsigned room = options->hot + options->dead + 4 * options->cluster2 + 25 * options->cluster5;
    bad->pixels = alloc_array((size_t)3 * room, sizeof *bad->pixels); /* in up to 3 channels */
    if (wanted && (options->width <= 2 * MARGIN || options->height <= 2 * MARGIN))
        pm_error("frames of %ux%u pixels are too small for bad pixels", options->width,
                 options->height);
    uint64_t random = random_hash(options->seed, 600);
    for (unsigned i = 0; i < bad->n_candidates; i++) {
        struct candidate *c = &bad->candidates[i];
        c->x = MARGIN + random_below(&random, options->width - 2 * MARGIN);
        c->y = MARGIN + random_below(&random, options->height - 2 * MARGIN);
        for (int k = 0; k < 3; k++)
            c->min[k] = options->maxval;
    }
}

void badpixels_look(struct badpixels *bad, const struct frame *frame)
{
    for (unsigned i = 0; i < bad->n_candidates; i++) {
        struct candidate *c = &bad->candidates[i];
        for (unsigned k = 0; k < frame_colors(frame); k++) {
            unsigned sample = frame_get(frame, c->x, c->y, k);
            c->sum[k] += sample;
            c->blur[k] += blur5(frame, c->x, c->y, k);
            c->min[k] = sample < c->min[k] ? sample : c->min[k];
            c->max[k] = sample > c->max[k] ? sample : c->max[k];
        }
    }
    bad->seen++;
}

/* Whether no bad pixel so far is near enough for one to be in the surroundings of the other. */
static bool has_room(const struct badpixels *bad, const struct candidate *c)
{
    for (unsigned i = 0; i < bad->n; i++)
        if (abs((int)c->x - (int)bad->pixels[i].x) <= MARGIN &&
            abs((int)c->y - (int)bad->pixels[i].y) <= MARGIN)
            return false;
    return true;
}

/*
 * Makes a bad pixel at candidate C whose mean deviates by LEVEL (below 0: dead), if no frame clips
 * it. Divides because the pixel is part of its own blur.
 */
static bool fits_unclipped(const struct badpixels *bad, const struct candidate *c, unsigned channel,
                           double level, unsigned maxval, struct badpixel *pixel)
{
    double own = (c->sum[channel] - c->blur[channel]) / bad->seen, unit = maxval / 255.0;
    int offset = (int)lround((level * unit - own) / (1 - BLUR_CENTRE));
    if ((level > 0) != (offset > 0) || (int)c->min[channel] + offset < 0 ||
        c->max[channel] + (unsigned)(offset > 0 ? offset : 0) > maxval)
        return false;
    *pixel =
        (struct badpixel){c->x, c->y, channel, offset, (own + offset * (1 - BLUR_CENTRE)) / unit};
    return true;
}

/* Whether the sensor sees CHANNEL at X, Y. */
static bool sees(const struct options *options, unsigned x, unsigned y, unsigned channel)
{
    return !options->mosaic || mosaic_channel(x, y) == channel;
}

/* Plants one bad pixel, in COUNT channels from FIRST; in a mosaic COUNT is 1. */
static void plant(struct badpixels *bad, const struct options *options, unsigned first,
                  unsigned count, double level)
{
    for (unsigned i = 0; i < bad->n_candidates; i++) {
        struct candidate *c = &bad->candidates[i];
        struct badpixel pixels[3];
        bool fits = !c->used && has_room(bad, c) && sees(options, c->x, c->y, first);
        for (unsigned k = 0; fits && k < count; k++)
            fits = fits_unclipped(bad, c, first + k, level, options->maxval, &pixels[k]);
        if (!fits)
            continue;
        c->used = true;
        for (unsigned k = 0; k < count; k++)
            bad->pixels[bad->n++] = pixels[k];
        return;
    }
    pm_error("there is no room for so many bad pixels of %.0f levels", fabs(level));
}

/* Plants SIDE x SIDE hot pixels. */
static void plant_cluster(struct badpixels *bad, const struct options *options, unsigned side,
                          unsigned colors)
{
    unsigned i = 0;
    while (i < bad->n_candidates && !has_room(bad, &bad->candidates[i]))
        i++;
    if (i == bad->n_candidates)
        pm_error("there is no room for so many clusters");
    const struct candidate *c = &bad->candidates[i];
    double level = (double)options->level_max;
    for (unsigned k = 0; k < side * side * colors; k++) {
        unsigned x = c->x + k / colors % side, y = c->y + k / colors / side;
        if (sees(options, x, y, k % colors))
            bad->pixels[bad->n++] = (struct badpixel){
                x, y, k % colors, (int)lround(level * options->maxval / 255), level};
    }
}

void badpixels_choose(struct badpixels *bad, const struct options *options)
{
    unsigned colors = options->depth >= 3 ? 3 : 1;
    uint64_t random = random_hash(options->seed, 700);
    for (unsigned i = 0; i < options->cluster2 + options->cluster5; i++)
        plant_cluster(bad, options, i < options->cluster2 ? 2 : 5, colors);
    for (unsigned i = 0; i < options->hot + options->dead; i++) {
        double level = (double)random_in(&random, options->level_min, options->level_max);
        bool all = random_below(&random, 4) == 0 && !options->mosaic;
        unsigned first = all ? 0 : random_below(&random, colors);
        plant(bad, options, first, all ? colors : 1, i < options->hot ? level : -level);
    }
}

void badpixels_apply(const struct badpixels *bad, const struct options *options, FILE *file,
                     long start)
{
    unsigned bytes = options->maxval > 255 ? 2 : 1;
    for (unsigned i = 0; i < bad->n; i++) {
        const struct badpixel *p = &bad->pixels[i];
        size_t sample = ((size_t)p->y * options->width + p->x) * options->depth + p->channel;
        unsigned char raw[2];
        uint16_t value;
        if (fseek(file, start + (long)(sample * bytes), SEEK_SET) ||
            fread(raw, bytes, 1, file) != 1)
            pm_error("a frame could not be read back");
        frame_unpack(raw, bytes, 1, &value);
        int changed = value + p->offset;
        value = (uint16_t)(changed < 0                      ? 0
                           : changed > (int)options->maxval ? (int)options->maxval
                                                            : changed);
        frame_pack(&value, bytes, 1, raw);
        fseek(file, -(long)bytes, SEEK_CUR);
        fwrite(raw, bytes, 1, file);
    }
}

void badpixels_print(const struct badpixels *bad, FILE *file)
{
    fprintf(file, "x\ty\tchannel\tkind\tlevel\n");
    for (unsigned i = 0; i < bad->n; i++) {
        const struct badpixel *p = &bad->pixels[i];
        fprintf(file, "%u\t%u\t%u\t%s\t%.2f\n", p->x, p->y, p->channel,
                p->offset > 0 ? "hot" : "dead", fabs(p->level));
    }
}

void badpixels_free(struct badpixels *bad)
{
    free(bad->candidates);
    free(bad->pixels);
}
