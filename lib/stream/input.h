/* SPDX-License-Identifier: MIT */

#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>

#include <sys/types.h>

#include "frame.h"
#include "roll.h"

/*
 * A frame stream coming in: the images of all operands, one after the other. An operand is a file
 * of one image or several, "-" is standard input; PAM, PNM (raw or plain) and PNG are told apart
 * by their magic numbers. All images must have one geometry, and there must be at least one. Any
 * fault of the input ends the program with status 1 and a message that names file and frame.
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
 * An image that is alone in its file has the file's name; alone on standard input, the name given,
 * else the one that it carries as a PAM comment. One of several has the name that it carries, else
 * NAME-i, i counted from 1. Where several names are given, each is that of one image on standard
 * input; more images or fewer are an error.
 */
struct input *input_open(char *const *operands, unsigned count, const char *const *stdin_names);

/* Before the first image: compares the images with ROLL, which every reading of these operands
   shares, or enters them. */
void input_keep_roll(struct input *in, struct roll *roll);

/* Reads the next image whole into FRAME, whose raster is allocated once and used again. Returns
   false behind the last one. It waits for nothing behind the image, unless the image's name depends
   on it: that of the first one of an operand, or without a name of its own on standard input. What
   follows an image and is no other one is an error when the next is asked for. */
bool input_read(struct input *in, struct frame *frame);

/* The same in strips: input_next() reads the header into FRAME, without raster and with a name
   that is provisional until the last row is read; then input_rows() takes the next COUNT rows as
   raw raster. All rows are to be read before the next input_next(). */
bool input_next(struct input *in, struct frame *frame);
void input_rows(struct input *in, struct frame *frame, unsigned char *raster, unsigned count);

/* Instead of input_rows(): reads all rows into FRAME, whose raster is allocated once and used
   again. So what is wrong with a frame's geometry is told before its samples are read. */
void input_raster(struct input *in, struct frame *frame);

/* Instead of input_rows(): passes over the image that input_next() has announced, without decoding
   it where its format and file allow. */
void input_skip(struct input *in, struct frame *frame);

void input_close(struct input *in);

/*
 * Whether PATH is a regular file of one raw image whose every byte is a sample that may be, so that
 * its rows can be read at will; then FRAME has its header and *OFFSET is where the raster begins.
 */
bool input_probe(const char *path, struct frame *frame, off_t *offset);

/* Reads the only image of the file PATH into FRAME; several are an error. */
void input_read_single(const char *path, struct frame *frame);

#endif
