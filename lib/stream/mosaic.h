/* SPDX-License-Identifier: MIT */

#ifndef MOSAIC_H
#define MOSAIC_H

#include <stdbool.h>

#include "cfa.h"
#include "frame.h"

/*
 * What the header of a mosaic tells, as framein writes it (comments.h), and options that override
 * it. Each function ends the program with a message if that is wrong.
 */

/* The pattern of FRAME, called NAME in messages: that of OPTION, -cfa's value, if it is not NULL,
   else the header's. False where neither is, or FRAME has colours though its header names one, as a
   map of deviations. Else FRAME must suit it. */
bool mosaic_cfa(const struct frame *frame, const char *name, const char *option, struct cfa *cfa);

#endif
