/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sys/types.h>

#include <png.h>

#include "alloc.h"
#include "comments.h"
#include "exif.h"
#include "message.h"
#include "png_io.h"
#include "png_pieces.h"
#include "scale.h"
#include "threads.h"

struct png_reader {
    png_structp png;
    png_infop info;
    FILE *file;
    off_t begin; /* of the image in the file, if the file is seekable */
    size_t row_bytes;
    unsigned row; /* the next one */
    bool interlaced;
    unsigned char *image; /* an interlaced image, whole, once rows are wanted; else NULL */
};

struct png_writer {
    png_structp png;
    png_infop info;
    const struct frame *frame;
    struct pieces *pieces;
    uint16_t *scaled;  /* a table of samples in PNG's maxval, or NULL if the frame's is one; */
    uint16_t *samples; /* then also room for a row of samples */
};

static void fail(png_structp png, png_const_charp message)
{
    message_error("%s: %s", (const char *)png_get_error_ptr(png), message);
}

static void keep_silent(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* Shows the first warning about an image: a file can have one for each of thousands of chunks. */
static void warn(png_structp png, png_const_charp message)
{
    message_note("%s: %s", (const char *)png_get_error_ptr(png), message);
    png_set_error_fn(png, png_get_error_ptr(png), fail, keep_silent);
}

/* Skips chunks that nothing here uses instead of decompressing them, and limits the others. */
static void limit_chunks(png_structp png)
{
    static const png_byte unused[] = "iCCP\0iTXt\0sPLT\0tEXt\0zTXt";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unused, sizeof unused / 5);
    png_set_chunk_cache_max(png, 100);
    png_set_chunk_malloc_max(png, 8000000);
}

static void read_interlaced(struct png_reader *reader)
{
    unsigned height = png_get_image_height(reader->png, reader->info);
    reader->image = alloc_array(height, reader->row_bytes);
    png_bytepp rows = alloc_array(height, sizeof *rows);
    for (unsigned row = 0; row < height; row++)
        rows[row] = reader->image + row * reader->row_bytes;
    png_read_image(reader->png, rows);
    free(rows);
}

/* What travels with a frame stands in PAM headers. PNG has the orientation, in its EXIF chunk. */
static void set_comments(struct png_reader *reader, struct frame *frame)
{
    png_uint_32 count = 0;
    png_bytep block = NULL;
    frame->threshold = 0;
    frame->comments[0] = '\0';
    if (png_get_eXIf_1(reader->png, reader->info, &count, &block))
        comments_set_orientation(frame, exif_orientation(block, count));
}

struct png_reader *png_reader_open(FILE *file, const char *label, struct frame *frame)
{
    static const char *const tuple_types[] = {"", "GRAYSCALE", "GRAYSCALE_ALPHA", "RGB",
                                              "RGB_ALPHA"};
    struct png_reader *reader = alloc_zeroed(1, sizeof *reader);
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, (void *)(size_t)label, fail, warn);
    reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
    if (!reader->info)
        message_error(
            "%s: libpng cannot start: out of memory, or another libpng than at build time", label);
    png_structp png = reader->png;
    reader->file = file;
    reader->begin = ftello(file);
    png_init_io(png, file);
    limit_chunks(png);
    png_read_info(png, reader->info);
    png_set_expand(png);
    reader->interlaced = png_set_interlace_handling(png) > 1;
    png_read_update_info(png, reader->info);

    frame->width = png_get_image_width(png, reader->info);
    frame->height = png_get_image_height(png, reader->info);
    frame->depth = png_get_channels(png, reader->info);
    frame->maxval = png_get_bit_depth(png, reader->info) == 16 ? 65535 : 255;
    strcpy(frame->tuple_type, tuple_types[frame->depth]);
    set_comments(reader, frame);
    reader->row_bytes = png_get_rowbytes(png, reader->info);
    return reader;
}

