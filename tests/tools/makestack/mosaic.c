/* SPDX-License-Identifier: MIT */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "mosaic.h"

unsigned mosaic_channel(unsigned x, unsigned y)
{
    return (x & 1) + (y & 1);
}

/* I + STEP, mirrored at the ends of 0 .. N - 1 without repeating the edge, so that the pattern goes
   on. */
static unsigned mirrored(unsigned i, int step, unsigned n)
{
    int at = (int)i + step;
    return at < 0 ? 1 : at >= (int)n ? n - 2 : (unsigned)at;
}

/* Those of the 3x3 pixels around X, Y that see CHANNEL are the nearest ones. */
static unsigned mean_around(const struct frame *mosaic, unsigned x, unsigned y, unsigned channel)
{
    unsigned sum = 0, count = 0;
    for (int j = -1; j <= 1; j++)
        for (int i = -1; i <= 1; i++)
            if (mosaic_channel(x + (unsigned)i, y + (unsigned)j) == channel) {
                sum += frame_get(mosaic, mirrored(x, i, mosaic->width),
                                 mirrored(y, j, mosaic->height), channel);
                count++;
            }
    return (sum + count / 2) / count;
}

void mosaic_interpolate(struct frame *frame)
{
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    struct frame mosaic = *frame;
    frame_alloc(&mosaic);
    memcpy(mosaic.raster, frame->raster, frame_raster_bytes(frame));
    for (unsigned y = 0; y < frame->height; y++) {
        frame_get_row(&mosaic, y, samples);
        for (unsigned x = 0; x < frame->width; x++)
            for (unsigned c = 0; c < 3; c++)
                if (mosaic_channel(x, y) != c)
                    samples[(size_t)x * frame->depth + c] = (uint16_t)mean_around(&mosaic, x, y, c);
        frame_put_row(frame, y, samples);
    }
    free(mosaic.raster);
    free(samples);
}
