/* SPDX-License-Identifier: MIT */

#ifndef JPEG_H
#define JPEG_H

#include <stdio.h>

#include "frame.h"
#include "metadata.h"

/*
 * Reads the JPEG at FILE into FRAME, with its orientation, as jpegtopnm decodes it: gray stays
 * gray, all else is RGB; CMYK is converted without its profile. What follows the JPEG's end is
 * ignored: cameras store previews and films there. Stray bytes between markers are only remarked
 * upon; a photograph that is damaged or cut off is none. LABEL is what messages call it. Returns as
 * photo.h says.
 */
char *jpeg_read(FILE *file, const char *label, struct frame *frame);

/* Reads the EXIF block and the colour profile of the JPEG at FILE into METADATA, and whether it has
   inks and other metadata. Returns as photo.h says. */
char *jpeg_metadata(FILE *file, const char *label, struct metadata *metadata);

#endif
