/* SPDX-License-Identifier: MIT */

#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "frame.h"

/*
 * Writes frames: as a stream of PAM or PNG on standard output, or each to a file of its own. A
 * frame's name and what else travels with it are comments of its PAM header (comments.h). Every
 * failure to write ends the program with status 1 and a message. If the program ends before
 * output_close() and after a frame on standard output, it ends the stream with a broken header, so
 * that no reader takes it for complete.
 */
struct output;

struct output_options {
    bool png;           /* PNG, else PAM */
    const char *outdir; /* one file a frame, DIR/NAME.pam or .png; NULL for standard output */
    const char *ending; /* of the names of files that the caller encodes: output_file_begin() */
    const char *option; /* of the program, that would name a file or directory; NULL: it has none */
};

/* Checks that the output can be written: to the directory, made if only its parent exists, or to
   standard output, which must not be a terminal. */
struct output *output_open(const struct output_options *options);

/* Writes FRAME whole. In a directory, a second frame of the same name is an error. */
void output_frame(struct output *out, const struct frame *frame);

/* The same in strips: output_begin() writes FRAME's header, then output_rows() its next COUNT rows
   from ROWS, until all are written. FRAME must not change meanwhile. */
void output_begin(struct output *out, const struct frame *frame);
void output_rows(struct output *out, const unsigned char *rows, unsigned count);

/* For a caller that encodes FRAME by itself: the file to write it to, which messages call LABEL;
   then output_file_end(), once all is written. */
FILE *output_file_begin(struct output *out, const struct frame *frame, const char **label);
void output_file_end(struct output *out);

/* Flushes, checks, and frees OUT: the stream is complete. */
void output_close(struct output *out);

/* Flushes standard output and checks that all of it is written. Call this before doing anything
   else that may fail, so that the message gives the right reason. */
void output_check_stdout(void);

/* The same at the end, for programs that print no frames: also closes it. */
void output_flush_stdout(void);

/* Writes FRAME as PAM, or as PNG, to a file that tempfile_commit() puts in place as PATH. */
struct tempfile *output_pam_file(const char *path, const struct frame *frame);
struct tempfile *output_png_file(const char *path, const struct frame *frame);

#endif
