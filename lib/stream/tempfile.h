/* SPDX-License-Identifier: MIT */

#ifndef TEMPFILE_H
#define TEMPFILE_H

#include <stdio.h>

/*
 * An output file that exists whole or not at all: it is written under a short unique name beside
 * its place, and tempfile_commit() renames it, with the permissions and owner of a file that it
 * replaces. If the program ends before that, by an error or a signal, it is removed. A symbolic
 * link stays, and the file that it leads to is replaced. A device, a pipe, an open file of a
 * process
 * (/dev/fd/N), and a file that is the program's standard output or error are written to directly.
 * Every failure ends the program with a
 * message that names PATH.
 */
struct tempfile;

struct tempfile *tempfile_create(const char *path);

/* The stream to write to. */
FILE *tempfile_stream(struct tempfile *file);

/* Checks the writes so far. Call this now and then during long work, so that a failure ends it
   early and the message tells why. */
void tempfile_check(const struct tempfile *file);

/* Flushes to the disk and checks; after that, nothing may be written. Flush all of several files
   before the first commit, so that none is put in place before all are written. */
void tempfile_flush(struct tempfile *file);

/* Flushes unless that is done, checks and closes, renames into place, and frees FILE. */
void tempfile_commit(struct tempfile *file);

#endif
