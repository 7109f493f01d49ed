/* SPDX-License-Identifier: MIT */

#ifndef TIFF_PIXELS_H
#define TIFF_PIXELS_H

#include <stdbool.h>
#include <stdint.h>

#include <tiffio.h>

#include "frame.h"

/* What the samples of a TIFF's directory mean, and how they lie. */
enum tiff_color { TIFF_GRAY, TIFF_WHITE_IS_0, TIFF_RGB, TIFF_PALETTE, TIFF_CMYK, TIFF_YCBCR };

struct tiff_layout {
    uint32_t width, height;
    unsigned bits;    /* of a sample, 1..16; of a floating point one 16, 32 or 64 */
    unsigned samples; /* of a pixel */
    bool floating;
    bool separate; /* planes */
    enum tiff_color color;
    unsigned inks;          /* samples that are colours: 1, 3 or 4; those behind them are others */
    bool opacity;           /* the first other sample is one, */
    bool associated;        /* and colours are multiplied by it */
    const uint16_t *map[3]; /* TIFF_PALETTE: colours, libtiff's, */
    unsigned map_divisor;   /* that many times the frame's */

    unsigned depth, maxval; /* of the frame that it becomes */
};

/* Sets LAYOUT to that of the current directory, or tells why it cannot be read: as photo.h says. */
char *tiff_layout(TIFF *file, struct tiff_layout *layout);

/* Reads its pixels into FRAME's raster. Returns as photo.h says. *ERROR is NULL until the handler
   of FILE keeps an error of libtiff there; then the pixels are not right, whatever libtiff returns.
 */
char *tiff_pixels(TIFF *file, const struct tiff_layout *layout, char *const *error,
                  struct frame *frame);

#endif
