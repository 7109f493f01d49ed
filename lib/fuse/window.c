/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "window.h"

void window_alloc(struct window *window, unsigned height, size_t samples, unsigned kept)
{
    *window = (struct window){.height = height, .samples = samples, .kept = kept};
    window->rows = alloc_zeroed(alloc_product(kept, samples), sizeof *window->rows);
}

void window_free(struct window *window)
{
    free(window->rows);
    *window = (struct window){0};
}

static float *slot(const struct window *window, unsigned row)
{
    return window->rows + row % window->kept * window->samples;
}

float *window_next(const struct window *window)
{
    return slot(window, window->got);
}

const float *window_row(const struct window *window, long row)
{
    return slot(window, window_mirror(row, window->height));
}

unsigned window_mirror(long i, unsigned n)
{
    long period = n > 1 ? 2 * ((long)n - 1) : 1;
    i = labs(i) % period;
    return (unsigned)(i < (long)n ? i : period - i);
}

void window_pad(float *row, unsigned count, unsigned reach)
{
    for (long i = 1; i <= (long)reach; i++) {
        row[-i] = row[window_mirror(-i, count)];
        row[(long)count - 1 + i] = row[window_mirror((long)count - 1 + i, count)];
    }
}
