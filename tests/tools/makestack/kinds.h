/* SPDX-License-Identifier: MIT */

#ifndef KINDS_H
#define KINDS_H

#include <stdbool.h>

#include "options.h"

/* The kinds of stack: -kind=NAME stands for a set of options. */

/* Whether there is a kind of this name. */
bool kinds_known(const char *kind);

/* Sets the options of KIND, which is known, but for the frames that are wrong; some depend on
   options->width. */
void kinds_apply(struct options *options, const char *kind);

/* Makes frames wrong as kind wrong has it, one in each way; options->wrong holds RIGHT for all.
   Ends the program where there are too few frames. */
void kinds_wrong(struct options *options);

#endif
