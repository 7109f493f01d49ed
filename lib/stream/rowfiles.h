/* SPDX-License-Identifier: MIT */

#ifndef ROWFILES_H
#define ROWFILES_H

#include "frame.h"

/*
 * The frames of a stack in files, one raw image of maxval 255 or 65535 a file, so that any rows of
 * any frame can be read at any time. It holds no raster and opens one file at a time.
 */
struct rowfiles;

/*
 * Opens the frames of COUNT files. NULL if there are none, or not all are such files of one
 * geometry and of the same comments; then the caller reads them as a stream, which also reports
 * what is wrong with them.
 */
struct rowfiles *rowfiles_open(char *const *operands, unsigned count);
void rowfiles_free(struct rowfiles *files);

/* The number of frames, and their geometry in a frame without raster. */
unsigned rowfiles_count(const struct rowfiles *files);
const struct frame *rowfiles_geometry(const struct rowfiles *files);

/* Reads COUNT rows of frame I, from row FIRST on, into RASTER; ends the program on failure. */
void rowfiles_rows(struct rowfiles *files, unsigned i, unsigned first, unsigned count,
                   unsigned char *raster);

#endif
