/* SPDX-License-Identifier: MIT */

#ifndef LIGHT_H
#define LIGHT_H

#include <stdbool.h>

#include "color.h"
#include "frame.h"
#include "histogram.h"
#include "mean.h"

/*
 * The light of a frame, measured in each of its channels: the mean over an interval of values, or
 * the histogram of all values, which takes longer.
 */
enum { LIGHT_PLANES_MAX = 4 };

struct light {
    enum color_space space;
    unsigned channels;
    unsigned low[COLOR_CHANNELS_MAX], high[COLOR_CHANNELS_MAX]; /* the intervals, in steps */
    bool has_histograms;
    struct histogram histograms[COLOR_CHANNELS_MAX]; /* of top color_top() */
    struct mean means[LIGHT_PLANES_MAX];             /* without histograms; the channels' first */
};

/* For frames of MAXVAL, with histograms or without. Intervals start at full range; the caller may
   narrow them, those of rgb all alike. */
void light_init(struct light *light, enum color_space space, unsigned maxval, bool histograms);
void light_free(struct light *light);

/* The mean of channel I over its interval. */
struct mean light_mean(const struct light *light, unsigned i);

/* Forgets all counts. */
void light_clear(struct light *light);

/*
 * Counts the pixels of COUNT rows of FRAME from FIRST on, which lie at ROWS: all or, if CIRCLE > 0,
 * those in the circle (x - w/2)^2 + (y - h/2)^2 <= (CIRCLE min(w, h) / 2)^2. Fully transparent ones
 * never count. Call this for a few rows just read, while they are in the cache.
 */
void light_measure(struct light *light, const struct frame *frame, const unsigned char *rows,
                   unsigned first, unsigned count, double circle);

#endif
