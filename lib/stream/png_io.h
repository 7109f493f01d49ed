/* SPDX-License-Identifier: MIT */

#ifndef PNG_IO_H
#define PNG_IO_H

#include <stdio.h>

#include "frame.h"

/*
 * PNG images in and out of a frame's raster, by libpng. Palettes, low bit depths and tRNS come in
 * expanded, so that a frame has maxval 255 or 65535. A fault of the file ends the program with
 * status 1 and a message that begins with LABEL; the label must outlive reader or writer.
 */
struct png_reader;
struct png_writer;

/* Reads the image's header from FILE, which is at the signature, into FRAME's geometry. */
struct png_reader *png_reader_open(FILE *file, const char *label, struct frame *frame);

/* The next COUNT rows, in raster order, to RASTER. */
void png_reader_rows(struct png_reader *reader, unsigned char *raster, unsigned count);

/* Once all rows are read: reads on to the image's end, checking it, and leaves FILE behind it. */
void png_reader_finish(struct png_reader *reader);

/* Instead of reading rows: leaves FILE, which can be positioned, behind the image's last chunk. */
void png_reader_skip(struct png_reader *reader);

/* Frees READER, wherever it is. */
void png_reader_free(struct png_reader *reader);

/* The maxval that a PNG of FRAME has: 255 or 65535. */
unsigned png_maxval(const struct frame *frame);

/* Writes to FILE the header of FRAME, which must stay as it is until png_writer_finish(). */
struct png_writer *png_writer_open(FILE *file, const char *label, const struct frame *frame);

/* Its next COUNT rows, in raster order, from ROWS; a maxval that PNG does not have is scaled to
   png_maxval(). */
void png_writer_rows(struct png_writer *writer, const unsigned char *rows, unsigned count);

/* Once all rows are written: writes the image's end, and frees WRITER. */
void png_writer_finish(struct png_writer *writer);

#endif
