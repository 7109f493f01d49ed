/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "fine_window.h"
#include "pyramid.h"

enum { SHARE = 64 /* blocks that a thread takes at a time */ };

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

/* Where a window around MIDDLE begins, kept within an axis of SIZE pixels. */
static unsigned begin(double middle, unsigned size)
{
    double first = floor(middle - 0.5 * (FINE_WINDOW_SIDE - 1) + 0.5);
    return (unsigned)fmax(0, fmin(size - FINE_WINDOW_SIDE, first));
}

struct view fine_window_around(const struct frame *frame, const struct transform *t,
                               const struct block *block, struct fine_window *window)
{
    double u, v, middle = 0.5 * (BLOCK_SIDE - 1);
    if (frame->width < FINE_WINDOW_SIDE || frame->height < FINE_WINDOW_SIDE ||
        !transform_point(t, block->x + middle, block->y + middle, &u, &v))
        return (struct view){.width = 0};
    return cut(frame, begin(u, frame->width), begin(v, frame->height), FINE_WINDOW_SIDE,
               window->gray, window->seen);
}

struct view fine_window_keep(const struct frame *frame, const struct block *block, float *gray,
                             unsigned char *seen)
{
    return cut(frame, block->x - 1, block->y - 1, BLOCK_SIDE + 2, gray, seen);
}

unsigned fine_window_choose(const struct frame *frame, const struct block *coarse, unsigned count,
                            unsigned most, struct block *blocks)
{
    enum { QUARTERS = 4 };
    struct block *all = alloc_zeroed((size_t)QUARTERS * count, sizeof *all);
#pragma omp parallel for schedule(dynamic, SHARE) if (count > SHARE)
    for (unsigned k = 0; k < QUARTERS * count; k++) {
        float gray[FINE_WINDOW_KEPT];
        unsigned char seen[FINE_WINDOW_KEPT];
        struct block *block = &all[k];
        block->x = 2 * coarse[k / QUARTERS].x + (k & 1) * BLOCK_SIDE;
        block->y = 2 * coarse[k / QUARTERS].y + (k >> 1 & 1) * BLOCK_SIDE;
        if (block->x + BLOCK_SIDE >= frame->width || block->y + BLOCK_SIDE >= frame->height)
            continue;
        struct view view = fine_window_keep(frame, block, gray, seen);
        block_look(&view, block);
    }
    unsigned found = block_best(all, QUARTERS * count, frame->width, frame->height, most, blocks);
    free(all);
    return found;
}
