/* SPDX-License-Identifier: MIT */

/* Reads a PNG, its checksums corrected so that the code behind them is reached. Writes what it read
   and reads it again, which must give the same. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fuzz.h"
#include "input.h"
#include "png_io.h"

enum { PIXELS_MAX = 1 << 16 }; /* more would only cost time */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* A file, and the frame read from it. */
struct image {
    const char *path;
    struct frame frame;
};

static void read_small(void *argument)
{
    struct image *image = argument;
    char *operands[] = {(char *)(size_t)image->path};
    struct input *in = input_open(operands, 1, NULL);
    if (input_next(in, &image->frame) &&
        (size_t)image->frame.width * image->frame.height <= PIXELS_MAX) {
        frame_alloc(&image->frame);
        input_rows(in, &image->frame, image->frame.raster, image->frame.height);
    }
    input_close(in);
}

static char *write_again(const struct frame *frame, size_t *size)
{
    char *bytes;
    FILE *file = open_memstream(&bytes, size);
    struct png_writer *writer = png_writer_open(file, "fuzz", frame);
    png_writer_rows(writer, frame->raster, frame->height);
    png_writer_finish(writer);
    fclose(file);
    return bytes;
}

static void check_again(const struct frame *frame)
{
    size_t size;
    char *bytes = write_again(frame, &size);
    struct image again = {.path = fuzz_file(bytes, size)};
    bool ended = fuzz_run(read_small, &again);
    assert(ended && frame_same_geometry(&again.frame, frame));
    assert(memcmp(again.frame.raster, frame->raster, frame_raster_bytes(frame)) == 0);
    frame_free(&again.frame);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    uint8_t *mended = alloc_array(count, 1);
    memcpy(mended, bytes, count);
    fuzz_mend_png(mended, count);
    struct image image = {.path = fuzz_file(mended, count)};
    free(mended);
    if (!fuzz_run(read_small, &image))
        return 0;
    if (image.frame.raster && image.frame.maxval == png_maxval(&image.frame))
        check_again(&image.frame);
    frame_free(&image.frame);
    return 0;
}
