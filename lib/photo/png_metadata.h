/* SPDX-License-Identifier: MIT */

#ifndef PNG_METADATA_H
#define PNG_METADATA_H

#include <stdio.h>

#include "metadata.h"

/*
 * Reads what the PNG at FILE, which is seekable, says of itself into METADATA: the chunks eXIf,
 * iCCP, gAMA, cHRM, sRGB and cICP, the first of each, wherever they stand. No other chunk is read,
 * and a profile unpacked no further than it says it is long. LABEL is what messages call the file.
 * Returns as photo.h says.
 */
char *png_metadata_read(FILE *file, const char *label, struct metadata *metadata);

/* The chunk WHICH of a PNG, as its four letters. */
const char *png_metadata_type(enum metadata_chunk which);

/* What the chunk iCCP of the profile of METADATA holds, *COUNT bytes that the caller frees. */
unsigned char *png_metadata_profile(const struct metadata *metadata, size_t *count);

#endif
