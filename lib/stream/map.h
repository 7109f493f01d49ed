/* SPDX-License-Identifier: MIT */

#ifndef MAP_H
#define MAP_H

#include "frame.h"

/* Reads a deviation map made by noisedetect -map into MAP. It must be the only image of the
   operands (of standard input if COUNT is 0); if not, ends the program with a message. */
void map_read(char *const *operands, unsigned count, struct frame *map);

#endif
