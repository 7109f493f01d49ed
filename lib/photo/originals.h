/* SPDX-License-Identifier: MIT */

#ifndef ORIGINALS_H
#define ORIGINALS_H

#include <stdbool.h>

#include "frame.h"

/* The photographs that frames were made of. */
struct originals;

/* Those that PATHS name, with NULL behind the last: files, and directories for the photographs in
   them, as folder.h says. NULL if there are none. Ends the program with a message if one cannot be
   read, or if two have one name, so that a frame's would not be certain. */
struct originals *originals_new(const char *const *paths);
void originals_free(struct originals *originals);

/*
 * The original of FRAME, whose metadata its picture takes: of the files' base names the frame's;
 * else, as that is no photograph's but a picture made of all, the name of the frame's reference;
 * else that of the middle one, number n/2 of n. *BECAUSE gets NULL, or what it is in the latter
 * cases: "the reference's".
 */
const char *originals_find(const struct originals *originals, const struct frame *frame,
                           const char **because);

/* Whether PATH is the file of an original, by whatever name. */
bool originals_hold(const struct originals *originals, const char *path);

#endif
