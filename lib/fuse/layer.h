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

/* The rows of a layer that a thread has in work. */
struct lines {
    struct halving halving, pooling; /* to the next layer: of P, and of energies; not of the base */
    struct energy *energy;           /* not of the base */
    struct rolling detail;           /* colours, opacity; not of the base */
    float *doubled, *weight, *work;  /* a row of each */
    uint16_t *samples;
    struct range_rows range;
};

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
    struct image frame;  /* P, later g: colours, opacity; not of layer 0 */
    struct image finer;  /* d: energies pooled from finer layers; not of layer 0 */
    struct lines *lines; /* of each thread */
    unsigned threads;
};

enum {
    LAYERS_MAX = 32,
    LAYER_BAND = 16 /* rows that a band has at least: it begins up to 6 earlier, and ends 6 later */
};

/* Sets the sizes of the layers of frames like GEOMETRY, and returns the number of the base. */
unsigned layer_sizes(const struct frame *geometry, struct layer layers[LAYERS_MAX]);

/* The bytes of all layers' images, for frames of MAXVAL, and of the rows in work of a thread. */
double layer_bytes(const struct layer *layers, unsigned base, unsigned maxval);
double layer_thread_bytes(const struct layer *layers, unsigned base);

/* What layer_sizes() has set, to the number BASE, is allocated for THREADS threads, and freed. */
void layer_alloc(struct layer *layers, unsigned base, unsigned maxval, unsigned threads);
void layer_free(struct layer *layers, unsigned base);

/* Those of the thread that calls. */
struct lines *layer_lines(const struct layer *layer);

/* The rows FIRST..END-1 of the next layer's P from that of LAYER, which is neither the finest nor
   the base. */
void layer_halve(struct layer *layer, unsigned first, unsigned end);

/* g from P of row ROW, of frames with opacity, where that of the next layer is there; not of the
   finest. */
void layer_divide(struct layer *layer, unsigned row);

/* The next layer's g doubled, row ROW, to LINES; then the detail of a row of COLORS, which have
   opacity behind them as OUT will, by that. */
void layer_double(const struct layer *layer, unsigned row, struct lines *lines);
void layer_detail(const struct layer *layer, const struct lines *lines, const float *colors,
                  float *out);

/* Adds DETAIL of row ROW to A and W by the WEIGHT of its pixels. */
void layer_add(struct layer *layer, unsigned row, const float *detail, const float *weight);

/* Lets the range take the frame's row ROW, where OPACITY counts; not of the finest. */
void layer_widen_range(struct layer *layer, unsigned row, const float *opacity);

/* Frees what only frames to come would need, of the layers to the number BASE. */
void layer_forget_frame(struct layer *layers, unsigned base);

/* Turns row ROW of the sums into x, where that of the next layer is there; that is doubled in
   LINES->doubled then. And keeps x within the range. */
void layer_solve(struct layer *layer, unsigned row, struct lines *lines);
void layer_clip(struct layer *layer, unsigned row, struct lines *lines);

#endif
