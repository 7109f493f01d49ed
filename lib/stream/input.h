/* SPDX-License-Identifier: MIT */

#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <sys/types.h>

#include "frame.h"
#include "roll.h"

/*
 * An incoming frame stream: the images of all operands, one after the other. An operand is a file
 * of one image or several, "-" is standard input; PAM, PNM (raw or plain) and PNG are told apart by
 * their magic numbers. All images must have one geometry, and there must be at least one. Any fault
 * of the input ends the program with status 1 and a message that names file and frame.
 *
 *     struct input *in = input_open(operands, count, NULL);
 *     struct frame frame = {0};
 *     while (input_read(in, &frame))
 *         use(&frame);
 *     frame_free(&frame);
 *     input_close(in);
 */
struct input;

/*
 * A stream of COUNT operands; none is standard input. STDIN_NAMES, with NULL behind the last, name
 * the images on standard input; none, or NULL: the first is called "frame". Operands and names must
 * outlive the stream.
 *
 * An image alone in its file has the file's name. Alone on standard input it has the name given,
 * else the name in its PAM header's comment. One of several has the name in its header, else
 * NAME-i, i counted from 1. If several names are given, each is that of one image on standard
 * input; more images or fewer are an error.
 */
struct input *input_open(char *const *operands, unsigned count, const char *const *stdin_names);

/* The images of FILE alone, which is open, a file named PATH; input_close() closes it. */
struct input *input_open_file(FILE *file, const char *path);

/* To be called before the first image: enters the images into ROLL or, in later readings of the
   same operands, compares them with it. */
void input_keep_roll(struct input *in, struct roll *roll);

/* Reads the next image whole into FRAME, whose raster is allocated once and used again. Returns
   false after the last image. It does not wait for what follows the image, unless the image's name
   depends on that (see input.c). Junk after an image is an error of the next call. */
bool input_read(struct input *in, struct frame *frame);

/* The same in strips: input_next() reads the header into FRAME, without raster and with a name that
   is provisional until the last row is read; then input_rows() reads the next COUNT rows as raw
   raster. Read all rows before the next input_next(). */
bool input_next(struct input *in, struct frame *frame);
void input_rows(struct input *in, struct frame *frame, unsigned char *raster, unsigned count);

/* Instead of input_rows(): reads all rows into FRAME, whose raster is allocated once and used
   again. So the caller can check a frame's geometry before it reads the samples. */
void input_raster(struct input *in, struct frame *frame);

/* Instead of input_rows(): skips the image whose header input_next() read, without decoding it
   where its format and file allow. */
void input_skip(struct input *in, struct frame *frame);

void input_close(struct input *in);

/*
 * Whether PATH is a regular file of one raw image in which no sample can exceed the maxval, so that
 * its rows can be read in any order; if so, FRAME gets its header and *OFFSET the raster's place.
 */
bool input_probe(const char *path, struct frame *frame, off_t *offset);

/* Reads the only image of the file PATH into FRAME; several are an error. */
void input_read_single(const char *path, struct frame *frame);

#endif
