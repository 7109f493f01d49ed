/* SPDX-License-Identifier: MIT */

#ifndef REFERENCE_H
#define REFERENCE_H

#include "frame.h"
#include "roll.h"

/*
 * Finds the reference frame of a stack: a file of its own or, by default, the middle image of the
 * operands. Faults end the program with a message, as in input.h.
 */

/* Ends the program if an operand cannot be read twice. */
void reference_check_rereadable(char *const *operands, unsigned count);

/* Reads the file PATH into FRAME or, if PATH is NULL, the middle image of the operands (number n/2
   of n, from 0), and then enters their images into ROLL. */
void reference_read(const char *path, char *const *operands, unsigned count, struct roll *roll,
                    struct frame *frame);

#endif
