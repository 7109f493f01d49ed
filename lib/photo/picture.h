/* SPDX-License-Identifier: MIT */

#ifndef PICTURE_H
#define PICTURE_H

#include "frame.h"

/*
 * A frame as it goes out as a photograph: turned upright by its orientation, with samples of 8 or
 * of 16 bits, and for formats without opacity over a background.
 */
struct picture;

/* FRAME, which must not change meanwhile, with samples of MAXVAL, 255 or 65535. BACKGROUND: a
   sample of MAXVAL for each colour, what shows through where FRAME is not opaque; NULL: its opacity
   stays. */
struct picture *picture_new(const struct frame *frame, unsigned maxval,
                            const unsigned background[3]);
void picture_free(struct picture *picture);

/* The picture's geometry, without name and raster. */
const struct frame *picture_geometry(const struct picture *picture);

/* Row Y of it, as a raster has it. */
void picture_row(struct picture *picture, unsigned y, unsigned char *raster);

#endif
