/* SPDX-License-Identifier: MIT */

#ifndef TEMPFILE_H
#define TEMPFILE_H

#include <stdio.h>

/*
 * An output file that is there whole or not at all: it is written under a short unique name beside
 * its place and renamed into it by tempfile_commit(). Where the program ends before that, by an
 * error or a signal, it is removed. A device or a pipe in that place is written to directly. Every
 * failure ends the program with a message that names PATH.
 */
struct tempfile;

struct tempfile *tempfile_create(const char *path);

/* Where to write. */
FILE *tempfile_stream(struct tempfile *file);

/* The file's name until it is in place, for a program that writes it by itself. */
const char *tempfile_name(const struct tempfile *file);

/* Flushes and checks what was written so far, so that of several files none is put in place before
   all are written. */
void tempfile_flush(struct tempfile *file);

/* Flushes, checks and closes, renames into place, and frees FILE. */
void tempfile_commit(struct tempfile *file);

#endif
