/* SPDX-License-Identifier: MIT */

#ifndef BADPIXELS_H
#define BADPIXELS_H

#include <stdio.h>

#include "frame.h"
#include "options.h"

/*
 * Hot and dead pixels, planted so that their level is known from what the frames show. Typical use:
 *
 *     badpixels_init(&bad, options);
 *     badpixels_look(&bad, &frame);                   for each frame that is right
 *     badpixels_choose(&bad, options);
 *     badpixels_apply(&bad, options, file, start);    to each frame's file
 *     badpixels_print(&bad, file);
 *     badpixels_free(&bad);
 *
 * A level is the deviation of a pixel's mean over the stack from that of its 5x5 binomial blur, in
 * 1/255 of full scale; in clusters, from the sample itself. On a mosaic it is that of the frames
 * before their colours are interpolated. Every failure ends the program.
 */
struct badpixels {
    struct candidate *candidates; /* places where a bad pixel could be */
    unsigned n_candidates;
    unsigned seen; /* frames looked at */
    struct badpixel *pixels;
    unsigned n; /* bad pixels chosen */
};

struct badpixel {
    unsigned x, y, channel;
    int offset;   /* added to the sample in every frame */
    double level; /* above 0: hot; below: dead */
};

/* Chooses the candidates. */
void badpixels_init(struct badpixels *bad, const struct options *options);

/* Adds up what FRAME shows at the candidates. */
void badpixels_look(struct badpixels *bad, const struct frame *frame);

/* Chooses the bad pixels that OPTIONS asks for, of levels that no frame looked at clips. Most are
   in one channel, as each sensor pixel has a filter of one colour; some in all, but none on a
   mosaic. */
void badpixels_choose(struct badpixels *bad, const struct options *options);

/* Adds the bad pixels to the frame in FILE, open for reading and writing, whose raster begins at
   START. */
void badpixels_apply(const struct badpixels *bad, const struct options *options, FILE *file,
                     long start);

/* Writes pixels.tsv. */
void badpixels_print(const struct badpixels *bad, FILE *file);

void badpixels_free(struct badpixels *bad);

#endif
