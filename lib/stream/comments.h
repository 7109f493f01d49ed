/* SPDX-License-Identifier: MIT */

#ifndef COMMENTS_H
#define COMMENTS_H

#include <stdbool.h>
#include <stdio.h>

#include "frame.h"

/*
 * What comments in a PAM header say of a frame: "# frame NAME", its name; "# threshold T", a
 * deviation map's default threshold; and those that travel with the frame through every program
 * that reads and writes it:
 *
 *   orientation N    how to turn the photograph to look at it, 1..8 as in EXIF; its pixels are not
 *                    turned
 *   reference NAME   the frame that it is aligned to
 *   cfa PATTERN      a mosaic's colour filters
 *   black N, white N a mosaic's samples of black and white
 *
 * A long one goes on in lines that begin with its word and a plus: "# frame+ MORE". Names are
 * escaped as in tables (name.h). Other comments are dropped.
 */

/* Takes from TEXT, the comments of a header without their "#", what they say of FRAME; NULL is
   none. *NAME gets the frame's name, or NULL; the caller frees it. */
void comments_read(const char *text, struct frame *frame, char **name);

/* Writes FRAME's comments. */
void comments_write(FILE *file, const struct frame *frame);

/* The value of the comment KEY that travels with FRAME, or NULL; the caller frees it. */
char *comments_get(const struct frame *frame, const char *key);

/* Replaces it. A VALUE that is NULL, or too long to travel, leaves FRAME without it. */
void comments_set(struct frame *frame, const char *key, const char *value);

/* One that is a whole number, 0..65535, into *NUMBER; false, and *NUMBER as it was, if there is
   none or it is no such number. */
bool comments_number(const struct frame *frame, const char *key, unsigned *number);
void comments_set_number(struct frame *frame, const char *key, unsigned number);

/* "is a mosaic of ..., the first one of ...": why A cannot be of one stack with B, the first frame,
   by what both say; NULL if it can. The caller frees it. */
char *comments_misfit(const struct frame *a, const struct frame *b);

/* The orientation: 1, as the pixels lie, to 8; 0: none is known. */
unsigned comments_orientation(const struct frame *frame);
void comments_set_orientation(struct frame *frame, unsigned orientation);

#endif
