/* SPDX-License-Identifier: MIT */

#ifndef FUSION_H
#define FUSION_H

#include <stdbool.h>
#include <stdint.h>

#include "choice.h"
#include "depth.h"
#include "layer.h"
#include "threads.h"

/* What fuse.h promises, in parts: fuse.c adds frames, picture.c makes the picture of them. */

/* The rows of the frame, or the picture, that a thread has in work. */
struct rows {
    uint16_t *pixels, *samples;
    float *row, *pooled;
};

struct fuse {
    unsigned colors; /* planes without opacity */
    unsigned maxval, frames;
    unsigned sharpness;
    unsigned base; /* the number of the last layer, at least 1 */
    struct layer layer[LAYERS_MAX];
    unsigned char *shown;  /* of each pixel: any frame has opacity there; NULL: frames are opaque */
    bool keep_opacity;     /* the picture has the plane even where all is shown */
    struct depth *depth;   /* or NULL */
    struct choice *choice; /* or NULL */
    struct rows *rows;     /* of each thread */
    float *none, *all;     /* rows of 0 and of 1 */
};

/* The rows of the thread that calls. */
static inline struct rows *fusion_rows(const struct fuse *fuse)
{
    return &fuse->rows[threads_number()];
}

/* The level on which the depth map is made, in a pyramid with that base. */
static inline unsigned fusion_depth_level(unsigned base)
{
    enum { DEPTH_LEVEL = 2 };
    return base < DEPTH_LEVEL ? base : DEPTH_LEVEL;
}

#endif
