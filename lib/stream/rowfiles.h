/* SPDX-License-Identifier: MIT */

#ifndef ROWFILES_H
#define ROWFILES_H

#include "frame.h"

/*
 * The frames of a stack that lie in files, one raw image of 8 or 16 full bits a file, so that any
 * rows of any of them can be read at once. It holds no raster and opens one file at a time.
 */
struct rowfiles;

/*
 * The frames of the COUNT files; NULL where the operands are not such files, or not alike, or none:
 * they are then to be read as a stream, which also tells what is wrong with them.
 */
struct rowfiles *rowfiles_open(char *const *operands, unsigned count);
void rowfiles_free(struct rowfiles *files);

/* How many frames, and a frame without raster that has their geometry. */
unsigned rowfiles_count(const struct rowfiles *files);
const struct frame *rowfiles_geometry(const struct rowfiles *files);

/* Reads COUNT rows from FIRST on of frame I into RASTER. Ends the program where it cannot. */
void rowfiles_rows(struct rowfiles *files, unsigned i, unsigned first, unsigned count,
                   unsigned char *raster);

#endif
