/* SPDX-License-Identifier: MIT */

#ifndef MAP_H
#define MAP_H

#include "frame.h"

/* Reads the deviation map, as noisedetect -map makes it, that is the only image of the operands (of
   standard input where COUNT is 0) into MAP. Anything else ends the program with a message. */
void map_read(char *const *operands, unsigned count, struct frame *map);

#endif
