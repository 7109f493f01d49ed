/* SPDX-License-Identifier: MIT */

#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes that an ICC colour profile of COUNT bytes says it has; 0 if it is none, or cut off. */
size_t profile_bytes(const unsigned char *profile, size_t count);

/* Whether a profile with that many bytes can tell what the samples of COLORS colours (1: gray, 3:
   red, green and blue) mean: it is one of a device or colour space, and of these colours. */
bool profile_fits(const unsigned char *profile, unsigned colors);

/* The most bytes that are taken for a profile; printers' have up to a few million. */
enum { PROFILE_MAX = 16 << 20 };

#endif
