/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "alloc.h"
#include "photo.h"
#include "scale.h"

static double machine_bytes(void)
{
    return (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

char *photo_header(struct frame *frame, unsigned long width, unsigned long height, unsigned depth,
                   unsigned maxval)
{
    static const char *const tuple_types[] = {"", "GRAYSCALE", "GRAYSCALE_ALPHA", "RGB",
                                              "RGB_ALPHA"};
    enum { SIDE_MAX = 65535 };
    if (width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return alloc_printf("%lux%lu pixels; a photograph has 1 to %d on each side", width, height,
                            SIDE_MAX);
    frame->width = (unsigned)width;
    frame->height = (unsigned)height;
    frame->depth = depth;
    frame->maxval = maxval;
    strcpy(frame->tuple_type, tuple_types[depth]);
    frame->threshold = 0;
    frame->comments[0] = '\0';
    return NULL;
}

char *photo_begin(struct frame *frame, unsigned long width, unsigned long height, unsigned depth,
                  unsigned maxval)
{
    size_t before = frame->raster ? frame_raster_bytes(frame) : 0;
    char *error = photo_header(frame, width, height, depth, maxval);
    if (error)
        return error;
    size_t bytes = frame_raster_bytes(frame);
    if (bytes == before)
        return NULL;
    free(frame->raster);
    frame->raster = NULL;
    if ((double)bytes >= machine_bytes())
        return alloc_printf("%lux%lu pixels take %.1f GiB of memory, which this machine does not "
                            "have",
                            width, height, (double)bytes / (1 << 30));
    frame_alloc(frame);
    return NULL;
}

void photo_deepen(struct frame *frame)
{
    enum { DEEP = 65535 };
    struct frame deep = *frame;
    if (frame->maxval == DEEP)
        return;
    deep.maxval = DEEP;
    frame_alloc(&deep);
    size_t count = frame_row_samples(frame);
    uint16_t *scaled = scale_table(frame->maxval, DEEP);
    uint16_t *samples = alloc_array(count, sizeof *samples);
    for (unsigned row = 0; row < frame->height; row++) {
        frame_get_row(frame, row, samples);
        for (size_t i = 0; i < count; i++)
            samples[i] = scaled[samples[i]];
        frame_put_row(&deep, row, samples);
    }
    free(samples);
    free(scaled);
    free(frame->raster);
    *frame = deep;
}

void *photo_block(size_t bytes)
{
    return (double)bytes < machine_bytes() ? malloc(bytes) : NULL;
}

char *photo_convert(const char *what, const char *way)
{
    return alloc_printf("%s: convert it first, as with \"%s\"", what, way);
}
