/* SPDX-License-Identifier: MIT */

#ifndef AHEAD_H
#define AHEAD_H

#include <pthread.h>
#include <stdbool.h>

#include "input.h"

/*
 * Reads the next image of a stream while the caller works on this one:
 *
 *     struct ahead ahead = {.in = in};
 *     for (bool more = input_read(in, &frame); more; more = ahead_next(&ahead, &frame)) {
 *         check(&frame);
 *         ahead_begin(&ahead, NULL, frame.name);
 *         work(&frame);
 *     }
 *     ahead_free(&ahead);
 *
 * A fault of the next image ends the program in ahead_next(), after the work on this one. Where the
 * program has one thread, the next image is read in ahead_next().
 */
struct ahead {
    struct input *in;
    pthread_t thread;
    bool reads, more;  /* the thread reads; it got an image */
    struct frame next; /* what it reads into */
};

/* Begins to read the next image: into the raster of DONE, which the caller needs no longer and
   loses, or, if that is NULL, into one more. Until ahead_next() the caller leaves the stream alone,
   and messages are about the frame NAME, which it works on. */
void ahead_begin(struct ahead *ahead, struct frame *done, const char *name);

/* Waits for the next image and exchanges FRAME for it, which messages are about then; returns false
   after the last. Reads it itself if ahead_begin() did not. */
bool ahead_next(struct ahead *ahead, struct frame *frame);

/* Frees what was kept for reading, where that is at rest. */
void ahead_free(struct ahead *ahead);

#endif
