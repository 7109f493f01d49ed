/* SPDX-License-Identifier: MIT */

#ifndef JPEG_WRITE_H
#define JPEG_WRITE_H

#include <stdio.h>

#include "metadata.h"
#include "picture.h"

/* The longest EXIF block that a JPEG has room for. */
enum { JPEG_EXIF_MAX = 65527 };

/*
 * Writes PICTURE, of maxval 255 and without opacity, to FILE as the JPEG that pnmtojpeg makes of it
 * at QUALITY, 1..100, with the EXIF block and the colour profile of METADATA. A fault ends the
 * program with status 1 and a message that begins with LABEL.
 */
void jpeg_write(FILE *file, const char *label, struct picture *picture, unsigned quality,
                const struct metadata *metadata);

#endif
