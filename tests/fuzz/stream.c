/* SPDX-License-Identifier: MIT */

/* Reads a stream of frames whole, and again skipping the rasters: both must see the same frames. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fuzz.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* What was seen of a stream. */
struct seen {
    const char *path;
    bool skip;
    unsigned frames;
    struct frame last; /* without raster */
    char name[256];
};

static void see(void *argument)
{
    struct seen *seen = argument;
    char *operands[] = {(char *)(size_t)seen->path};
    struct input *in = input_open(operands, 1, NULL);
    struct frame frame = {0};
    while (seen->skip ? input_next(in, &frame) : input_read(in, &frame)) {
        if (seen->skip)
            input_skip(in, &frame);
        seen->frames++;
        strncpy(seen->name, frame.name, sizeof seen->name - 1);
        seen->last = frame;
    }
    input_close(in);
    frame_free(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct seen read = {.path = fuzz_file(bytes, count)},
                passed = {.path = read.path, .skip = true};
    if (!fuzz_run(see, &read))
        return 0;
    bool ended = fuzz_run(see, &passed);
    assert(ended && passed.frames == read.frames && strcmp(passed.name, read.name) == 0);
    assert(frame_same_geometry(&passed.last, &read.last));
    assert(passed.last.threshold == read.last.threshold);
    return 0;
}
