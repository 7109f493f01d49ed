/* SPDX-License-Identifier: MIT */

#include "input.h"
#include "map.h"
#include "message.h"

void map_read(char *const *operands, unsigned count, struct frame *map)
{
    struct frame second = {0};
    struct input *in = input_open(operands, count, NULL);
    input_read(in, map);
    if (input_next(in, &second))
        message_error(
            "one deviation map is wanted; several images came in. noisedetect -map makes it");
    input_close(in);
    if (frame_has_opacity(map))
        message_error("%s is no deviation map: it has an opacity plane", map->name);
}
