/* SPDX-License-Identifier: MIT */

#ifndef ALTERNATION_H
#define ALTERNATION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a gray image looks like a mosaic under a Bayer pattern: there each row alternates between
 * green and another colour. Of the samples in even columns, those of even rows and those of odd
 * rows each by themselves, at least three quarters then lie to one side of the mean of the samples
 * beside them; in other images about half do.
 */
struct alternation {
    uint64_t above[2], below[2], all[2]; /* samples, by the parity of the row */
};

/* Looks at row ROW of WIDTH samples. */
void alternation_add(struct alternation *alternation, unsigned row, const uint16_t *samples,
                     unsigned width);

/* False where it saw too few samples to tell. */
bool alternation_found(const struct alternation *alternation);

#endif
