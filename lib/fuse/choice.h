/* SPDX-License-Identifier: MIT */

#ifndef CHOICE_H
#define CHOICE_H

#include <stdbool.h>

#include "frame.h"
#include "layer.h"

/*
 * A person's choice of frames, in place of the program's: a gray image whose sample is a frame's
 * number, 0 for the first and maxval for the last, between them a mix of two, and whose opacity, if
 * it has one, is how strong the choice is. What is chosen is joined level by level of the pyramid,
 * so that no seam shows (Burt and Adelson, A Multiresolution Spline with Application to Image
 * Mosaics, 1983), but on the levels under CHOICE_TOP alone. There the frames themselves are joined:
 * coarser levels would carry the choice further than some 16 pixels beyond its outline.
 *
 *     share[0] of frame n = opacity of the choice max(0, 1 - |number - n|) opacity of the frame
 *     share[l+1] = share[l] halved
 *     S[l] = sum of share[l] over frames
 *     l < CHOICE_TOP:  C[l] = sum of share[l] detail
 *                      x[l] = C[l] + S[l] (x[l+1] doubled) + (1 - S[l]) (x[l] of the program)
 *     l = CHOICE_TOP:  C[l] = sum of share[l] g[l],  x[l] = C[l] + (1 - S[l]) (x[l] of the program)
 *
 * If the base is below that level, it takes its place.
 */
struct choice;

enum { CHOICE_TOP = 3 };

/* By MAP, of the size of the finest of LAYERS, whose last is BASE, for COUNT frames, at least 1,
   and for as many threads as LAYERS. MAP must stay. The caller ends it with choice_free(). */
struct choice *choice_new(const struct frame *map, unsigned count, const struct layer *layers,
                          unsigned base);
void choice_free(struct choice *choice);

/* The bytes that it takes for such layers, without MAP. */
double choice_bytes(const struct layer *layers, unsigned base);

/* Begins frame INDEX. For the rows FIRST..END-1 of layer 1 then come the OPACITY, 0..1, of the rows
   of the frame that these need, in order; choice_next() returns whether the frame has a share in
   its row. At the end, whether it has ANY. */
void choice_begin(struct choice *choice, unsigned index);
void choice_begin_band(struct choice *choice, unsigned first, unsigned end);
bool choice_next(struct choice *choice, unsigned row, const float *opacity);
void choice_end(struct choice *choice, bool any);

/* Adds DETAIL, on CHOICE_TOP g, of row ROW of layer L by the share that the frame has; OPACITY
   counts on layer 0. Does nothing on layers above CHOICE_TOP. */
void choice_add(struct choice *choice, unsigned l, unsigned row, const float *detail,
                const float *opacity);

/* Turns the program's X of row ROW of layer L into that with the choice; COARSER is the next
   layer's doubled, of the base 0. Does nothing on layers above CHOICE_TOP. */
void choice_mix(const struct choice *choice, unsigned l, unsigned row, const float *coarser,
                float *x);

#endif
