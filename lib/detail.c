/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "detail.h"
#include "pyramid.h"

struct detail {
    unsigned count, side;
    float *gray;         /* COUNT windows */
    unsigned char *seen; /* likewise, or NULL */
    unsigned *x, *y;     /* their upper left pixels */
};

/* Where a window of SIDE pixels around MIDDLE begins, if it is to lie within 0..SIZE. */
static unsigned begin(double middle, unsigned side, unsigned size)
{
    double first = floor(middle - 0.5 * (side - 1) + 0.5);
    return (unsigned)fmax(0, fmin(size - side, first));
}

struct detail *detail_cut(const struct frame *frame, unsigned side, const struct transform *t,
                          unsigned count, const struct block *blocks)
{
    if (frame->width < side || frame->height < side)
        return NULL;
    struct detail *detail = alloc_zeroed(1, sizeof *detail);
    size_t area = (size_t)side * side;
    detail->count = count;
    detail->side = side;
    detail->gray = alloc_array(count * area, sizeof *detail->gray);
    detail->seen = frame_has_opacity(frame) ? alloc_array(count * area, 1) : NULL;
    detail->x = alloc_array(count, sizeof *detail->x);
    detail->y = alloc_array(count, sizeof *detail->y);
    for (unsigned k = 0; k < count; k++) {
        double u = 0, v = 0, middle = 0.5 * (BLOCK_SIDE - 1);
        transform_point(t, blocks[k].x + middle, blocks[k].y + middle, &u, &v);
        detail->x[k] = begin(u, side, frame->width);
        detail->y[k] = begin(v, side, frame->height);
        pyramid_window(frame, detail->x[k], detail->y[k], side, side, detail->gray + k * area,
                       detail->seen ? detail->seen + k * area : NULL);
    }
    return detail;
}

struct view detail_view(const struct detail *detail, unsigned block)
{
    size_t start = (size_t)block * detail->side * detail->side;
    return (struct view){.gray = detail->gray + start,
                         .seen = detail->seen ? detail->seen + start : NULL,
                         .stride = detail->side,
                         .x = detail->x[block],
                         .y = detail->y[block],
                         .width = detail->side,
                         .height = detail->side};
}

void detail_free(struct detail *detail)
{
    if (!detail)
        return;
    free(detail->gray);
    free(detail->seen);
    free(detail->x);
    free(detail->y);
    free(detail);
}

unsigned detail_choose(const struct frame *frame, const struct block *coarse, unsigned count,
                       unsigned most, struct block *blocks)
{
    enum { QUARTERS = 4, SIDE = BLOCK_SIDE + 2 };
    struct block *all = alloc_zeroed((size_t)QUARTERS * count, sizeof *all);
    float gray[SIDE * SIDE];
    unsigned char seen[SIDE * SIDE];
    unsigned found = 0;
    for (unsigned k = 0; k < QUARTERS * count; k++) {
        struct block *block = &all[found];
        block->x = 2 * coarse[k / QUARTERS].x + (k & 1) * BLOCK_SIDE;
        block->y = 2 * coarse[k / QUARTERS].y + (k >> 1 & 1) * BLOCK_SIDE;
        if (block->x + BLOCK_SIDE >= frame->width || block->y + BLOCK_SIDE >= frame->height)
            continue;
        pyramid_window(frame, block->x - 1, block->y - 1, SIDE, SIDE, gray, seen);
        struct view view = {.gray = gray,
                            .seen = frame_has_opacity(frame) ? seen : NULL,
                            .stride = SIDE,
                            .x = block->x - 1,
                            .y = block->y - 1,
                            .width = SIDE,
                            .height = SIDE};
        block->information = blocks_information(&view, block->x, block->y);
        found += block->information > 0;
    }
    blocks_order(all, found, frame->width, frame->height, most);
    found = found < most ? found : most;
    memcpy(blocks, all, found * sizeof *blocks);
    free(all);
    return found;
}
