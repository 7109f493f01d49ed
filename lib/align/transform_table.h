/* SPDX-License-Identifier: MIT */

#ifndef TRANSFORM_TABLE_H
#define TRANSFORM_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "transform.h"

/*
 * The transforms of a stack's frames, and their file: a table, tab-separated, with the header
 *
 *     frame m11 m12 m13 m21 m22 m23 m31 m32 m33 error scatter share ncc
 *
 * and a row for each frame. Names are escaped by name_escape(). A frame that could not be
 * registered has the one field "failed" after its name.
 */
struct aligned {
    char *name;
    bool failed;
    struct transform transform;        /* from the reference's pixels to the frame's */
    double error, scatter, share, ncc; /* as in struct registration */
    double misfit;                     /* likewise; not in the file */
};

struct transform_table {
    unsigned count;
    size_t room;
    struct aligned *rows; /* owned, with the names */
    void *by_name;        /* a tree of tsearch() */
};

/* Appends a row for frame NAME, marked as failed, for the caller to fill in; the pointer is valid
   until the next call. Of several rows of one name transform_table_find() finds the first. */
struct aligned *transform_table_add(struct transform_table *table, const char *name);

/* NULL if no frame has that name. */
const struct aligned *transform_table_find(const struct transform_table *table, const char *name);

/* Reads the file PATH. Ends the program if it is no such table, names a frame twice, or has a
   matrix that is singular or not finite. Numbers are decimal, and a line is under 1 MiB. */
void transform_table_read(const char *path, struct transform_table *table);

/* Writes matrices with enough digits to read the same numbers back. */
void transform_table_write(const struct transform_table *table, FILE *file);

/* Whether scale or rotation change far more from frame I - 1 to I than between the others. Sets by
   what factor and how many degrees they change. */
bool transform_table_jump(const struct transform_table *table, unsigned i, double *scale,
                          double *degrees);

void transform_table_free(struct transform_table *table);

#endif
