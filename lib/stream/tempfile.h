/* SPDX-License-Identifier: MIT */

#ifndef TEMPFILE_H
#define TEMPFILE_H

#include <stdio.h>

/*
 * An output file that is there whole or not at all: it is written under a short unique name beside
 * its place and renamed into it by tempfile_commit(), with the permissions and owner of a file that
 * it replaces. Where the program ends before that, by an error or a signal, it is removed. A
 * symbolic link stays one: the file that it leads to is replaced. A device, a pipe, and what is the
 * program's standard output or error are written to directly. Every failure ends the program with a
 * message that names PATH.
 */
struct tempfile;

struct tempfile *tempfile_create(const char *path);

/* Where to write. */
FILE *tempfile_stream(struct tempfile *file);

/* Checks what was written so far; to be called now and then while more is still to be made, so that
   the message tells why. */
void tempfile_check(const struct tempfile *file);

/* Writes all out to the disk and checks it, so that of several files none is put in place before
   all are written. */
void tempfile_flush(struct tempfile *file);

/* Flushes, checks and closes, renames into place, and frees FILE. */
void tempfile_commit(struct tempfile *file);

#endif
