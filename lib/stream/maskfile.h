/* SPDX-License-Identifier: MIT */

#ifndef MASKFILE_H
#define MASKFILE_H

#include "frame.h"
#include "mask.h"

/* Masks in files. Each function ends the program with a message where something is wrong. */

/* The union of the images in the file PATH, into MASK, which is all zeros. */
void maskfile_read(const char *path, struct mask *mask);

/* Refuses the result, status 2, if MASK, of the file PATH, marks more than LIMIT pixels; 0: none.
 */
void maskfile_check_count(const char *path, const struct mask *mask, unsigned limit);

/* "the mask PATH is ... pixels, but frame NAME is ..."; NULL if FRAME is of the mask's size. The
   caller frees it. */
char *maskfile_misfit(const char *path, const struct mask *mask, const struct frame *frame);

#endif
