/* SPDX-License-Identifier: MIT */

#ifndef DEPTH_TABLE_H
#define DEPTH_TABLE_H

#include "tempfile.h"

/*
 * The table beside a depth map, which sample of it stands for which frame: tab-separated, with a
 * header, "sample" and "frame", a row a frame in their order, names escaped as by name_escape().
 */

/* Where the ending of PATH begins: at its last dot, unless the name has none or begins with it. */
const char *depth_table_ending(const char *path);

/* The table's file beside the map PATH, of the same name with the ending .tsv; the caller frees it.
 */
char *depth_table_beside(const char *path);

/* Writes the table of COUNT frames called NAMES, whose SAMPLES these are; the caller commits it. */
struct tempfile *depth_table_write(const char *path, char *const *names, const unsigned *samples,
                                   unsigned count);

/* Reads the table: NAMES gets the names of the frames, escaped, as the table has them; the caller
   frees each and the array. Returns how many, at least 1; what is no such table ends the program.
 */
unsigned depth_table_read(const char *path, char ***names);

#endif
