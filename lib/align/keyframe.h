/* SPDX-License-Identifier: MIT */

#ifndef KEYFRAME_H
#define KEYFRAME_H

#include <stdbool.h>

#include "digest.h"
#include "frame.h"
#include "register.h"
#include "transform.h"

/*
 * What registration keeps of a frame instead of the frame itself: its header, a gray pyramid, a
 * digest of its raster and, where other frames are registered to it, its blocks.
 */
struct keyframe;

/* The caller frees it. Keyframes with the same DIGEST_KEY can be compared. */
struct keyframe *keyframe_open(const struct frame *frame, const struct digest_key *digest_key);

/* Takes the blocks of FRAME, whose keyframe is KEY, so that others can be registered to it. */
void keyframe_take_blocks(struct keyframe *key, const struct frame *frame,
                          struct register_models models);

/* Registers FRAME, whose keyframe is KEY, to REFERENCE, whose blocks were taken; GUESS as in
   register_frame(). A frame that equals the reference sample by sample gets the identity, without
   any estimate, and an error of 0. */
void keyframe_register(struct keyframe *reference, const struct keyframe *key,
                       const struct frame *frame, const struct transform *guess,
                       struct registration *found);

/* Whether two frames have the same samples. */
bool keyframe_equal(const struct keyframe *a, const struct keyframe *b);

/* The frame's geometry and name; no raster. */
const struct frame *keyframe_header(const struct keyframe *key);

void keyframe_free(struct keyframe *key);

#endif
