/* SPDX-License-Identifier: MIT */

#ifndef PHOTO_H
#define PHOTO_H

#include <stddef.h>

#include "frame.h"

/*
 * What the readers of photographs share. A reader never ends the program but for memory: it returns
 * NULL, or a text that says what is wrong with the photograph, which the caller frees. Remarks
 * about a photograph that can be read are messages.
 */

/* Gives FRAME this geometry and no comments; the name stays. Refuses what no photograph has: a side
   of 0 or of more than 65535 pixels. */
char *photo_header(struct frame *frame, unsigned long width, unsigned long height, unsigned depth,
                   unsigned maxval);

/* The same, and a raster for it; takes the raster that FRAME has if that is of the same size.
   Refuses more bytes than the machine has memory. */
char *photo_begin(struct frame *frame, unsigned long width, unsigned long height, unsigned depth,
                  unsigned maxval);

/* Scales the samples of FRAME to a maxval of 65535, rounded. */
void photo_deepen(struct frame *frame);

/* A block of BYTES beside the raster, or NULL if it is more than the machine has memory; the caller
   frees it. */
void *photo_block(size_t bytes);

/* "convert it first, as with ..." behind WHAT a photograph is. */
char *photo_convert(const char *what, const char *way);

#endif
