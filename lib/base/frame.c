/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "frame.h"
#include "simd.h"

void frame_alloc(struct frame *frame)
{
    frame->raster = alloc_array(frame->height, frame_row_bytes(frame));
}

void frame_free(struct frame *frame)
{
    free(frame->name);
    free(frame->raster);
    *frame = (struct frame){0};
}

unsigned frame_sample_bytes(const struct frame *frame)
{
    return frame->maxval > 255 ? 2 : 1;
}

size_t frame_row_samples(const struct frame *frame)
{
    return (size_t)frame->width * frame->depth;
}

size_t frame_row_bytes(const struct frame *frame)
{
    return frame_row_samples(frame) * frame_sample_bytes(frame);
}

size_t frame_raster_bytes(const struct frame *frame)
{
    return frame_row_bytes(frame) * frame->height;
}

unsigned frame_strip_rows(const struct frame *frame, unsigned row, size_t bytes)
{
    size_t rows = bytes / frame_row_bytes(frame);
    unsigned left = frame->height - row;
    return rows == 0 ? 1 : rows < left ? (unsigned)rows : left;
}

unsigned frame_colors(const struct frame *frame)
{
    return frame->depth >= 3 ? 3 : 1;
}

bool frame_has_opacity(const struct frame *frame)
{
    return frame->depth > frame_colors(frame);
}

bool frame_same_geometry(const struct frame *a, const struct frame *b)
{
    return a->width == b->width && a->height == b->height && a->depth == b->depth &&
           a->maxval == b->maxval;
}

char *frame_geometry_text(const struct frame *frame)
{
    return alloc_printf("%ux%u, depth %u, maxval %u", frame->width, frame->height, frame->depth,
                        frame->maxval);
}

SIMD_CLONES
static void unpack_bytes(const unsigned char *restrict raster, size_t count,
                         uint16_t *restrict samples)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = raster[i];
}

SIMD_CLONES
static void unpack_pairs(const unsigned char *restrict raster, size_t count,
                         uint16_t *restrict samples)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = (uint16_t)(raster[2 * i] << 8 | raster[2 * i + 1]);
}

SIMD_CLONES
static void pack_bytes(const uint16_t *restrict samples, size_t count,
                       unsigned char *restrict raster)
{
    for (size_t i = 0; i < count; i++)
        raster[i] = (unsigned char)samples[i];
}

SIMD_CLONES
static void pack_pairs(const uint16_t *restrict samples, size_t count,
                       unsigned char *restrict raster)
{
    for (size_t i = 0; i < count; i++) {
        raster[2 * i] = (unsigned char)(samples[i] >> 8);
        raster[2 * i + 1] = (unsigned char)samples[i];
    }
}

void frame_unpack(const unsigned char *raster, unsigned sample_bytes, size_t count,
                  uint16_t *samples)
{
    if (sample_bytes == 1)
        unpack_bytes(raster, count, samples);
    else
        unpack_pairs(raster, count, samples);
}

void frame_pack(const uint16_t *samples, unsigned sample_bytes, size_t count, unsigned char *raster)
{
    if (sample_bytes == 1)
        pack_bytes(samples, count, raster);
    else
        pack_pairs(samples, count, raster);
}

void frame_get_row(const struct frame *frame, unsigned row, uint16_t *samples)
{
    frame_unpack(frame->raster + row * frame_row_bytes(frame), frame_sample_bytes(frame),
                 frame_row_samples(frame), samples);
}

void frame_put_row(struct frame *frame, unsigned row, const uint16_t *samples)
{
    frame_pack(samples, frame_sample_bytes(frame), frame_row_samples(frame),
               frame->raster + row * frame_row_bytes(frame));
}

static unsigned char *sample_at(const struct frame *frame, unsigned column, unsigned row,
                                unsigned plane)
{
    size_t sample = (size_t)column * frame->depth + plane;
    return frame->raster + row * frame_row_bytes(frame) + sample * frame_sample_bytes(frame);
}

unsigned frame_get(const struct frame *frame, unsigned column, unsigned row, unsigned plane)
{
    uint16_t sample;
    frame_unpack(sample_at(frame, column, row, plane), frame_sample_bytes(frame), 1, &sample);
    return sample;
}

void frame_put(struct frame *frame, unsigned column, unsigned row, unsigned plane, unsigned sample)
{
    uint16_t value = (uint16_t)sample;
    frame_pack(&value, frame_sample_bytes(frame), 1, sample_at(frame, column, row, plane));
}
