/* SPDX-License-Identifier: MIT */

#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stdbool.h>

#include "frame.h"
#include "keyframe.h"
#include "register.h"
#include "transform.h"

/*
 * Registers the frames of a stack, one after the other in the order of their focus: each to the
 * frame before it, to the reference and, if the link to the frame before it fails, to the one
 * before that. Neighbours are sharp in the same places, so their links hold where those to the
 * reference fail: in a subject with depth, at other depths of focus.
 */
struct sequence;

enum sequence_way {
    SEQUENCE_TOGETHER, /* all frames are solved for together, after the last is added */
    SEQUENCE_AT_ONCE,  /* each when it is added, from those before it */
    SEQUENCE_DIRECT    /* each by its link to the reference alone, when it is added */
};

/* What is known of a frame. */
struct placed {
    char *name;                 /* owned by the sequence */
    bool failed;                /* no chain of good links leads to the reference */
    struct transform transform; /* from the reference's pixels to the frame's; a whole-pixel shift
                                   if very near to one */
    double error;               /* predicted RMS error, pixels */

    struct registration best; /* the frame's best link, which leads to the frame BEST_TO */
    char *best_to;

    /* From the frame before it, where that link is good. */
    bool stepped;
    struct transform step;
};

/* Starts a sequence of frames to register to REFERENCE, of which it keeps a keyframe. */
struct sequence *sequence_open(const struct frame *reference, struct register_models models,
                               enum sequence_way way);

/* The reference's geometry and name; no raster. */
const struct frame *sequence_reference(const struct sequence *sequence);

/* Registers FRAME, which has the reference's geometry. */
void sequence_add(struct sequence *sequence, const struct frame *frame);

/* For SEQUENCE_TOGETHER: solves for all frames. */
void sequence_solve(struct sequence *sequence);

/* What is known of the frame I, from 0. */
const struct placed *sequence_frame(const struct sequence *sequence, unsigned i);

void sequence_free(struct sequence *sequence);

#endif
