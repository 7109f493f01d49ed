/* SPDX-License-Identifier: MIT */

/* Patches an EXIF block, which may only become shorter, and what is left once more. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "exif.h"
#include "fuzz.h"

enum { WIDTH = 640, HEIGHT = 70000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    /* Of its exact size, so that the sanitizer sees what lies outside. */
    uint8_t *block = malloc(count);
    if (count > 0)
        memcpy(block, bytes, count);
    unsigned before = exif_orientation(block, count);
    size_t patched = exif_patch(block, count, WIDTH, HEIGHT);
    assert(before <= 8 && patched <= count);
    if (patched > 0) {
        uint8_t *again = malloc(patched);
        memcpy(again, block, patched);
        assert(exif_orientation(again, patched) <= 8);
        assert(exif_patch(again, patched, WIDTH, HEIGHT) <= patched);
        free(again);
    }
    free(block);
    return 0;
}
