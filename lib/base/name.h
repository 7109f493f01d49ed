/* SPDX-License-Identifier: MIT */

#ifndef NAME_H
#define NAME_H

/*
 * Names of frames, as written to files. A name may hold any byte but NUL; in tables and headers
 * tab, newline and backslash stand as \t, \n and \\, so that a name stays one field of one line.
 * Each function returns a new string that the caller frees.
 */

/* The file's base name without its ending: "src/a.b.png" gives "a.b", ".x" stays ".x". */
char *name_from_path(const char *path);

char *name_escape(const char *name);

/* The inverse of name_escape(); an unknown escape stays as it is. */
char *name_unescape(const char *text);

#endif
