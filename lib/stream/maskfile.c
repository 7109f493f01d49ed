/* SPDX-License-Identifier: MIT */

#include "alloc.h"
#include "input.h"
#include "maskfile.h"
#include "message.h"

void maskfile_read(const char *path, struct mask *mask)
{
    char *operands[] = {(char *)(size_t)path};
    struct input *in = input_open(operands, 1, NULL);
    struct frame image = {0};
    while (input_read(in, &image))
        mask_add(mask, &image);
    input_close(in);
    frame_free(&image);
}

void maskfile_check_count(const char *path, const struct mask *mask, unsigned limit)
{
    unsigned long count = mask_count(mask);
    if (limit && count > limit)
        message_refuse("%s marks %lu pixels; the limit is %u. Nothing was written. Raise "
                       "noisedetect's -threshold (\"noisehist -target=%u\" proposes one), use "
                       "-statistic=persistent, or set -maxpixels.",
                       path, count, limit, limit);
}

char *maskfile_misfit(const char *path, const struct mask *mask, const struct frame *frame)
{
    if (frame->width == mask->width && frame->height == mask->height)
        return NULL;
    return alloc_printf("the mask %s is %ux%u pixels, but frame %s is %ux%u: make the mask from "
                        "frames of that size",
                        path, mask->width, mask->height, frame->name, frame->width, frame->height);
}
