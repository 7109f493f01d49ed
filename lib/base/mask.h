/* SPDX-License-Identifier: MIT */

#ifndef MASK_H
#define MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

/* Which samples of a sensor are noisy. */
struct mask {
    unsigned width, height;
    unsigned planes; /* 1: noisy in all colours of a frame; 3: by colour */
    uint8_t *noisy;  /* a byte a pixel, bit c set where colour c is noisy; owned */
};

/* An empty mask with the geometry of IMAGE, but no plane for opacity; the caller frees it with
   mask_free(). */
void mask_init(struct mask *mask, const struct frame *image);
void mask_free(struct mask *mask);

/* Marks the samples of IMAGE that are not zero; IMAGE must have the mask's geometry. A MASK of all
   zeros first gets that of IMAGE. */
void mask_add(struct mask *mask, const struct frame *image);

/* Widens the mask by RADIUS pixels to all sides: all pixels in the square of 2 RADIUS + 1 around a
   noisy one become noisy, each colour by itself. */
void mask_grow(struct mask *mask, unsigned radius);

/* The first pixel from AT on, counted row by row, that is noisy in any colour; width * height if
   none is left. */
size_t mask_next(const struct mask *mask, size_t at);

/* The number of pixels that are noisy in any colour. */
unsigned long mask_count(const struct mask *mask);

/* Whether the planes of the mask serve frames of COLORS colours. */
bool mask_fits(const struct mask *mask, unsigned colors);

#endif
