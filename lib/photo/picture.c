/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "comments.h"
#include "picture.h"
#include "scale.h"

struct picture {
    struct frame geometry;
    const struct frame *frame;
    const unsigned char *first; /* the frame's pixel that is the picture's first */
    ptrdiff_t step, row_step;   /* bytes from there to the next pixel, and to the next row */
    unsigned char *row;         /* of the frame's samples, turned */
    uint16_t *samples;
    uint16_t *scaled; /* a table, or NULL if samples stay as they are */
    bool over;        /* a background */
    unsigned background[3];
};

/*
 * Orientation N of EXIF tells at which sides of the upright picture the frame's first row and first
 * column lie: 1 top and left, 2 top and right, 3 bottom and right, 4 bottom and left; 5 to 8 left
 * and top, right and top, right and bottom, left and bottom. So a step to the right in the picture
 * is one along the frame's rows, or from 5 on along its columns, forwards or backwards.
 */
static void turn(struct picture *picture, unsigned orientation)
{
    const struct frame *frame = picture->frame;
    size_t pixel = frame_row_bytes(frame) / frame->width, row = frame_row_bytes(frame);
    bool transposed = orientation >= 5;
    bool columns_back =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool rows_back = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    ptrdiff_t along = columns_back ? -(ptrdiff_t)pixel : (ptrdiff_t)pixel;
    ptrdiff_t down = rows_back ? -(ptrdiff_t)row : (ptrdiff_t)row;
    picture->first = frame->raster + (columns_back ? (frame->width - 1) * pixel : 0) +
                     (rows_back ? (frame->height - 1) * row : 0);
    picture->step = transposed ? down : along;
    picture->row_step = transposed ? along : down;
    picture->geometry.width = transposed ? frame->height : frame->width;
    picture->geometry.height = transposed ? frame->width : frame->height;
}

struct picture *picture_new(const struct frame *frame, unsigned maxval,
                            const unsigned background[3])
{
    struct picture *picture = alloc_zeroed(1, sizeof *picture);
    picture->frame = frame;
    picture->geometry = *frame;
    picture->geometry.name = NULL;
    picture->geometry.raster = NULL;
    picture->geometry.maxval = maxval;
    turn(picture, comments_orientation(frame));
    picture->over = background && frame_has_opacity(frame);
    if (picture->over) {
        picture->geometry.depth = frame_colors(frame);
        memcpy(picture->background, background, sizeof picture->background);
    }
    size_t samples = (size_t)picture->geometry.width * frame->depth;
    picture->row = alloc_array(samples, frame_sample_bytes(frame));
    picture->samples = alloc_array(samples, sizeof *picture->samples);
    if (frame->maxval != maxval)
        picture->scaled = scale_table(frame->maxval, maxval);
    return picture;
}

void picture_free(struct picture *picture)
{
    free(picture->row);
    free(picture->samples);
    free(picture->scaled);
    free(picture);
}

const struct frame *picture_geometry(const struct picture *picture)
{
    return &picture->geometry;
}

/* Row Y of the frame's samples, turned. */
static const unsigned char *turned_row(struct picture *picture, unsigned y)
{
    const unsigned char *from = picture->first + picture->row_step * (ptrdiff_t)y;
    const struct frame *frame = picture->frame;
    size_t pixel = frame->depth * frame_sample_bytes(frame);
    unsigned char *to = picture->row;
    if (picture->step == (ptrdiff_t)pixel)
        return from;
    for (unsigned x = 0; x < picture->geometry.width; x++, from += picture->step, to += pixel)
        memcpy(to, from, pixel);
    return picture->row;
}

/* Lays the row of samples over the background, scaled: rounded once. */
static void lay_over(struct picture *picture)
{
    unsigned colors = picture->geometry.depth;
    uint64_t from = picture->frame->maxval, to = picture->geometry.maxval, whole = from * from;
    const uint16_t *sample = picture->samples;
    uint16_t *out = picture->samples;
    for (unsigned x = 0; x < picture->geometry.width; x++, sample += colors + 1)
        for (unsigned c = 0; c < colors; c++) {
            uint64_t opacity = sample[colors];
            uint64_t sum =
                sample[c] * opacity * to + picture->background[c] * from * (from - opacity);
            *out++ = (uint16_t)((sum + whole / 2) / whole);
        }
}

void picture_row(struct picture *picture, unsigned y, unsigned char *raster)
{
    const unsigned char *row = turned_row(picture, y);
    size_t count = frame_row_samples(&picture->geometry);
    if (!picture->over && !picture->scaled) {
        memcpy(raster, row, frame_row_bytes(&picture->geometry));
        return;
    }
    frame_unpack(row, frame_sample_bytes(picture->frame),
                 (size_t)picture->geometry.width * picture->frame->depth, picture->samples);
    if (picture->over)
        lay_over(picture);
    else
        for (size_t i = 0; i < count; i++)
            picture->samples[i] = picture->scaled[picture->samples[i]];
    frame_pack(picture->samples, frame_sample_bytes(&picture->geometry), count, raster);
}
