/* SPDX-License-Identifier: MIT */

#ifndef TIFF_H
#define TIFF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "frame.h"

/*
 * Reads TIFF and BigTIFF by libtiff: gray, RGB, palettes, YCbCr and CMYK, of 1 to 16 bits or of
 * floating point within 0..1, in strips or tiles, with or without opacity. The maxval is that of
 * the bits, 65535 of floating point. White is the maxval also where 0 is white in the file, opacity
 * is not multiplied in, and CMYK is converted without its profile. The orientation goes with the
 * frame.
 *
 * A file's pages are those that make frames like its first; thumbnails, reduced pages and masks are
 * none.
 */
struct tiff;

/* Opens the TIFF at FILE, which is a regular file, at its beginning; FILE and LABEL, which messages
   call it, must stay. *ERROR gets NULL or what is wrong, as photo.h says; then the result is
   NULL. */
struct tiff *tiff_open(FILE *file, const char *label, char **error);
void tiff_close(struct tiff *tiff);

/* The number of pages, at least 1. */
unsigned tiff_pages(const struct tiff *tiff);

/* Reads page I, from 0, into FRAME. Returns as photo.h says. */
char *tiff_read(struct tiff *tiff, unsigned i, struct frame *frame);

/* The colour profile of the first page, of *COUNT bytes, which the caller frees; NULL: it has none.
 *INKS: its colours are CMYK. */
unsigned char *tiff_profile(struct tiff *tiff, size_t *count, bool *inks);

/* Whether the file, which begins like a TIFF, is a camera's raw file, of which libtiff would read
   the thumbnail: a directory says so, or the thumbnail is all there is, or no directory has as many
   PIXELS as LibRaw finds in it. 0: LibRaw finds none. */
bool tiff_is_raw(FILE *file, const char *label, uint64_t pixels);

#endif
