/* SPDX-License-Identifier: MIT */

#ifndef EXIF_H
#define EXIF_H

#include <stddef.h>

/* The orientation, 1..8, that the EXIF block of COUNT bytes gives a photograph, from the block's
   byte order ("II" or "MM") on; 0 if it gives none. */
unsigned exif_orientation(const unsigned char *block, size_t count);

#endif
