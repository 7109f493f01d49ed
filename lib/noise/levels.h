/* SPDX-License-Identifier: MIT */

#ifndef LEVELS_H
#define LEVELS_H

#include <stddef.h>

#include "frame.h"

/* A raw frame's samples of black and white. */
struct levels {
    unsigned black, white; /* 0 <= black < white <= 65535 */
};

/* Brings COUNT samples in raster order, of a frame of FRAME's maxval, from the levels FROM to the
   levels TO: black to black, white to white, rounded half up, 0 to the maxval. */
void levels_fit(const struct levels *from, const struct levels *to, const struct frame *frame,
                unsigned char *raster, size_t count);

#endif
