/* SPDX-License-Identifier: MIT */

#ifndef PIXEL_LIST_H
#define PIXEL_LIST_H

#include <stdbool.h>

#include "mask.h"

/*
 * Lists of noisy pixels as other programs read them, an entry a line; columns and rows count from 0
 * at the top left. Blank lines, and what follows a #, are comments in all of them.
 *
 *     dcraw        x y time           also LibRaw; for photographs after that time, 0: for all
 *     siril        P x y H            a hot pixel, or C for a cold one
 *                  C x 0 H, L y 0 H   a whole column, a whole line
 *     rawtherapee  x y                an integer alone on the first line is added to both
 *     jpegpixi     X,Y[,S|,SX,SY]     a block of pixels, "2:", "V:" or "H:" before it
 *     plain        x y
 */
enum pixel_list_format {
    PIXEL_LIST_DCRAW,
    PIXEL_LIST_SIRIL,
    PIXEL_LIST_RAWTHERAPEE,
    PIXEL_LIST_JPEGPIXI,
    PIXEL_LIST_PLAIN
};

/* What an entry marks: a rectangle, a whole column or a whole row. */
struct pixel_entry {
    enum pixel_shape { PIXEL_BLOCK, PIXEL_COLUMN, PIXEL_ROW } shape;
    long x, y;          /* its top left pixel; of a column x, of a row y counts */
    long width, height; /* of a block, at least 1 */
    bool loses;         /* a line of a list told more than that, see pixel_list_loss() */
};

/* ---- reading ---- */

enum pixel_line { PIXEL_LINE_ENTRY, PIXEL_LINE_COMMENT, PIXEL_LINE_ORIGIN, PIXEL_LINE_WRONG };

/* Parses LINE, without its newline, of a list of FORMAT. Sets ENTRY for an entry, or ENTRY->x to
   the shift for a line that moves the origin of all following ones. */
enum pixel_line pixel_list_parse(enum pixel_list_format format, const char *line,
                                 struct pixel_entry *entry);

/* What an entry of FORMAT may look like, for messages. */
const char *pixel_list_syntax(enum pixel_list_format format);

/* What a mask cannot hold of entries that have it: a clause that follows their number, as "are
   cold: ...", for messages. */
const char *pixel_list_loss(enum pixel_list_format format);

/* Marks the pixels of ENTRY in MASK. False, with MASK unchanged, if some lie outside. */
bool pixel_list_mark(struct mask *mask, const struct pixel_entry *entry);

/* ---- writing ---- */

struct pixel_list;

/*
 * Lists the pixels that are noisy in any colour of MASK, each once: in the largest blocks for
 * jpegpixi, which repairs a block from its surroundings; for siril, if LINES is set, whole columns,
 * then rows, then pixels; else pixels in the order of rows. MASK must outlive the list; the caller
 * frees it with pixel_list_free().
 */
struct pixel_list *pixel_list_new(const struct mask *mask, enum pixel_list_format format,
                                  bool lines);
void pixel_list_free(struct pixel_list *list);

/* The next entry; false after the last. */
bool pixel_list_next(struct pixel_list *list, struct pixel_entry *entry);

enum { PIXEL_LIST_LINE = 96 };

/* Writes ENTRY to LINE as a line of FORMAT, without a newline. */
void pixel_list_format(enum pixel_list_format format, const struct pixel_entry *entry,
                       char line[PIXEL_LIST_LINE]);

#endif
