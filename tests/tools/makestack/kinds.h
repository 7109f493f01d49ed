/* SPDX-License-Identifier: MIT */

#ifndef KINDS_H
#define KINDS_H

#include <stdbool.h>

#include "options.h"

/* The kinds of stack: -kind=NAME stands for a set of options. */

/* Whether there is a kind of this name. */
bool kinds_known(const char *kind);

/* Sets the options of KIND, which must exist, except for wrong frames; some depend on
   options->width. */
void kinds_apply(struct options *options, const char *kind);

/* Sets options->wrong, all RIGHT so far, for kind wrong: one frame wrong in each way. Ends the
   program if there are too few frames. */
void kinds_wrong(struct options *options);

#endif
