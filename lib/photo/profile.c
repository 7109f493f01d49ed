/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "profile.h"

/* The header of a profile (ICC.1, 7.2). */
enum { HEADER = 128, CLASS = 12, SPACE = 16, SIGNATURE = 36 };

size_t profile_bytes(const unsigned char *profile, size_t count)
{
    if (count < HEADER + 4 || memcmp(profile + SIGNATURE, "acsp", 4) != 0)
        return 0;
    size_t bytes =
        (size_t)profile[0] << 24 | (size_t)profile[1] << 16 | (size_t)profile[2] << 8 | profile[3];
    return bytes >= HEADER + 4 && bytes <= count ? bytes : 0;
}

bool profile_fits(const unsigned char *profile, unsigned colors)
{
    static const char classes[][5] = {"scnr", "mntr", "prtr", "spac"};
    bool meant = false;
    for (unsigned i = 0; i < sizeof classes / sizeof classes[0]; i++)
        meant |= memcmp(profile + CLASS, classes[i], 4) == 0;
    return meant && memcmp(profile + SPACE, colors == 3 ? "RGB " : "GRAY", 4) == 0;
}
