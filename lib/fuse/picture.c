/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "depth_map.h"
#include "fuse.h"
#include "fusion.h"
#include "raster.h"

/* Puts a row's colours of FRAME to SAMPLES, DEPTH of each pixel, where anything is SHOWN (NULL:
   everywhere). */
static void keep_colors(const struct frame *frame, unsigned row, const unsigned char *shown,
                        unsigned depth, uint16_t *samples)
{
    for (unsigned i = 0; i < frame->width; i++)
        for (unsigned c = 0; c < frame_colors(frame) && (!shown || shown[i]); c++)
            samples[(size_t)i * depth + c] = (uint16_t)frame_get(frame, i, row, c);
}

/* Row ROW of layer L, where the next layer is finished. */
static void finish_row(struct fuse *fuse, unsigned l, unsigned row)
{
    struct layer *layer = &fuse->layer[l];
    struct lines *lines = layer_lines(layer);
    layer_solve(layer, row, lines);
    if (fuse->choice)
        choice_mix(fuse->choice, l, row, lines->doubled, image_row(&layer->sum.image, row));
    layer_clip(layer, row, lines);
}

/* Row ROW of layer 0 to FRAME; the colours are those of the frame LAST if that is the only one. */
static void put_row(const struct fuse *fuse, unsigned row, const struct frame *last,
                    struct frame *frame)
{
    unsigned width = frame->width;
    uint16_t *samples = fusion_rows(fuse)->samples;
    const float *x = image_row(&fuse->layer[0].sum.image, row);
    const unsigned char *shown = fuse->shown ? fuse->shown + (size_t)row * width : NULL;
    for (unsigned plane = 0; plane < fuse->colors; plane++)
        raster_put(x + (size_t)plane * width, width, fuse->maxval, frame->depth, samples + plane);
    if (fuse->frames == 1)
        keep_colors(last, row, shown, frame->depth, samples);
    for (unsigned i = 0; frame->depth > fuse->colors && i < width; i++)
        samples[(size_t)i * frame->depth + fuse->colors] = (uint16_t)(shown[i] * fuse->maxval);
    frame_put_row(frame, row, samples);
}

void fuse_finish(struct fuse *fuse, struct frame *frame)
{
    const struct frame last = *frame;
    layer_forget_frame(fuse->layer, fuse->base);
    for (unsigned l = fuse->base; l > 0; l--) {
        unsigned height = fuse->layer[l].height;
#pragma omp parallel for schedule(static) if (height >= 2 * LAYER_BAND)
        for (unsigned row = 0; row < height; row++)
            finish_row(fuse, l, row);
    }
    size_t pixels = (size_t)frame->width * frame->height;
    bool opacity = fuse->shown && (fuse->keep_opacity || memchr(fuse->shown, 0, pixels));
    frame->depth = fuse->colors + opacity;
    /* The rows of a single frame are read, and lie under those to come that have fewer bytes: then
       one thread goes down. */
    if (fuse->shown && !opacity)
        strcpy(frame->tuple_type, fuse->colors == 1 ? "GRAYSCALE" : "RGB");
#pragma omp parallel for schedule(static) if (fuse->frames > 1 && frame->height >= 2 * LAYER_BAND)
    for (unsigned row = 0; row < frame->height; row++) {
        finish_row(fuse, 0, row);
        put_row(fuse, row, &last, frame);
    }
}

void fuse_depth_map(struct fuse *fuse, unsigned smooth, bool opacity, struct frame *map)
{
    unsigned level = fusion_depth_level(fuse->base);
    const struct depth_map_options options = {.colors = fuse->colors,
                                              .factor = 1U << level,
                                              .count = fuse->frames,
                                              .smooth = smooth,
                                              .opacity = opacity};
    *map = (struct frame){.width = fuse->layer[0].width, .height = fuse->layer[0].height};
    depth_end(fuse->depth);
    depth_map(fuse->depth, &fuse->layer[level].sum.image, &options, map);
}
