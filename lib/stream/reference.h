/* SPDX-License-Identifier: MIT */

#ifndef REFERENCE_H
#define REFERENCE_H

#include "frame.h"
#include "roll.h"

/*
 * Which frame of a stack is the reference: a file of its own, or one of the images of the operands,
 * the middle one where nothing else is said. Faults end the program with a message, as in input.h.
 */

/* Ends the program where an operand cannot be read a second time. */
void reference_check_rereadable(char *const *operands, unsigned count);

/* Reads the file PATH, or, where that is NULL, the middle one of the images of the operands (n/2 of
   n, from 0), into FRAME. The operands' images are entered into ROLL. */
void reference_read(const char *path, char *const *operands, unsigned count, struct roll *roll,
                    struct frame *frame);

#endif
