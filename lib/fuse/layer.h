/* SPDX-License-Identifier: MIT */

#ifndef LAYER_H
#define LAYER_H

#include <stdbool.h>

#include "energy.h"
#include "frame.h"
#include "halving.h"
#include "image.h"
#include "range.h"
#include "rolling.h"
#include "sum.h"
#include "weight.h"

/*
 * A layer of the pyramid: the frame in work at that size, and what all frames came to. Layers lie
 * in an array, from the finest, 0, to the base, so that the next coarser one is LAYER[1]. The
 * letters are those at the head of fuse.c.
 */
struct layer {
    unsigned width, height;
    unsigned colors, planes; /* without and with opacity */
    bool base;
    struct sum sum; /* A and W, later x */
    struct range range;
    struct image frame;              /* P, later g: colours, opacity; not of layer 0 */
    struct image finer;              /* d: energies pooled from finer layers; not of layer 0 */
    struct halving halving, pooling; /* to the next layer: of P, and of energies; not of the base */
    struct energy *energy;           /* not of the base */
    struct rolling detail;           /* rows of it: colours, opacity */
    float *doubled, *weight, *work;  /* rows */
    uint16_t *samples;               /* a row */
};

enum { LAYERS_MAX = 32 };

/* Sets the sizes of the layers of frames like GEOMETRY, and returns the number of the base. */
unsigned layer_sizes(const struct frame *geometry, struct layer layers[LAYERS_MAX]);

/* The bytes of all layers' images, for frames of MAXVAL. */
double layer_bytes(const struct layer *layers, unsigned base, unsigned maxval);

/* What layer_sizes() has set, to the number BASE, is allocated, and freed. */
void layer_alloc(struct layer *layers, unsigned base, unsigned maxval);
void layer_free(struct layer *layers, unsigned base);

/* P of the next layer from that of LAYER, which is neither the finest nor the base. */
void layer_halve(struct layer *layer);

/* g from P, of frames with opacity, where that of the next layer is there; not of the finest. */
void layer_divide(struct layer *layer);

/* The next layer's g doubled, row ROW; then the detail of a row of COLORS, which have opacity
   behind them as OUT will, by that. */
void layer_double(struct layer *layer, unsigned row);
void layer_detail(const struct layer *layer, const float *colors, float *out);

/* Adds DETAIL of row ROW by EVIDENCE, with the exponent POWER, to A and W; pool goes to POOLED. */
void layer_add(struct layer *layer, unsigned row, const float *detail,
               const struct evidence *evidence, unsigned power, float *pooled);

/* Lets the range take the frame's row ROW, where OPACITY counts; not of the finest. */
void layer_widen_range(struct layer *layer, unsigned row, const float *opacity);

/* Frees what only frames to come would need, of the layers to the number BASE. */
void layer_forget_frame(struct layer *layers, unsigned base);

/* Turns row ROW of the sums into x, where that of the next layer is there; that is doubled in
   LAYER->doubled then. And keeps x within the range. */
void layer_solve(struct layer *layer, unsigned row);
void layer_clip(struct layer *layer, unsigned row);

#endif
