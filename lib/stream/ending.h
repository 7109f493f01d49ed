/* SPDX-License-Identifier: MIT */

#ifndef ENDING_H
#define ENDING_H

#include <signal.h>

/*
 * What is still to be done when the program ends in any way: by exit() or by a signal that ends
 * programs and can be caught. A signal that whoever started the program has set to be ignored stays
 * ignored.
 */

/* CLEAN_UP is called once at the end; it must be safe in a signal handler. A few can be added; the
   one added last is called first. */
void ending_add(void (*clean_up)(void));

/* Keeps those signals off while what CLEAN_UP looks at is changed; BEFORE goes to ending_allow().
   Nothing that may wait belongs between the two. */
void ending_block(sigset_t *before);
void ending_allow(const sigset_t *before);

#endif
