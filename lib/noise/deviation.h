/* SPDX-License-Identifier: MIT */

#ifndef DEVIATION_H
#define DEVIATION_H

#include <stdbool.h>
#include <stdint.h>

#include "cfa.h"
#include "frame.h"

/*
 * How far each sample of the sensor stands from its surroundings, over the frames of a stack.
 *
 *     mean        M = floor of the mean of the frames; D = M - blur(M)
 *     persistent  d = I - blur(I) per frame; with the mean m and the population standard deviation
 *                 s of d over the frames, D = sign(m) max(0, |m| - s); where |D| exceeds 8 levels
 *                 (of 255) the sample is left out of the blur of its neighbours, see leaveout.h
 *     mosaic      the same of d = what of I exceeds the range of its neighbours, in frames that are
 *                 mosaics, see excess.h and mosaic_deviation.h
 *
 * |D| is rounded half up to whole samples. The blur is that of gauss.h. A fully transparent pixel
 * counts neither in the statistics of its place nor in the blur of its surroundings; a place that
 * is transparent in all frames has D = 0. Opacity itself has no deviation.
 *
 * It works on a band of rows: on the whole image if frames come one after the other; on narrow
 * bands, which keep the sums in the processor's cache, if rows can be read in any order. Memory,
 * for a band of the whole image, in frames of 16-bit samples: 2 for the mean, 6 for persistent and
 * for mosaics, whatever the number of frames; for 8-bit frames 1 (2 beyond 257 frames) and 4.
 *
 *     deviation = deviation_new(&options, &frame, band_height);
 *     for (first = 0; first < height; first += band_height) {
 *         deviation_begin(deviation, first, &from, &count);
 *         for (i = 0; i < frames; i++)
 *             deviation_add(deviation, rows(i, from, count), count);
 *         while (deviation_row(deviation, row))
 *             use(row);
 *     }
 *     deviation_free(deviation);
 */
struct deviation;

enum deviation_statistic { DEVIATION_MEAN, DEVIATION_PERSISTENT, DEVIATION_MOSAIC };
enum deviation_side { DEVIATION_BOTH, DEVIATION_HOT, DEVIATION_DEAD };

/* More frames than this would overflow the sums. */
enum { DEVIATION_FRAMES_MAX = 32767 };

struct deviation_options {
    enum deviation_statistic statistic;
    enum deviation_side side; /* only D > 0, or only D < 0; the rest counts as 0 */
    unsigned blur_size;       /* odd, 1..GAUSS_SIZE_MAX; none in mosaics */
    struct cfa cfa;           /* of mosaics, which it must suit (cfa_misfit()) */
    unsigned black, white;    /* sample values, 0 <= black < white; white 0: the maxval is white */
};

/* The threshold that suits the statistic, in levels: 1/255 of full scale, which is white less
   black. In mosaics it depends on the number of FRAMES. */
double deviation_level(const struct deviation_options *options, unsigned frames);

/* For frames of FRAME's geometry, in bands of at most BAND_HEIGHT rows. The caller frees it with
   deviation_free(). */
struct deviation *deviation_new(const struct deviation_options *options, const struct frame *frame,
                                unsigned band_height);
void deviation_free(struct deviation *deviation);

/* Starts the band of rows from FIRST on. The blur needs rows beyond the band: each frame must give
   the *COUNT rows from *FROM on. */
void deviation_begin(struct deviation *deviation, unsigned first, unsigned *from, unsigned *count);

/* Adds the next COUNT of these rows, in raster order; frames follow each other without a gap. */
void deviation_add(struct deviation *deviation, const unsigned char *raster, unsigned count);

/* How many frames were added to the band, and the brightest sample among all bands. */
unsigned deviation_frames(const struct deviation *deviation);
unsigned deviation_brightest(const struct deviation *deviation);

/* Whether the frames are gray and the first one looks like a mosaic, but the statistic is not that
   of mosaics. */
bool deviation_looks_like_mosaic(const struct deviation *deviation);

/* Once the frames are added to the first band: the header of the map of |D|, without name. Its
   planes are the colours of the frames, its maxval is full scale, the largest |D|. Of mosaics it
   has three planes, a sample being 0 in the colours that are not its own. Its threshold is
   deviation_level(). */
struct frame deviation_map(const struct deviation *deviation);

/* Once all frames are added: gives the next row of |D|, as many samples as a row of the map. False
   if none is left before the next band. The persistent statistic gives the last rows of a band with
   the next one, so bands must follow each other without a gap, from row 0 on. */
bool deviation_row(struct deviation *deviation, uint16_t *row);

#endif
