/* SPDX-License-Identifier: MIT */

#ifndef ROLL_H
#define ROLL_H

#include "frame.h"

/*
 * The frames of operands that are read more than once: how many, their names and their geometry.
 * The first reading enters them, every later one is compared, so that a file that changes meanwhile
 * ends the program instead of mixing up frames. See input_keep_roll().
 */
struct roll;

struct roll *roll_new(void);
void roll_free(struct roll *roll);

/* The first frame of a reading has that geometry; its frame INDEX has that name; it ended after
   COUNT frames. Each ends the program where an earlier reading found something else. */
void roll_geometry(struct roll *roll, const struct frame *frame);
void roll_name(struct roll *roll, unsigned index, const char *name);
void roll_end(struct roll *roll, unsigned count);

#endif
