/* SPDX-License-Identifier: MIT */

#ifndef ROLL_H
#define ROLL_H

#include "frame.h"

/*
 * The number, names and geometry of the frames of operands that are read more than once. The first
 * reading enters them and later ones are compared with it, so that a file that changes meanwhile
 * ends the program instead of mixing up frames. See input_keep_roll().
 */
struct roll;

struct roll *roll_new(void);
void roll_free(struct roll *roll);

/* A reading tells the geometry of its first frame, the NAME of frame INDEX, and that it ended after
   COUNT frames. Each function ends the program if an earlier reading found something else. */
void roll_geometry(struct roll *roll, const struct frame *frame);
void roll_name(struct roll *roll, unsigned index, const char *name);
void roll_end(struct roll *roll, unsigned count);

#endif
