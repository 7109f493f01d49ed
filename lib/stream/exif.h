/* SPDX-License-Identifier: MIT */

#ifndef EXIF_H
#define EXIF_H

#include <stddef.h>

/* EXIF blocks as photographs hold them, of COUNT bytes from the block's byte order ("II" or "MM")
   on. They come from anywhere: nothing outside the block is read or written. */

/* The orientation, 1..8, that the block gives a photograph; 0 if it gives none. */
unsigned exif_orientation(const unsigned char *block, size_t count);

/*
 * Makes BLOCK that of a picture of WIDTH x HEIGHT pixels that is turned: its orientation is 1, and
 * there is no thumbnail. Offsets do not move, so that maker notes stay valid: the thumbnail is cut
 * off where it is the block's end, and elsewhere overwritten by zeros. Returns the new count, 0 if
 * this is no EXIF block.
 */
size_t exif_patch(unsigned char *block, size_t count, unsigned width, unsigned height);

#endif
