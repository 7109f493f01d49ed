/*
 * edgeblock - measure a block at the very right edge of a wide view, for tests
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: edgeblock WIDTH
 *
 * Makes a view of WIDTH columns with NaN to the right of it, and measures its rightmost block in
 * it, shifted right by fractions of a pixel around the largest that keeps the block inside. Prints
 * "inside" if no block reported as inside used a NaN, else the first shift at which one did.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "block.h"

enum { HEIGHT = 40, BEHIND = 8, TRIES = 400 };

int main(int argc, char **argv)
{
    unsigned width = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (width < BLOCK_SIDE + 2 || width > 1 << 24)
        return EXIT_FAILURE;
    size_t stride = (size_t)width + BEHIND;
    float *gray = alloc_array(HEIGHT * stride, sizeof *gray);
    for (size_t i = 0; i < HEIGHT * stride; i++)
        gray[i] = i % stride < width ? (float)(i * i % 97) / 128 : NAN;
    struct view view = {gray, NULL, stride, 0, 0, width, HEIGHT};
    struct block block = {.x = width - BLOCK_SIDE - 3, .y = 8};
    for (int i = 0; i < TRIES; i++) {
        double shift = 0.98 + 0.03 * i / TRIES; /* the last pixel needed reaches WIDTH - 2 at 1 */
        struct transform t = transform_shift(shift, 0);
        block_measure(&view, &view, &t, &block);
        if (block.inside && block.ncc == 0) { /* as for a flat block, or one with NaN */
            printf("%.6f\n", shift);
            return EXIT_FAILURE;
        }
    }
    puts("inside");
    free(gray);
    return EXIT_SUCCESS;
}
