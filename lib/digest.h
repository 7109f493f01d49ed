/* SPDX-License-Identifier: MIT */

#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 128 bits that tell one run of bytes from another, so that the bytes themselves need not be kept.
   Not for keeping out forgers. */
struct digest {
    uint64_t half[2];
};

struct digest digest_of(const unsigned char *bytes, size_t count);

bool digest_equal(const struct digest *a, const struct digest *b);

#endif
