/* SPDX-License-Identifier: MIT */

#ifndef ALLOC_H
#define ALLOC_H

#include <stddef.h>

/*
 * Allocation that succeeds or ends the program: a function that cannot get the memory prints how
 * many bytes it asked for and exits with status 1. The caller frees each block with free(). Large
 * blocks use huge pages where the system has them; a page that is never touched costs nothing.
 */

/* COUNT elements of SIZE bytes, not initialised. */
void *alloc_array(size_t count, size_t size);

/* A times B, a count of elements. Ends the program, as if out of memory, if the product is more
   than this machine can address. */
size_t alloc_product(size_t a, size_t b);

/* COUNT elements of SIZE bytes, all bits zero. */
void *alloc_zeroed(size_t count, size_t size);

/* BLOCK, which holds COUNT elements of SIZE bytes, with room for at least one more; BLOCK itself
   while it has room. *ROOM is the number of elements that it has room for, 0 while BLOCK is NULL;
   it doubles, so that adding many elements takes time in proportion to their number.

       names = alloc_grow(names, count, &room, sizeof *names);
       names[count++] = name;
*/
void *alloc_grow(void *block, size_t count, size_t *room, size_t size);

/* A copy of TEXT. */
char *alloc_string(const char *text);

/* As printf, into a new string. */
char *alloc_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Has what is of a small frame's size or more go back to the system as soon as it is freed. Once,
 * at the start.
 */
void alloc_return_large(void);

#endif
