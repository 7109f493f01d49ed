/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "input.h"
#include "message.h"
#include "rowfiles.h"

struct rowfiles {
    char *const *paths;
    off_t *offsets; /* where each raster begins */
    unsigned count;
    struct frame geometry;
};

struct rowfiles *rowfiles_open(char *const *operands, unsigned count)
{
    struct rowfiles *files = alloc_zeroed(1, sizeof *files);
    files->paths = operands;
    files->count = count;
    files->offsets = alloc_array(count, sizeof *files->offsets);
    bool fit = count > 0;
    for (unsigned i = 0; i < count && fit; i++) {
        struct frame frame = {0};
        fit = strcmp(operands[i], "-") != 0 && input_probe(operands[i], &frame, &files->offsets[i]);
        free(frame.name);
        frame.name = NULL;
        if (i == 0)
            files->geometry = frame;
        fit = fit && frame_same_geometry(&frame, &files->geometry) &&
              strcmp(frame.comments, files->geometry.comments) == 0;
    }
    if (fit)
        return files;
    rowfiles_free(files);
    return NULL;
}

void rowfiles_free(struct rowfiles *files)
{
    if (!files)
        return;
    free(files->offsets);
    free(files);
}

unsigned rowfiles_count(const struct rowfiles *files)
{
    return files->count;
}

const struct frame *rowfiles_geometry(const struct rowfiles *files)
{
    return &files->geometry;
}

void rowfiles_rows(struct rowfiles *files, unsigned i, unsigned first, unsigned count,
                   unsigned char *raster)
{
    size_t row_bytes = frame_row_bytes(&files->geometry), left = count * row_bytes;
    off_t at = files->offsets[i] + (off_t)(first * row_bytes);
    off_t end = files->offsets[i] + (off_t)frame_raster_bytes(&files->geometry);
    struct stat status;
    int descriptor = open(files->paths[i], O_RDONLY);
    if (descriptor >= 0 && (fstat(descriptor, &status) != 0 || status.st_size != end))
        message_error("%s changed while it was read: it was %lld bytes long, and now is %lld",
                      files->paths[i], (long long)end, (long long)status.st_size);
    while (descriptor >= 0 && left > 0) {
        ssize_t got = pread(descriptor, raster, left, at);
        if (got <= 0)
            message_error("%s cannot be read: %s", files->paths[i],
                          got < 0 ? strerror(errno) : "it became shorter");
        raster += got;
        at += got;
        left -= (size_t)got;
    }
    if (descriptor < 0)
        message_error("%s cannot be read: %s", files->paths[i], strerror(errno));
    close(descriptor);
}
