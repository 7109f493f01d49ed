/* SPDX-License-Identifier: MIT */

#ifndef TIFF_WRITE_H
#define TIFF_WRITE_H

#include <stdio.h>

#include "metadata.h"
#include "picture.h"

enum tiff_compression { TIFF_DEFLATE, TIFF_LZW };

/*
 * Writes PICTURE to FILE as a TIFF, with the colour profile of METADATA, in strips whose samples
 * are stored as differences to their left neighbours. It is made in memory, as FILE may be a pipe.
 * A fault ends the program with status 1 and a message that begins with LABEL.
 */
void tiff_write(FILE *file, const char *label, struct picture *picture,
                enum tiff_compression compression, const struct metadata *metadata);

#endif
