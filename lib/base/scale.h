/* SPDX-License-Identifier: MIT */

#ifndef SCALE_H
#define SCALE_H

#include <stdint.h>

/* A table of what samples of the maxval FROM, 1..65535, are in the maxval TO: v * TO / FROM,
   rounded half up. It has FROM + 1 elements; the caller frees it. */
uint16_t *scale_table(unsigned from, unsigned to);

#endif
