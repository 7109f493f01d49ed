/* SPDX-License-Identifier: MIT */

#ifndef PNG_IO_H
#define PNG_IO_H

#include <stdio.h>

#include "frame.h"

/*
 * Reads PNG images into a frame's raster and writes them, by libpng. Expands palettes, low bit
 * depths and tRNS, so that a frame has maxval 255 or 65535. A fault of the file ends the program
 * with status 1 and a message that begins with LABEL; the label must outlive reader or writer.
 */
struct png_reader;
struct png_writer;

/* Reads the image's header from FILE, which is at the signature, into FRAME's geometry. */
struct png_reader *png_reader_open(FILE *file, const char *label, struct frame *frame);

/* Reads the next COUNT rows into RASTER. */
void png_reader_rows(struct png_reader *reader, unsigned char *raster, unsigned count);

/* Once all rows are read: reads and checks the rest of the image, and leaves FILE after its end. */
void png_reader_finish(struct png_reader *reader);

/* Instead of reading rows: leaves FILE, which must be seekable, after the image's last chunk. */
void png_reader_skip(struct png_reader *reader);

/* Frees READER, even in the middle of an image. */
void png_reader_free(struct png_reader *reader);

/* The maxval that a PNG of FRAME has: 255 or 65535. */
unsigned png_maxval(const struct frame *frame);

/* Writes to FILE the header of FRAME, which must not change until png_writer_finish(). */
struct png_writer *png_writer_open(FILE *file, const char *label, const struct frame *frame);

/* Before the first row: writes the chunk TYPE, four letters, of COUNT BYTES. */
void png_writer_chunk(struct png_writer *writer, const char *type, const unsigned char *bytes,
                      size_t count);

/* Writes the next COUNT rows of its raster from ROWS; scales a maxval that PNG does not have to
   png_maxval(). */
void png_writer_rows(struct png_writer *writer, const unsigned char *rows, unsigned count);

/* Once all rows are written: writes the image's end, and frees WRITER. */
void png_writer_finish(struct png_writer *writer);

#endif
