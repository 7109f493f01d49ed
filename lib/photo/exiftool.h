/* SPDX-License-Identifier: MIT */

#ifndef EXIFTOOL_H
#define EXIFTOOL_H

#include <stdbool.h>

/*
 * One call of exiftool that gives pictures, which are written already, the metadata of their
 * originals that a program could not carry over itself. Names are arguments of the call whatever
 * they hold: never options, patterns, or commands of a shell.
 */
struct exiftool;

struct exiftool *exiftool_new(void);
void exiftool_free(struct exiftool *call);

/* How many pictures there are to give metadata to. */
unsigned exiftool_count(const struct exiftool *call);

/* Adds the file PICTURE, which gets what its ORIGINAL has. EXIF: but for EXIF, which it has.
   IPTC: also IPTC, for which a PNG has no place. */
void exiftool_add(struct exiftool *call, const char *original, const char *picture, bool exif,
                  bool iptc);

/* The call, as a shell reads it: a picture a line, in printable ASCII; the caller frees it. Words
   with other characters stand in $'...', which POSIX has since 2024, and bash and zsh before. */
char *exiftool_text(const struct exiftool *call);

#endif
