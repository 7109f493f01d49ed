/* SPDX-License-Identifier: MIT */

/* Reads the pages of a TIFF twice: both times they must be the same frames. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "message.h"
#include "tiff.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { PAGES_MAX = 4 }; /* more would only cost time */

struct reading {
    const char *path;
    struct frame frame; /* the last one */
    unsigned pages, read;
    unsigned long sum; /* of all samples' bytes and their places */
};

static void add_up(struct reading *reading)
{
    size_t bytes = frame_raster_bytes(&reading->frame);
    for (size_t i = 0; i < bytes; i++)
        reading->sum += (i + 1) * reading->frame.raster[i];
}

static void read_photograph(void *argument)
{
    struct reading *reading = argument;
    FILE *file = fopen(reading->path, "rb");
    assert(file);
    char *error;
    struct tiff *tiff = tiff_open(file, "fuzz", &error);
    free(error);
    reading->pages = tiff ? tiff_pages(tiff) : 0;
    for (unsigned i = 0; i < reading->pages && i < PAGES_MAX; i++) {
        error = tiff_read(tiff, i, &reading->frame);
        if (!error) {
            reading->read++;
            add_up(reading);
        }
        free(error);
    }
    if (tiff)
        tiff_close(tiff);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct reading first = {.path = fuzz_file(bytes, count)}, again = {.path = first.path};
    message_silence();
    if (!fuzz_run(read_photograph, &first))
        return 0;
    bool ended = fuzz_run(read_photograph, &again);
    assert(ended && first.pages == again.pages && first.read == again.read);
    assert(first.sum == again.sum);
    frame_free(&first.frame);
    frame_free(&again.frame);
    return 0;
}