void png_reader_rows(struct png_reader *reader, unsigned char *raster, unsigned count)
{
    if (reader->interlaced && !reader->image)
        read_interlaced(reader);
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

/* A chunk is a length, a type, that many bytes, and a checksum (PNG specification, 5.3). */
void png_reader_skip(struct png_reader *reader)
{
    enum { SIGNATURE = 8, HEAD = 8, CHECKSUM = 4 };
    unsigned char head[HEAD] = "";
    bool there = fseeko(reader->file, reader->begin + SIGNATURE, SEEK_SET) == 0;
    while (there && memcmp(head + 4, "IEND", 4) != 0)
        there = fread(head, 1, HEAD, reader->file) == HEAD &&
                fseeko(reader->file, (off_t)png_get_uint_32(head) + CHECKSUM, SEEK_CUR) == 0;
    if (!there)
        fail(reader->png, "the image is cut off");
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

/* As libpng's own, but that it says why it fails. */
static void write_bytes(png_structp png, png_bytep bytes, size_t count)
{
    if (fwrite(bytes, 1, count, png_get_io_ptr(png)) != count)
        message_error("%s could not be written: %s", (const char *)png_get_error_ptr(png),
                      strerror(errno));
}

static void flush_bytes(png_structp png)
{
    (void)png; /* the caller flushes */
}

struct png_writer *png_writer_open(FILE *file, const char *label, const struct frame *frame)
{
    static const int color_types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                      PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    struct png_writer *writer = alloc_zeroed(1, sizeof *writer);
    png_structp png = writer->png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, (void *)(size_t)label, fail, warn);
    png_infop info = writer->info = png ? png_create_info_struct(png) : NULL;
    if (!info)
        message_error(
            "%s: libpng cannot start: out of memory, or another libpng than at build time", label);
    writer->frame = frame;
    if (frame->maxval != png_maxval(frame)) {
        writer->scaled = scale_table(frame->maxval, png_maxval(frame));
        writer->samples = alloc_array(frame_row_samples(frame), sizeof *writer->samples);
    }
    png_set_write_fn(png, file, write_bytes, flush_bytes);
    png_set_IHDR(png, info, frame->width, frame->height, frame->maxval > 255 ? 16 : 8,
                 color_types[frame->depth], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    threads_start();
    writer->pieces = pieces_new(frame_row_bytes(frame), frame->height);
    if (!writer->pieces)
        message_error("%s: zlib cannot start: out of memory, or another zlib than at build time",
                      label);
    return writer;
}

void png_writer_chunk(struct png_writer *writer, const char *type, const unsigned char *bytes,
                      size_t count)
{
    png_write_chunk(writer->png, (png_const_bytep)type, bytes, count);
}

/* Puts ROW in PNG's maxval to OUT. */
static void scale_row(const struct png_writer *writer, const unsigned char *row, unsigned char *out)
{
    size_t count = frame_row_samples(writer->frame);
    unsigned sample_bytes = frame_sample_bytes(writer->frame);
    frame_unpack(row, sample_bytes, count, writer->samples);
    for (size_t i = 0; i < count; i++)
        writer->samples[i] = writer->scaled[writer->samples[i]];
    frame_pack(writer->samples, sample_bytes, count, out);
}

static void write_data(void *png, const unsigned char *bytes, size_t count)
{
    png_write_chunk(png, (png_const_bytep) "IDAT", bytes, count);
}

void png_writer_rows(struct png_writer *writer, const unsigned char *rows, unsigned count)
{
    size_t row_bytes = frame_row_bytes(writer->frame);
    for (unsigned i = 0; i < count; i++, rows += row_bytes) {
        if (writer->scaled)
            scale_row(writer, rows, pieces_next(writer->pieces));
        else
            memcpy(pieces_next(writer->pieces), rows, row_bytes);
        pieces_push(writer->pieces, write_data, writer->png);
    }
}

void png_writer_finish(struct png_writer *writer)
{
    png_write_chunk(writer->png, (png_const_bytep) "IEND", NULL, 0);
    png_destroy_write_struct(&writer->png, &writer->info);
    pieces_free(writer->pieces);
    free(writer->scaled);
    free(writer->samples);
    free(writer);
}
