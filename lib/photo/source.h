/* SPDX-License-Identifier: MIT */

#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stdio.h>

#include "kind.h"

/* A photograph's file, open. */
struct source {
    const char *path;
    const char *label; /* what messages call it */
    bool standard;     /* input */
    FILE *file;        /* a regular file, but for streams on standard input */
    struct kind kind;
};

/* Opens the file PATH, "-" for standard input, and tells its kind. Returns as photo.h says;
   source_close() is due also where that is an error. */
char *source_open(const char *path, struct source *source);
void source_close(struct source *source);

#endif
