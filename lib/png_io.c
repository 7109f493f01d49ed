/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <netpbm/pm.h>
#include <png.h>
#include <zlib.h>

#include "alloc.h"
#include "png_io.h"

struct png_reader {
    png_structp png;
    png_infop info;
    size_t row_bytes;
    unsigned row;         /* the next one */
    unsigned char *image; /* an interlaced image, whole; else NULL */
};

static void fail(png_structp png, png_const_charp message)
{
    pm_error("%s: %s", (const char *)png_get_error_ptr(png), message);
}

static void warn(png_structp png, png_const_charp message)
{
    pm_message("%s: %s", (const char *)png_get_error_ptr(png), message);
}

static void read_interlaced(struct png_reader *reader, unsigned height)
{
    reader->image = alloc_array(height, reader->row_bytes);
    png_bytepp rows = alloc_array(height, sizeof *rows);
    for (unsigned row = 0; row < height; row++)
        rows[row] = reader->image + row * reader->row_bytes;
    png_read_image(reader->png, rows);
    free(rows);
}

struct png_reader *png_reader_open(FILE *file, const char *label, struct frame *frame)
{
    static const char *const tuple_types[] = {"", "GRAYSCALE", "GRAYSCALE_ALPHA", "RGB",
                                              "RGB_ALPHA"};
    struct png_reader *reader = alloc_zeroed(1, sizeof *reader);
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, (void *)(size_t)label, fail, warn);
    reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
    if (!reader->info)
        pm_error("%s: libpng cannot start: out of memory, or another libpng than at build time",
                 label);
    png_structp png = reader->png;
    png_init_io(png, file);
    png_read_info(png, reader->info);
    png_set_expand(png);
    bool interlaced = png_set_interlace_handling(png) > 1;
    png_read_update_info(png, reader->info);

    frame->width = png_get_image_width(png, reader->info);
    frame->height = png_get_image_height(png, reader->info);
    frame->depth = png_get_channels(png, reader->info);
    frame->maxval = png_get_bit_depth(png, reader->info) == 16 ? 65535 : 255;
    strcpy(frame->tuple_type, tuple_types[frame->depth]);
    reader->row_bytes = png_get_rowbytes(png, reader->info);
    if (interlaced)
        read_interlaced(reader, frame->height);
    return reader;
}

void png_reader_rows(struct png_reader *reader, unsigned char *raster, unsigned count)
{
    for (unsigned i = 0; i < count; i++, reader->row++) {
        unsigned char *to = raster + i * reader->row_bytes;
        if (reader->image)
            memcpy(to, reader->image + reader->row * reader->row_bytes, reader->row_bytes);
        else
            png_read_row(reader->png, to, NULL);
    }
}

void png_reader_finish(struct png_reader *reader)
{
    png_read_end(reader->png, NULL);
}

void png_reader_free(struct png_reader *reader)
{
    if (!reader)
        return;
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader->image);
    free(reader);
}

unsigned png_maxval(const struct frame *frame)
{
    return frame->maxval > 255 ? 65535 : 255;
}

/* SCALED[v] = v * png_maxval / maxval, rounded half up. */
static uint16_t *scale_table(const struct frame *frame)
{
    uint16_t *scaled = alloc_array(frame->maxval + 1, sizeof *scaled);
    uint64_t to = png_maxval(frame), from = frame->maxval;
    for (uint64_t v = 0; v <= from; v++)
        scaled[v] = (uint16_t)((2 * v * to + from) / (2 * from));
    return scaled;
}

static void write_scaled_rows(png_structp png, const struct frame *frame)
{
    uint16_t *scaled = scale_table(frame);
    size_t count = frame_row_samples(frame);
    uint16_t *samples = alloc_array(count, sizeof *samples);
    unsigned char *raster = alloc_array(count, 2);
    for (unsigned row = 0; row < frame->height; row++) {
        frame_get_row(frame, row, samples);
        for (size_t i = 0; i < count; i++)
            samples[i] = scaled[samples[i]];
        frame_pack(samples, frame_sample_bytes(frame), count, raster);
        png_write_row(png, raster);
    }
    free(scaled);
    free(samples);
    free(raster);
}

void png_write_frame(FILE *file, const char *label, const struct frame *frame)
{
    static const int color_types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                      PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, (void *)(size_t)label, fail, warn);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info)
        pm_error("%s: libpng cannot start: out of memory, or another libpng than at build time",
                 label);
    png_init_io(png, file);
    png_set_IHDR(png, info, frame->width, frame->height, frame->maxval > 255 ? 16 : 8,
                 color_types[frame->depth], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
    png_set_compression_strategy(png, Z_RLE); /* twice the speed of level 1, and smaller files */
    png_write_info(png, info);
    if (frame->maxval != png_maxval(frame))
        write_scaled_rows(png, frame);
    else
        for (unsigned row = 0; row < frame->height; row++)
            png_write_row(png, frame->raster + row * frame_row_bytes(frame));
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}
