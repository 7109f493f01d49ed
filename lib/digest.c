/* SPDX-License-Identifier: MIT */

/*
 * Four lanes, each a chain of x = rotate((x ^ word) * odd constant), so that every word changes all
 * that comes after it in its lane, and the lanes run side by side; at the end they are chained in
 * the same way into two sums that weigh them differently.
 */

#include <string.h>

#include "digest.h"

enum { LANES = 4 };

static const uint64_t factor[LANES] = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, 0xff51afd7ed558ccd,
                                       0xbf58476d1ce4e5b9};

static uint64_t mix(uint64_t state, uint64_t word, uint64_t odd)
{
    uint64_t product = (state ^ word) * odd;
    return product << 29 | product >> 35;
}

struct digest digest_of(const unsigned char *bytes, size_t count)
{
    uint64_t lane[LANES] = {1, 2, 3, 4};
    size_t i = 0;
    for (; i + sizeof lane <= count; i += sizeof lane) {
        uint64_t word[LANES];
        memcpy(word, bytes + i, sizeof word);
        for (int k = 0; k < LANES; k++)
            lane[k] = mix(lane[k], word[k], factor[k]);
    }
    uint64_t rest[LANES] = {0};
    memcpy(rest, bytes + i, count - i);
    struct digest digest = {{count, ~(uint64_t)count}};
    for (int round = 0; round < 2; round++)
        for (int k = 0; k < LANES; k++) {
            lane[k] = mix(lane[k], rest[k], factor[k]);
            digest.half[0] = mix(digest.half[0], lane[k], factor[0]);
            digest.half[1] = mix(digest.half[1], lane[LANES - 1 - k], factor[1]);
        }
    return digest;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}
