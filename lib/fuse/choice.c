/* SPDX-License-Identifier: MIT */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "choice.h"
#include "halving.h"
#include "image.h"
#include "simd.h"

struct part {
    unsigned width, height;
    struct image chosen;    /* C of each colour, and S */
    struct image share;     /* of the frame in work; not of layer 0 */
    struct halving halving; /* to the next layer's share; not of the last */
};

struct choice {
    const struct frame *map;
    unsigned count, colors, top;
    unsigned index; /* of the frame in work */
    bool any;       /* that frame has a share somewhere */
    struct part part[LAYERS_MAX];
    uint16_t *samples; /* a row of the map */
    float *share;      /* a row of layer 0 */
    float *none;       /* a row of 0 of the last layer */
};

struct choice *choice_new(const struct frame *map, unsigned count, const struct layer *layers,
                          unsigned base)
{
    struct choice *choice = alloc_zeroed(1, sizeof *choice);
    choice->map = map;
    choice->count = count;
    choice->colors = layers->colors;
    choice->top = base < CHOICE_TOP ? base : CHOICE_TOP;
    for (unsigned l = 0; l <= choice->top; l++) {
        struct part *part = &choice->part[l];
        part->width = layers[l].width;
        part->height = layers[l].height;
        image_alloc(&part->chosen, part->width, part->height, choice->colors + 1);
        if (l > 0)
            image_alloc(&part->share, part->width, part->height, 1);
        if (l < choice->top)
            halving_alloc(&part->halving, part->width, part->height, 1);
    }
    choice->samples = alloc_array(frame_row_samples(map), sizeof *choice->samples);
    const struct part *top = &choice->part[choice->top];
    choice->none = alloc_zeroed(image_row_samples(&top->chosen), sizeof *choice->none);
    choice->share = alloc_array(map->width, sizeof *choice->share);
    return choice;
}

void choice_free(struct choice *choice)
{
    if (!choice)
        return;
    for (struct part *part = choice->part; part <= choice->part + choice->top; part++) {
        image_free(&part->chosen);
        image_free(&part->share);
        halving_free(&part->halving);
    }
    free(choice->samples);
    free(choice->share);
    free(choice->none);
    free(choice);
}

double choice_bytes(const struct layer *layers, unsigned base)
{
    double total = 0;
    for (unsigned l = 0; l <= base && l <= CHOICE_TOP; l++)
        total += image_bytes(layers[l].width, layers[l].height, layers[l].colors + 1 + (l > 0));
    return total;
}

/* What the frame has of row ROW of layer 0, to SHARE. */
static void share_row(struct choice *choice, unsigned row, const float *opacity, float *share)
{
    const struct frame *map = choice->map;
    float scale = (float)(choice->count - 1) / (float)map->maxval, full = 1 / (float)map->maxval;
    frame_get_row(map, row, choice->samples);
    for (unsigned i = 0; i < map->width; i++) {
        const uint16_t *pixel = choice->samples + (size_t)i * map->depth;
        float apart = (float)pixel[0] * scale - (float)choice->index;
        float near = 1 - (apart < 0 ? -apart : apart);
        float strength = map->depth > 1 ? (float)pixel[1] * full : 1;
        share[i] = near > 0 ? near * strength * opacity[i] : 0;
        choice->any |= share[i] > 0;
    }
}

void choice_begin(struct choice *choice, unsigned index)
{
    choice->index = index;
    choice->any = false;
    halving_begin(&choice->part[0].halving, &choice->part[1].share);
}

void choice_next(struct choice *choice, unsigned row, const float *opacity)
{
    struct part *part = choice->part;
    share_row(choice, row, opacity, halving_next(&part->halving));
    halving_push(&part->halving);
    if (row + 1 < part->height || !choice->any)
        return;
    for (unsigned l = 1; l < choice->top; l++)
        halving_whole(&choice->part[l].halving, &choice->part[l].share, &choice->part[l + 1].share);
}

SIMD_CLONES
static void add_share(const float *restrict detail, const float *restrict share, unsigned width,
                      float *restrict chosen)
{
    for (unsigned i = 0; i < width; i++)
        chosen[i] += share[i] * detail[i];
}

SIMD_CLONES
static void sum_share(const float *restrict share, unsigned width, float *restrict sum)
{
    for (unsigned i = 0; i < width; i++)
        sum[i] += share[i];
}

void choice_add(struct choice *choice, unsigned l, unsigned row, const float *detail,
                const float *opacity)
{
    if (!choice->any || l > choice->top)
        return;
    const struct part *part = &choice->part[l];
    float *chosen = image_row(&part->chosen, row);
    const float *share = l > 0 ? image_row(&part->share, row) : choice->share;
    if (l == 0)
        share_row(choice, row, opacity, choice->share);
    for (size_t plane = 0; plane < choice->colors; plane++)
        add_share(detail + plane * part->width, share, part->width, chosen + plane * part->width);
    sum_share(share, part->width, chosen + (size_t)choice->colors * part->width);
}

SIMD_CLONES
static void mix_row(const float *restrict chosen, const float *restrict sum,
                    const float *restrict coarser, unsigned width, float *restrict x)
{
    for (unsigned i = 0; i < width; i++)
        x[i] += sum[i] * (coarser[i] - x[i]) + chosen[i];
}

void choice_mix(const struct choice *choice, unsigned l, unsigned row, const float *coarser,
                float *x)
{
    if (l > choice->top)
        return;
    const struct part *part = &choice->part[l];
    const float *chosen = image_row(&part->chosen, row);
    if (l == choice->top)
        coarser = choice->none;
    for (size_t plane = 0; plane < choice->colors; plane++)
        mix_row(chosen + plane * part->width, chosen + (size_t)choice->colors * part->width,
                coarser + plane * part->width, part->width, x + plane * part->width);
}
