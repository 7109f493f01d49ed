/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <string.h>

#include "exif.h"

/* The number in COUNT bytes at AT. */
static size_t number(const unsigned char *at, unsigned count, bool big_endian)
{
    size_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value = value << 8 | at[big_endian ? i : count - 1 - i];
    return value;
}

/* A block is a TIFF file: its header tells where the first directory is, which is a count and then
   entries of a tag, a type, a count and a value. */
unsigned exif_orientation(const unsigned char *block, size_t count)
{
    enum { HEADER = 8, ENTRY = 12, TAG = 0x112, SHORT = 3 };
    if (count < HEADER + 2 || (memcmp(block, "II*", 4) != 0 && memcmp(block, "MM\0*", 4) != 0))
        return 0;
    bool big = block[0] == 'M';
    size_t at = number(block + 4, 4, big);
    if (at > count - 2)
        return 0;
    size_t entries = number(block + at, 2, big);
    for (at += 2; entries > 0 && count - at >= ENTRY; entries--, at += ENTRY) {
        size_t value = number(block + at + 8, 2, big);
        if (number(block + at, 2, big) == TAG && number(block + at + 2, 2, big) == SHORT)
            return value >= 1 && value <= 8 ? (unsigned)value : 0;
    }
    return 0;
}
