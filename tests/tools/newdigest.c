/*
 * newdigest - the digest of fixed bytes under a new key, for tests
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: newdigest
 *
 * Prints the lanes of the digest in hexadecimal. No two runs print the same.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "digest.h"

int main(void)
{
    static const unsigned char bytes[] = "the same bytes in every run";
    struct digest_key key = digest_new_key();
    struct digest digest = digest_of(&key, bytes, sizeof bytes);
    for (int i = 0; i < DIGEST_LANES; i++)
        printf("%016" PRIx64 "%c", digest.lane[i], i + 1 < DIGEST_LANES ? ' ' : '\n');
    return EXIT_SUCCESS;
}
