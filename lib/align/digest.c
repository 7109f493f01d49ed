/* SPDX-License-Identifier: MIT */

/*
 * SipHash-1-3 in four lanes side by side, for vector units: lane k takes the words k, k + 4, k + 8,
 * ... of the bytes, the last of them filled up with zeros. Words have the machine's byte order: a
 * digest never leaves the run that made it.
 */

#define _DEFAULT_SOURCE /* getentropy() */
#include <string.h>
#include <time.h>

#include <unistd.h>

#include "digest.h"
#include "simd.h"

enum { ROUND_BYTES = DIGEST_LANES * sizeof(uint64_t), LAST_ROUNDS = 3 };

/* A word of each lane. */
typedef uint64_t words __attribute__((vector_size(ROUND_BYTES)));

struct state {
    words a, b, c, d;
};

struct digest_key digest_new_key(void)
{
    struct digest_key key;
    if (getentropy(&key, sizeof key) != 0) { /* an old kernel: use what is hard to guess */
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        key.half[0] = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec;
        key.half[1] = (uint64_t)(uintptr_t)&key ^ (uint64_t)getpid() << 48;
    }
    return key;
}

#define ROTATE(x, bits) ((x) << (bits) | (x) >> (64 - (bits)))

static inline void mix(struct state *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = ROTATE(s->b, 13) ^ s->a;
    s->d = ROTATE(s->d, 16) ^ s->c;
    s->a = ROTATE(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = ROTATE(s->b, 17) ^ s->c;
    s->d = ROTATE(s->d, 21) ^ s->a;
    s->c = ROTATE(s->c, 32);
}

SIMD_CLONES
static void take_rounds(struct state *state, const unsigned char *bytes, size_t rounds)
{
    struct state s = *state;
    for (size_t i = 0; i < rounds; i++) {
        words word;
        memcpy(&word, bytes + i * ROUND_BYTES, sizeof word);
        s.d ^= word;
        mix(&s);
        s.a ^= word;
    }
    *state = s;
}

struct digest digest_of(const struct digest_key *key, const unsigned char *bytes, size_t count)
{
    const words zero = {0};
    struct state s = {
        zero + (key->half[0] ^ 0x736f6d6570736575), zero + (key->half[1] ^ 0x646f72616e646f6d),
        zero + (key->half[0] ^ 0x6c7967656e657261), zero + (key->half[1] ^ 0x7465646279746573)};
    size_t rounds = count / ROUND_BYTES;
    unsigned char rest[ROUND_BYTES] = {0};
    memcpy(rest, bytes + rounds * ROUND_BYTES, count % ROUND_BYTES);
    take_rounds(&s, bytes, rounds);
    take_rounds(&s, rest, 1);
    s.c ^= zero + 0xff;
    for (int i = 0; i < LAST_ROUNDS; i++)
        mix(&s);
    words lanes = s.a ^ s.b ^ s.c ^ s.d;
    struct digest digest = {.count = count};
    memcpy(digest.lane, &lanes, sizeof digest.lane);
    return digest;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->count == b->count && memcmp(a->lane, b->lane, sizeof a->lane) == 0;
}
