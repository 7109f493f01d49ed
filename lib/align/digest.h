/* SPDX-License-Identifier: MIT */

#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Tells sequences of bytes apart without keeping them: their length, and keyed hashes of them
 * (J.-P. Aumasson and D. J. Bernstein, SipHash: a fast short-input PRF, 2012). Without the key
 * nobody can make two sequences with the same digest.
 */
enum { DIGEST_LANES = 4 };

struct digest_key {
    uint64_t half[2];
};

struct digest {
    size_t count;
    uint64_t lane[DIGEST_LANES];
};

/* A key that nobody can guess. Compare only digests made with the same key. */
struct digest_key digest_new_key(void);

struct digest digest_of(const struct digest_key *key, const unsigned char *bytes, size_t count);

bool digest_equal(const struct digest *a, const struct digest *b);

#endif
