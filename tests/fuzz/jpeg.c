/* SPDX-License-Identifier: MIT */

/* Reads a JPEG twice: both times it must be the same frame, or none. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "jpeg.h"
#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

struct reading {
    const char *path;
    struct frame frame;
    char *error;
};

static void read_photograph(void *argument)
{
    struct reading *reading = argument;
    FILE *file = fopen(reading->path, "rb");
    assert(file);
    reading->error = jpeg_read(file, "fuzz", &reading->frame);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct reading first = {.path = fuzz_file(bytes, count)}, again = {.path = first.path};
    message_silence();
    if (!fuzz_run(read_photograph, &first))
        return 0;
    bool ended = fuzz_run(read_photograph, &again);
    assert(ended && !first.error == !again.error);
    if (!first.error)
        assert(frame_same_geometry(&first.frame, &again.frame) &&
               memcmp(first.frame.raster, again.frame.raster, frame_raster_bytes(&again.frame)) ==
                   0);
    free(first.error);
    free(again.error);
    frame_free(&first.frame);
    frame_free(&again.frame);
    return 0;
}
