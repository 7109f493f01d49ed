/* SPDX-License-Identifier: MIT */

#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One image of a stack in memory. The raster lies as Netpbm and PNG define it: rows from the top,
 * pixels from the left, the planes of a pixel side by side, a sample in one byte where the maxval
 * is at most 255, else in two, the high one first. It is read and written in bulk; numerics see it
 * row by row as 16-bit samples through frame_get_row() and frame_put_row().
 *
 * Depth 1 is gray, 2 gray and opacity, 3 RGB, 4 RGB and opacity.
 */
struct frame {
    unsigned width, height; /* pixels, at least 1 */
    unsigned depth;         /* planes, 1..4, opacity included */
    unsigned maxval;        /* the value of full scale, 1..65535 */
    char tuple_type[256];   /* as in the PAM header */
    char *name;             /* what messages, tables and files call it; owned, or NULL */
    unsigned char *raster;  /* owned, or NULL while only the header is known */
    double threshold;       /* a deviation map's default threshold, in levels; else 0 */
    char comments[1024];    /* what else travels in the frame's header: see comments.h */
};

/* Allocates the raster of a frame whose geometry is set; the samples are not initialised. */
void frame_alloc(struct frame *frame);

/* Frees what the frame owns and leaves it empty; an all-zero frame is empty. */
void frame_free(struct frame *frame);

/* Bytes of a sample, of a row, and of the raster. */
unsigned frame_sample_bytes(const struct frame *frame);
size_t frame_row_bytes(const struct frame *frame);
size_t frame_raster_bytes(const struct frame *frame);

/* How many rows, from ROW on, a strip of BYTES holds: at least 1, at most the rows left. */
unsigned frame_strip_rows(const struct frame *frame, unsigned row, size_t bytes);

/* Samples in a row: width * depth. */
size_t frame_row_samples(const struct frame *frame);

/* Planes that are colours (1 or 3), and whether the last plane is opacity. */
unsigned frame_colors(const struct frame *frame);
bool frame_has_opacity(const struct frame *frame);

/* Whether two frames have the same width, height, depth and maxval. */
bool frame_same_geometry(const struct frame *a, const struct frame *b);

/* "2000x1300, depth 3, maxval 255"; the caller frees it. */
char *frame_geometry_text(const struct frame *frame);

/* Copies row ROW to SAMPLES, or SAMPLES to row ROW; SAMPLES has width * depth elements. */
void frame_get_row(const struct frame *frame, unsigned row, uint16_t *samples);
void frame_put_row(struct frame *frame, unsigned row, const uint16_t *samples);

/* Reads or writes the sample of PLANE at COLUMN, ROW: slow, for single samples. */
unsigned frame_get(const struct frame *frame, unsigned column, unsigned row, unsigned plane);
void frame_put(struct frame *frame, unsigned column, unsigned row, unsigned plane, unsigned sample);

/* Unpacks COUNT samples of SAMPLE_BYTES bytes from raster order, and packs them. */
void frame_unpack(const unsigned char *raster, unsigned sample_bytes, size_t count,
                  uint16_t *samples);
void frame_pack(const uint16_t *samples, unsigned sample_bytes, size_t count,
                unsigned char *raster);

#endif
