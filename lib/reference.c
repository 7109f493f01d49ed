/* SPDX-License-Identifier: MIT */

#include <string.h>

#include <sys/stat.h>

#include <netpbm/pm.h>

#include "input.h"
#include "reference.h"

/* Ends the program where an operand cannot be read a second time. */
static void check_rereadable(char *const *operands, unsigned count)
{
    struct stat status;
    for (unsigned i = 0; i < count; i++)
        if (stat(operands[i], &status) == 0 && !S_ISREG(status.st_mode))
            pm_error("%s is no regular file, but it would have to be read twice, first to find the "
                     "reference frame: use -reference=FILE, or make it a file",
                     operands[i]);
}

unsigned reference_middle(char *const *operands, unsigned count)
{
    check_rereadable(operands, count);
    struct frame frame = {0};
    struct input *in = input_open(operands, count, NULL);
    unsigned images = 0;
    for (; input_next(in, &frame); images++)
        input_skip(in, &frame);
    input_close(in);
    frame_free(&frame);
    return images / 2;
}

static bool same_samples(const struct frame *a, const struct frame *b)
{
    return frame_same_geometry(a, b) && memcmp(a->raster, b->raster, frame_raster_bytes(a)) == 0;
}

unsigned reference_find(const char *path, char *const *operands, unsigned count)
{
    check_rereadable(operands, count);
    struct frame reference = {0}, frame = {0};
    input_read_single(path, &reference);
    struct input *in = input_open(operands, count, NULL);
    unsigned index = 0;
    bool found = false;
    while (!found && input_read(in, &frame)) {
        found = same_samples(&frame, &reference);
        index += !found;
    }
    input_close(in);
    if (!found)
        pm_error("the reference %s is none of the frames that were named", path);
    frame_free(&frame);
    frame_free(&reference);
    return index;
}

void reference_read(const char *path, char *const *operands, unsigned count, struct frame *frame)
{
    if (path) {
        input_read_single(path, frame);
        return;
    }
    unsigned before = reference_middle(operands, count);
    struct input *in = input_open(operands, count, NULL);
    for (; before > 0 && input_next(in, frame); before--)
        input_skip(in, frame);
    input_read(in, frame);
    input_close(in);
}
