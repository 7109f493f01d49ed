/* SPDX-License-Identifier: MIT */

#ifndef ALLOC_H
#define ALLOC_H

#include <stddef.h>

/*
 * Memory that is either had or ends the program: each function returns a pointer that is not
 * NULL, or prints how many bytes could not be had and exits with status 1. The caller frees every
 * one of them with free(). Large blocks lie in huge pages where the system has them; a page that is
 * never touched costs nothing.
 */

/* COUNT elements of SIZE bytes, not initialised. */
void *alloc_array(size_t count, size_t size);

/* A times B, for a count of elements; where that is more than this machine can address, the program
   ends as if the memory could not be had. */
size_t alloc_product(size_t a, size_t b);

/* COUNT elements of SIZE bytes, all bits zero. */
void *alloc_zeroed(size_t count, size_t size);

/* A copy of TEXT. */
char *alloc_string(const char *text);

/* As printf, into a new string. */
char *alloc_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
