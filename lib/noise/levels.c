/* SPDX-License-Identifier: MIT */

#include <stdint.h>

#include "levels.h"

void levels_fit(const struct levels *from, const struct levels *to, const struct frame *frame,
                unsigned char *raster, size_t count)
{
    double scale = (double)(to->white - to->black) / (from->white - from->black);
    unsigned bytes = frame_sample_bytes(frame);
    if (from->black == to->black && from->white == to->white)
        return;
    for (; count > 0; count--, raster += bytes) {
        uint16_t sample;
        frame_unpack(raster, bytes, 1, &sample);
        double value = to->black + ((double)sample - from->black) * scale + .5;
        sample = (uint16_t)(value < 0 ? 0 : value > frame->maxval ? frame->maxval : value);
        frame_pack(&sample, bytes, 1, raster);
    }
}
