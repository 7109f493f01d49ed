/* SPDX-License-Identifier: MIT */

#ifndef FILESTACK_H
#define FILESTACK_H

#include "frame.h"

/*
 * The frames of a stack that lie in files, one raw image of 8 or 16 full bits a file, so that any
 * rows of any of them can be read at once. It holds no raster and opens one file at a time.
 */
struct filestack;

/*
 * The frames of the COUNT files; NULL where the operands are not such files, or not alike, or none:
 * they are then to be read as a stream, which also tells what is wrong with them.
 */
struct filestack *filestack_open(char *const *operands, unsigned count);
void filestack_free(struct filestack *files);

/* How many frames, and a frame without raster that has their geometry. */
unsigned filestack_count(const struct filestack *files);
const struct frame *filestack_geometry(const struct filestack *files);

/* Reads COUNT rows from FIRST on of frame I into RASTER. Ends the program where it cannot. */
void filestack_rows(struct filestack *files, unsigned i, unsigned first, unsigned count,
                    unsigned char *raster);

#endif
