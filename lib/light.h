/* SPDX-License-Identifier: MIT */

#ifndef LIGHT_H
#define LIGHT_H

#include "color.h"
#include "frame.h"
#include "histogram.h"

/*
 * The light of a frame: the histograms of its channels, and its change by a curve a channel.
 */
struct light {
    enum color_space space;
    unsigned channels;
    struct histogram histograms[COLOR_CHANNELS_MAX]; /* of top color_top() */
};

/* For frames of MAXVAL. */
void light_init(struct light *light, enum color_space space, unsigned maxval);
void light_free(struct light *light);

/* Forgets what was counted. */
void light_clear(struct light *light);

/*
 * Counts the pixels of COUNT rows of FRAME from FIRST on, all or those in the circle
 * (x - w/2)^2 + (y - h/2)^2 <= (CIRCLE min(w, h) / 2)^2 where CIRCLE > 0; fully transparent ones
 * never count. A few rows at a time, just read, are counted while they are in the cache.
 */
void light_measure(struct light *light, const struct frame *frame, unsigned first, unsigned count,
                   double circle);

/* Sends each channel of FRAME through its curve (top + 1 values in steps), in place; lumi's goes
   over R, G and B. Results are rounded half up and clipped; opacity stays. */
void light_change(enum color_space space, float *const curves[COLOR_CHANNELS_MAX],
                  struct frame *frame);

#endif
