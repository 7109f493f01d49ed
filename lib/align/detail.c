/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "detail.h"
#include "pyramid.h"

/* A SIDE x SIDE window of FRAME from X, Y on. */
static struct view cut(const struct frame *frame, unsigned x, unsigned y, unsigned side,
                       float *gray, unsigned char *seen)
{
    pyramid_window(frame, x, y, side, side, gray, seen);
    return (struct view){.gray = gray,
                         .seen = frame_has_opacity(frame) ? seen : NULL,
                         .stride = side,
                         .x = x,
                         .y = y,
                         .width = side,
                         .height = side};
}

/* Where a window around MIDDLE begins, if it is to lie within 0..SIZE. */
static unsigned begin(double middle, unsigned size)
{
    double first = floor(middle - 0.5 * (DETAIL_SIDE - 1) + 0.5);
    return (unsigned)fmax(0, fmin(size - DETAIL_SIDE, first));
}

struct view detail_around(const struct frame *frame, const struct transform *t,
                          const struct block *block, struct detail *detail)
{
    double u, v, middle = 0.5 * (BLOCK_SIDE - 1);
    if (frame->width < DETAIL_SIDE || frame->height < DETAIL_SIDE ||
        !transform_point(t, block->x + middle, block->y + middle, &u, &v))
        return (struct view){.width = 0};
    return cut(frame, begin(u, frame->width), begin(v, frame->height), DETAIL_SIDE, detail->gray,
               detail->seen);
}

struct view detail_keep(const struct frame *frame, const struct block *block, float *gray,
                        unsigned char *seen)
{
    return cut(frame, block->x - 1, block->y - 1, BLOCK_SIDE + 2, gray, seen);
}

unsigned detail_choose(const struct frame *frame, const struct block *coarse, unsigned count,
                       unsigned most, struct block *blocks)
{
    enum { QUARTERS = 4 };
    struct block *all = alloc_zeroed((size_t)QUARTERS * count, sizeof *all);
    float gray[DETAIL_KEPT];
    unsigned char seen[DETAIL_KEPT];
    unsigned found = 0;
    for (unsigned k = 0; k < QUARTERS * count; k++) {
        struct block *block = &all[found];
        block->x = 2 * coarse[k / QUARTERS].x + (k & 1) * BLOCK_SIDE;
        block->y = 2 * coarse[k / QUARTERS].y + (k >> 1 & 1) * BLOCK_SIDE;
        if (block->x + BLOCK_SIDE >= frame->width || block->y + BLOCK_SIDE >= frame->height)
            continue;
        struct view view = detail_keep(frame, block, gray, seen);
        block->information = blocks_information(&view, block->x, block->y);
        block->sharpness = blocks_sharpness(&view, block->x, block->y);
        found += block->information > 0;
    }
    blocks_order(all, found, frame->width, frame->height, most);
    found = found < most ? found : most;
    memcpy(blocks, all, found * sizeof *blocks);
    free(all);
    return found;
}
