/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "message.h"
#include "roll.h"

#define CHANGED "when the files were read first: they changed meanwhile"

struct roll {
    struct frame geometry; /* width 0: not known yet */
    char **names;
    unsigned count;
    size_t room;
    bool complete; /* one reading has come to the end */
};

struct roll *roll_new(void)
{
    return alloc_zeroed(1, sizeof(struct roll));
}

void roll_free(struct roll *roll)
{
    for (unsigned i = 0; i < roll->count; i++)
        free(roll->names[i]);
    free(roll->names);
    free(roll);
}

void roll_geometry(struct roll *roll, const struct frame *frame)
{
    if (roll->geometry.width == 0) {
        roll->geometry = *frame;
        roll->geometry.name = NULL;
        roll->geometry.raster = NULL;
    }
    if (!frame_same_geometry(frame, &roll->geometry))
        message_error("frame %s is %s, but it was %s " CHANGED, frame->name,
                      frame_geometry_text(frame), frame_geometry_text(&roll->geometry));
}

static void enter(struct roll *roll, const char *name)
{
    roll->names = alloc_grow(roll->names, roll->count, &roll->room, sizeof *roll->names);
    roll->names[roll->count++] = alloc_string(name);
}

void roll_name(struct roll *roll, unsigned index, const char *name)
{
    if (index == roll->count && !roll->complete)
        enter(roll, name);
    else if (index >= roll->count)
        message_error("frame %s was not there " CHANGED, name);
    else if (strcmp(name, roll->names[index]) != 0)
        message_error("frame %s was called %s " CHANGED, name, roll->names[index]);
}

void roll_end(struct roll *roll, unsigned count)
{
    if (count < roll->count)
        message_error("frame %s is gone; it was there " CHANGED, roll->names[count]);
    roll->complete = true;
}
