/* SPDX-License-Identifier: MIT */

#ifndef REPAIR_H
#define REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

/*
 * Which samples of a sensor are noisy, and their repair from the good samples of their plane,
 * rounded half up. Good is what is neither noisy nor fully transparent. A noisy sample becomes
 *
 *     membrane     a point of a membrane over its hole, see membrane.h; by the nearest where a hole
 *                  has no good sample beside it
 *     mean, median of the samples in a window around it; where the window holds none, it grows by
 *                  two until one is in it
 *     nearest      the mean of those at the smallest distance
 */
struct mask {
    unsigned width, height;
    unsigned planes;               /* 1: noisy in all colours of a frame; 3: by colour */
    uint8_t *noisy;                /* a byte a pixel, bit c set where colour c is noisy; owned */
    struct membrane *membranes[3]; /* the holes by plane, once repair_frame() needed them; owned */
    struct good *good[3];          /* what is good, likewise */
};

enum repair_method { REPAIR_MEMBRANE, REPAIR_MEAN, REPAIR_MEDIAN, REPAIR_NEAREST };

/* A mask with the geometry of IMAGE in which nothing is noisy; the caller frees it. Colours count,
   an opacity plane does not. */
void mask_init(struct mask *mask, const struct frame *image);
void mask_free(struct mask *mask);

/* Marks what is not zero in IMAGE, which has the geometry that the mask was made for. */
void mask_add(struct mask *mask, const struct frame *image);

/* Widens the mask by RADIUS pixels to all sides: what lies in the square of 2 RADIUS + 1 around a
   noisy pixel is noisy too, each colour by itself. Before the first repair. */
void mask_grow(struct mask *mask, unsigned radius);

/* The number of pixels that are noisy in any colour. */
unsigned long mask_count(const struct mask *mask);

/* The planes of the mask, 1 or 3, serve frames of COLORS colours. */
bool mask_fits(const struct mask *mask, unsigned colors);

/*
 * Repairs FRAME in place; WINDOW is the window's size, odd, at least 3, for mean and median. Fully
 * transparent pixels stay as they are, and so do all samples that are not noisy. False, with FRAME
 * as it was, where a colour has no good sample in the whole frame.
 */
bool repair_frame(struct frame *frame, struct mask *mask, enum repair_method method,
                  unsigned window);

#endif
