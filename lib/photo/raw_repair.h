/* SPDX-License-Identifier: MIT */

#ifndef RAW_REPAIR_H
#define RAW_REPAIR_H

#include "raw.h"

/*
 * Repairs the noisy samples of raw files on the mosaic, before development: there each is one
 * sample, which development would spread over its surroundings. Mosaics as mosaic_repair.h says; a
 * monochrome camera's pictures by a membrane, as frames in gray.
 */
struct raw_repair;

/* By the mask in the file PATH, widened by GROW pixels. Ends the program if that cannot be read,
   and with status 2 if it marks more than MAX_PIXELS; 0 is no limit. PATH must outlive it. */
struct raw_repair *raw_repair_new(const char *path, unsigned grow, unsigned max_pixels);
void raw_repair_free(struct raw_repair *repair);

/* Repairs RAW, unpacked, which messages call NAME. All files must have the filters of the first.
   Returns as photo.h says. */
char *raw_repair(struct raw_repair *repair, struct raw *raw, char *name);

#endif
