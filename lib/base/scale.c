/* SPDX-License-Identifier: MIT */

#include <stddef.h>

#include "alloc.h"
#include "scale.h"

uint16_t *scale_table(unsigned from, unsigned to)
{
    uint16_t *scaled = alloc_array((size_t)from + 1, sizeof *scaled);
    for (uint64_t v = 0; v <= from; v++)
        scaled[v] = (uint16_t)((2 * v * to + from) / (2 * (uint64_t)from));
    return scaled;
}
