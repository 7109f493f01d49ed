/* SPDX-License-Identifier: MIT */

#include <sys/stat.h>

#include "input.h"
#include "message.h"
#include "reference.h"

void reference_check_rereadable(char *const *operands, unsigned count)
{
    struct stat status;
    for (unsigned i = 0; i < count; i++)
        if (stat(operands[i], &status) == 0 && !S_ISREG(status.st_mode))
            message_error(
                "%s is no regular file, but it would have to be read twice, first to look at all "
                "frames: make it a file, or give the frames on standard input",
                operands[i]);
}

/* The number, from 0, of the middle image of the operands. */
static unsigned middle(char *const *operands, unsigned count, struct roll *roll)
{
    reference_check_rereadable(operands, count);
    struct frame frame = {0};
    struct input *in = input_open(operands, count, NULL);
    input_keep_roll(in, roll);
    unsigned images = 0;
    for (; input_next(in, &frame); images++)
        input_skip(in, &frame);
    input_close(in);
    frame_free(&frame);
    return images / 2;
}

void reference_read(const char *path, char *const *operands, unsigned count, struct roll *roll,
                    struct frame *frame)
{
    if (path) {
        input_read_single(path, frame);
        return;
    }
    unsigned before = middle(operands, count, roll);
    struct input *in = input_open(operands, count, NULL);
    input_keep_roll(in, roll);
    for (; before > 0 && input_next(in, frame); before--)
        input_skip(in, frame);
    input_read(in, frame);
    input_close(in);
}
