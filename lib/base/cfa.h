/* SPDX-License-Identifier: MIT */

#ifndef CFA_H
#define CFA_H

#include <stdint.h>

#include "frame.h"

/*
 * The array of colour filters over a sensor: each sample of a mosaic, the raw image, is of one
 * colour. The pattern repeats over the sensor from its top left corner.
 */
enum { CFA_COLORS = 3, CFA_PERIOD_MAX = 8 };

struct cfa {
    unsigned width, height;                        /* of the smallest period, in samples */
    uint8_t color[CFA_PERIOD_MAX][CFA_PERIOD_MAX]; /* by row and column: 0 red, 1 green, 2 blue */
};

/*
 * Reads a pattern: rows of the letters R, G, B with slashes between them, as RG/GB, or one of the
 * words RGGB, BGGR, GRBG, GBRG. Every colour must be in it, and each sample must have another one
 * of its colour at most two rows and columns away. Returns NULL, or what is wrong with TEXT.
 */
const char *cfa_parse(struct cfa *cfa, const char *text);

/* The colour of the sample at X, Y. */
unsigned cfa_color(const struct cfa *cfa, unsigned x, unsigned y);

/* NULL where FRAME may be a mosaic of that pattern: gray, no opacity, not smaller than a period.
   Else what it is and should be, a text that the caller frees. */
char *cfa_misfit(const struct cfa *cfa, const struct frame *frame);

#endif
