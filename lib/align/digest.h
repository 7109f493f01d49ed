/* SPDX-License-Identifier: MIT */

#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What tells one run of bytes from another, so that the bytes themselves need not be kept: their
 * number, and keyed hashes of them (J.-P. Aumasson and D. J. Bernstein, SipHash: a fast short-input
 * PRF, 2012). Who does not know the key cannot make two runs of bytes with one digest.
 */
enum { DIGEST_LANES = 4 };

struct digest_key {
    uint64_t half[2];
};

struct digest {
    size_t count;
    uint64_t lane[DIGEST_LANES];
};

/* A key that nobody can guess; digests are compared that were made with the same one. */
struct digest_key digest_new_key(void);

struct digest digest_of(const struct digest_key *key, const unsigned char *bytes, size_t count);

bool digest_equal(const struct digest *a, const struct digest *b);

#endif
