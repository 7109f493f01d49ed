/* SPDX-License-Identifier: MIT */

#ifndef PAM_IO_H
#define PAM_IO_H

#include <stdbool.h>
#include <stdio.h>

#include "frame.h"

/*
 * Reads PAM, PBM, PGM and PPM images, raw or plain, into a frame's raster, and writes PAM: headers
 * and plain rasters by libnetpbm, raw rasters in bulk; comments.h tells what a header's comments
 * say. A fault of the file ends the program with status 1 and a message that begins with LABEL,
 * which must outlive the reader.
 */
struct pam_reader;

/* Reads the header of image number IMAGE from FILE, which is at its magic number, into FRAME's
   geometry and comments. *NAME gets the name in the header, or NULL; the caller frees it. */
struct pam_reader *pam_reader_open(FILE *file, const char *label, unsigned image,
                                   struct frame *frame, char **name);
void pam_reader_free(struct pam_reader *reader);

/* Reads the next COUNT rows into RASTER. */
void pam_reader_rows(struct pam_reader *reader, unsigned char *raster, unsigned count);

/* How many planes of the file are left out. A tuple type that begins with RGB or GRAYSCALE tells
   which the first planes are; those behind them are neither colours nor opacity. */
unsigned pam_reader_left_out(const struct pam_reader *reader);

/* Whether the file stores the rows as a raster does. */
bool pam_reader_is_raw(const struct pam_reader *reader);

/* Whether the rows are raw and no sample can exceed the maxval, as it is 255 or 65535. */
bool pam_reader_is_sound(const struct pam_reader *reader);

/* Writes the PAM header of FRAME, which the raster is to follow. The caller checks FILE. */
void pam_write_header(FILE *file, const struct frame *frame);

#endif
