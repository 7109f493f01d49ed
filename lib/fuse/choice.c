/* SPDX-License-Identifier: MIT */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "choice.h"
#include "halving.h"
#include "image.h"
#include "simd.h"
#include "threads.h"

struct part {
    unsigned width, height;
    struct image chosen; /* C of each colour, and S */
    struct image share;  /* of the frame in work; not of layer 0 */
};

/* What a thread has in work. */
struct hand {
    struct halving halving[CHOICE_TOP]; /* of each layer to the next one's share; not of the last */
    uint16_t *samples;                  /* a row of the map */
    float *share;                       /* a row of layer 0 */
};

struct choice {
    const struct frame *map;
    unsigned count, colors, top;
    unsigned index; /* of the frame in work */
    bool any;       /* that frame has a share somewhere */
    struct part part[CHOICE_TOP + 1];
    struct hand *hands; /* of each thread */
    unsigned threads;
    float *none; /* a row of 0 of the last layer */
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
    }
    choice->threads = layers->threads;
    choice->hands = alloc_zeroed(choice->threads, sizeof *choice->hands);
    for (struct hand *hand = choice->hands; hand < choice->hands + choice->threads; hand++) {
        for (unsigned l = 0; l < choice->top; l++)
            halving_alloc(&hand->halving[l], layers[l].width, layers[l].height, 1);
        hand->samples = alloc_array(frame_row_samples(map), sizeof *hand->samples);
        hand->share = alloc_array(map->width, sizeof *hand->share);
    }
    const struct part *top = &choice->part[choice->top];
    choice->none = alloc_zeroed(image_row_samples(&top->chosen), sizeof *choice->none);
    return choice;
}

void choice_free(struct choice *choice)
{
    if (!choice)
        return;
    for (struct part *part = choice->part; part <= choice->part + choice->top; part++) {
        image_free(&part->chosen);
        image_free(&part->share);
    }
    for (struct hand *hand = choice->hands; hand < choice->hands + choice->threads; hand++) {
        for (unsigned l = 0; l < choice->top; l++)
            halving_free(&hand->halving[l]);
        free(hand->samples);
        free(hand->share);
    }
    free(choice->hands);
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

static struct hand *hand_of(const struct choice *choice)
{
    return &choice->hands[threads_number()];
}

/* What the frame has of row ROW of layer 0, to SHARE. Returns whether it has any. */
static bool share_row(const struct choice *choice, unsigned row, const float *opacity, float *share)
{
    const struct frame *map = choice->map;
    float scale = (float)(choice->count - 1) / (float)map->maxval, full = 1 / (float)map->maxval;
    uint16_t *samples = hand_of(choice)->samples;
    bool any = false;
    frame_get_row(map, row, samples);
    for (unsigned i = 0; i < map->width; i++) {
        const uint16_t *pixel = samples + (size_t)i * map->depth;
        float apart = (float)pixel[0] * scale - (float)choice->index;
        float near = 1 - (apart < 0 ? -apart : apart);
        float strength = map->depth > 1 ? (float)pixel[1] * full : 1;
        share[i] = near > 0 ? near * strength * opacity[i] : 0;
        any |= share[i] > 0;
    }
    return any;
}

void choice_begin(struct choice *choice, unsigned index)
{
    choice->index = index;
}

void choice_begin_band(struct choice *choice, unsigned first, unsigned end)
{
    halving_begin(&hand_of(choice)->halving[0], &choice->part[1].share, first, end);
}

bool choice_next(struct choice *choice, unsigned row, const float *opacity)
{
    struct halving *halving = &hand_of(choice)->halving[0];
    bool any = share_row(choice, row, opacity, halving_next(halving));
    halving_push(halving);
    return any;
}

void choice_end(struct choice *choice, bool any)
{
    choice->any = any;
    for (unsigned l = 1; any && l < choice->top; l++) {
        const struct part *part = &choice->part[l];
        unsigned rows = part[1].height, bands = bands_count(rows, LAYER_BAND);
#pragma omp parallel for schedule(dynamic) if (bands > 1)
        for (unsigned band = 0; band < bands; band++)
            halving_band(&hand_of(choice)->halving[l], &part->share, &part[1].share,
                         bands_first(rows, bands, band), bands_first(rows, bands, band + 1));
    }
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
    const float *share = l > 0 ? image_row(&part->share, row) : hand_of(choice)->share;
    if (l == 0)
        share_row(choice, row, opacity, hand_of(choice)->share);
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
