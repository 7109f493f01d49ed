/* SPDX-License-Identifier: MIT */

#ifndef RAW_H
#define RAW_H

#include <stdbool.h>
#include <stdio.h>

#include "frame.h"

/*
 * Reads camera raw files by LibRaw: the mosaic of samples as the sensor gave them, or a developed
 * photograph of 16 bits. Nothing is turned, and nothing depends on what a frame shows, so that the
 * frames of a stack stay alike: no automatic brightness, no adjusted white, no automatic white
 * balance.
 *
 *     raw = raw_open(file, label, tiff, &error);
 *     error = raw_unpack(raw);
 *     error = mosaic ? raw_mosaic(raw, &frame) : raw_develop(raw, &look, &frame);
 *     for (i = 0; i < frame.height; i++)
 *         raw_row(raw, i, row);
 *     raw_close(raw);
 *
 * Texts that are returned say what is wrong, as photo.h says.
 */
struct raw;

/* How to develop. */
struct raw_look {
    float balance[4]; /* factors of the colours, from raw_balance() */
    bool linear;      /* light itself, else by sRGB's curve; the colours are sRGB's */
    bool half;        /* each 2x2 samples become a pixel */
};

/* Opens the raw file at FILE, a regular file; FILE and LABEL, which messages call it, must stay. It
   begins as only raw files do, for LibRaw takes others by their length alone; or as a TIFF. NULL
   with *ERROR if it cannot be read, NULL without one if it is a TIFF and no raw file. */
struct raw *raw_open(FILE *file, const char *label, bool tiff, char **error);
void raw_close(struct raw *raw);

/* Decodes the samples. A file that is damaged or cut off is an error. */
char *raw_unpack(struct raw *raw);

/* Once it is unpacked: the white balance that the camera noted, or, where it noted none, that of
   daylight; then the result is false. */
bool raw_balance(const struct raw *raw, float balance[4]);

/* The sample at which the sensor saturates. */
unsigned raw_white(const struct raw *raw);

/*
 * Gives FRAME, without raster, the geometry, maxval and comments of the mosaic: what the camera
 * shows of its sensor. Samples are the file's, but where black differs among them by more than
 * 1/1000 of full scale, as much as it is measured to, each loses what its black exceeds the
 * smallest by: one number is the black of all. An error if there is no mosaic of rows and columns
 * in red, green and blue; a monochrome camera's has no colour filters.
 */
char *raw_mosaic(struct raw *raw, struct frame *frame);

/* Takes the samples of FRAME, of raw_mosaic()'s geometry, that differ from the mosaic's. */
void raw_replace(struct raw *raw, const struct frame *frame);

/* Develops, and gives FRAME, without raster, the geometry of the result. */
char *raw_develop(struct raw *raw, const struct raw_look *look, struct frame *frame);

/* Row Y of the last of these two, as a raster has it. */
void raw_row(struct raw *raw, unsigned y, unsigned char *raster);

#endif
