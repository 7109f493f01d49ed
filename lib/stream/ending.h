/* SPDX-License-Identifier: MIT */

#ifndef ENDING_H
#define ENDING_H

#include <signal.h>

/*
 * Cleans up when the program ends, by exit() or by a signal that ends programs and can be caught. A
 * signal that the parent process ignored stays ignored.
 */

/* CLEAN_UP is called once at the end; it must be safe in a signal handler. At most four can be
   added; the last one added is called first. */
void ending_add(void (*clean_up)(void));

/* Blocks those signals while the caller changes what CLEAN_UP reads; BEFORE goes to ending_allow().
   Nothing that may wait belongs between the two. */
void ending_block(sigset_t *before);
void ending_allow(const sigset_t *before);

#endif
