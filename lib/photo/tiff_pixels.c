/* SPDX-License-Identifier: MIT */

/*
 * Pixels lie in blocks, strips or tiles, that libtiff decompresses one by one. A block is decoded
 * into a buffer, one for each plane if these are separate, and its rows unpacked to samples, turned
 * into the frame's, and put into the raster. Blocks that lie as a raster does are decoded right
 * there.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "photo.h"
#include "simd.h"
#include "tiff_pixels.h"

enum { PLANES_MAX = 5 }; /* that count: four inks and opacity */

struct blocks {
    TIFF *file;
    const struct tiff_layout *layout;
    char *const *error; /* libtiff's */
    struct frame *frame;
    bool tiled;
    uint32_t width, height;  /* of a block that lies inside */
    unsigned planes;         /* buffers of a block */
    size_t row_bytes, bytes; /* of a row of a block, and of the block, as libtiff has it */
    unsigned per_pixel;      /* samples side by side in a buffer */
    unsigned char *buffers[PLANES_MAX];
    uint16_t *samples; /* a row of them, */
    uint16_t *row;     /* and of the frame's */
};

static char *too_large(size_t bytes)
{
    return alloc_printf("a strip or tile of the TIFF takes %zu bytes, which this machine does not "
                        "have",
                        bytes);
}

/* Decodes the block at COLUMN, ROW of PLANE to BUFFER, BYTES of it. False if it is short or libtiff
   has reported an error. */
static bool decode_once(const struct blocks *b, uint32_t column, uint32_t row, unsigned plane,
                        unsigned char *buffer, size_t bytes)
{
    tmsize_t got;
    if (b->tiled)
        got =
            TIFFReadEncodedTile(b->file, TIFFComputeTile(b->file, column, row, 0, (uint16_t)plane),
                                buffer, (tmsize_t)bytes);
    else
        got = TIFFReadEncodedStrip(b->file, TIFFComputeStrip(b->file, row, (uint16_t)plane), buffer,
                                   (tmsize_t)bytes);
    return got == (tmsize_t)bytes && !*b->error;
}

/* The same; also false where the block's end stayed as it was: libtiff reports success on JPEG and
   fax that is too short, and leaves the rest of the memory. A last byte that happens to be the mark
   cannot be its complement, too. */
static bool decode(const struct blocks *b, uint32_t column, uint32_t row, unsigned plane,
                   unsigned char *buffer, size_t bytes)
{
    static const unsigned char marks[] = {0xa7, 0x58};
    unsigned char *last = buffer + bytes - 1;
    for (unsigned i = 0; i < sizeof marks; i++) {
        *last = marks[i];
        if (!decode_once(b, column, row, plane, buffer, bytes))
            return false;
        if (*last != marks[i])
            return true;
    }
    return false;
}

static char *cut_off(uint32_t row)
{
    return alloc_printf("the TIFF is damaged or cut off at row %u", row);
}

/* ---- blocks that lie as the raster does ---- */

static bool lies_as_raster(const struct blocks *b)
{
    const struct tiff_layout *layout = b->layout;
    return !b->tiled && !layout->separate && !layout->floating &&
           (layout->bits == 8 || layout->bits == 16) && layout->samples == layout->depth &&
           (layout->color == TIFF_GRAY || layout->color == TIFF_RGB) && !layout->associated &&
           b->row_bytes == frame_row_bytes(b->frame);
}

/* Changes COUNT samples from this machine's order of bytes to the raster's. */
SIMD_CLONES
static void raster_order(unsigned char *raster, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t sample;
        memcpy(&sample, raster + 2 * i, 2);
        raster[2 * i] = (unsigned char)(sample >> 8);
        raster[2 * i + 1] = (unsigned char)sample;
    }
}

static char *decode_in_place(const struct blocks *b)
{
    struct frame *frame = b->frame;
    for (uint32_t row = 0; row < frame->height; row += b->height) {
        uint32_t rows = frame->height - row < b->height ? frame->height - row : b->height;
        unsigned char *to = frame->raster + row * b->row_bytes;
        if (!decode(b, 0, row, 0, to, rows * b->row_bytes))
            return cut_off(row);
        if (frame_sample_bytes(frame) == 2)
            raster_order(to, rows * frame_row_samples(frame));
    }
    return NULL;
}

/* ---- all others ---- */

/* The next COUNT samples of BITS each from FROM, high bit first, every STEP-th element of TO. */
static void unpack_bits(const unsigned char *from, unsigned bits, size_t count, uint16_t *to,
                        unsigned step)
{
    unsigned held = 0, have = 0;
    for (size_t i = 0; i < count; i++) {
        for (; have < bits; have += 8)
            held = (held & 0xffff) << 8 | *from++;
        have -= bits;
        to[i * step] = (uint16_t)(held >> have & ((1U << bits) - 1));
    }
}

static void unpack_shorts(const unsigned char *from, size_t count, uint16_t *to, unsigned step)
{
    for (size_t i = 0; i < count; i++)
        memcpy(&to[i * step], from + 2 * i, 2);
}

/* IEEE 754's half precision. */
static double half(uint16_t bits)
{
    unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 0    ? ldexp(fraction, -24)
                   : exponent == 31 ? HUGE_VAL
                                    : ldexp(fraction + 1024, (int)exponent - 25);
    return bits >> 15 ? -value : value;
}

static double floating_sample(const unsigned char *from, unsigned bits)
{
    uint16_t narrow;
    float single;
    double wide;
    switch (bits) {
    case 16:
        memcpy(&narrow, from, sizeof narrow);
        return half(narrow);
    case 32:
        memcpy(&single, from, sizeof single);
        return single;
    default:
        memcpy(&wide, from, sizeof wide);
        return wide;
    }
}

/* Turns COUNT floating point samples into whole ones of 16 bits. False if one is outside 0..1. */
static bool unpack_floating(const unsigned char *from, unsigned bits, size_t count, uint16_t *to,
                            unsigned step)
{
    for (size_t i = 0; i < count; i++) {
        double value = floating_sample(from + i * (bits / 8), bits);
        if (!(value >= 0 && value <= 1))
            return false;
        to[i * step] = (uint16_t)(value * 65535 + 0.5);
    }
    return true;
}

/* Unpacks row ROW of the block in the buffers to the samples of COUNT pixels. */
static bool unpack_row(const struct blocks *b, size_t row, size_t count)
{
    unsigned bits = b->layout->bits;
    unsigned step = b->planes > 1 ? b->planes : 1;
    for (unsigned plane = 0; plane < b->planes; plane++) {
        const unsigned char *from = b->buffers[plane] + row * b->row_bytes;
        size_t samples = count * b->per_pixel;
        if (b->layout->floating) {
            if (!unpack_floating(from, bits, samples, b->samples + plane, step))
                return false;
        } else if (bits == 16) {
            unpack_shorts(from, samples, b->samples + plane, step);
        } else {
            unpack_bits(from, bits, samples, b->samples + plane, step);
        }
    }
    return true;
}

/* The colours, as the frame has them, of a pixel with these SAMPLES. */
static void set_colors(const struct tiff_layout *layout, const uint16_t *samples, uint16_t *out)
{
    uint32_t max = layout->maxval;
    switch (layout->color) {
    case TIFF_WHITE_IS_0:
        out[0] = (uint16_t)(max - samples[0]);
        break;
    case TIFF_PALETTE:
        for (unsigned c = 0; c < 3; c++)
            out[c] = (uint16_t)(layout->map[c][samples[0]] / layout->map_divisor);
        break;
    case TIFF_CMYK: /* a colour is what both its ink and black let through */
        for (unsigned c = 0; c < 3; c++)
            out[c] = (uint16_t)(((uint64_t)(max - samples[c]) * (max - samples[3]) * 2 + max) /
                                (2 * max));
        break;
    default:
        memcpy(out, samples, layout->inks * sizeof *out);
    }
}

/* Sets the opacity of a pixel, and divides its colours by it if they are multiplied by it. */
static void set_opacity(const struct tiff_layout *layout, const uint16_t *samples, uint16_t *out)
{
    unsigned colors = layout->depth - 1;
    uint64_t max = layout->maxval, opacity = samples[layout->inks];
    /* A palette's maxval is not that of the other samples. */
    if (layout->color == TIFF_PALETTE)
        opacity = opacity * max / ((1U << layout->bits) - 1);
    out[colors] = (uint16_t)opacity;
    for (unsigned c = 0; c < colors && layout->associated; c++) {
        uint64_t whole = opacity > 0 ? (out[c] * max * 2 + opacity) / (2 * opacity) : 0;
        out[c] = (uint16_t)(whole < max ? whole : max);
    }
}

/* Puts COUNT pixels of the unpacked samples into the frame, from COLUMN, ROW on. */
static void put_pixels(const struct blocks *b, uint32_t column, uint32_t row, size_t count)
{
    const struct tiff_layout *layout = b->layout;
    struct frame *frame = b->frame;
    unsigned depth = layout->depth, step = b->planes > 1 ? b->planes : b->per_pixel;
    for (size_t i = 0; i < count; i++) {
        set_colors(layout, b->samples + i * step, b->row + i * depth);
        if (layout->opacity)
            set_opacity(layout, b->samples + i * step, b->row + i * depth);
    }
    unsigned bytes = frame_sample_bytes(frame);
    frame_pack(b->row, bytes, count * depth,
               frame->raster + row * frame_row_bytes(frame) + (size_t)column * depth * bytes);
}

static char *read_block(const struct blocks *b, uint32_t column, uint32_t row)
{
    uint32_t width = b->frame->width - column, height = b->frame->height - row;
    width = width < b->width ? width : b->width;
    height = height < b->height ? height : b->height;
    for (unsigned plane = 0; plane < b->planes; plane++)
        if (!decode(b, column, row, plane, b->buffers[plane],
                    b->tiled ? b->bytes : height * b->row_bytes))
            return cut_off(row);
    for (uint32_t y = 0; y < height; y++) {
        if (!unpack_row(b, y, width))
            return alloc_string("floating-point samples outside 0 to 1: scale them first, as with "
                                "\"vips linear FILE OUT.tif SCALE OFFSET\"");
        put_pixels(b, column, row + y, width);
    }
    return NULL;
}

static char *read_blocks(const struct blocks *b)
{
    for (uint32_t row = 0; row < b->frame->height; row += b->height)
        for (uint32_t column = 0; column < b->frame->width; column += b->width) {
            char *error = read_block(b, column, row);
            if (error)
                return error;
        }
    return NULL;
}

static char *alloc_buffers(struct blocks *b)
{
    size_t samples = (size_t)b->width * (b->planes > 1 ? b->planes : b->per_pixel);
    for (unsigned plane = 0; plane < b->planes; plane++)
        if (!(b->buffers[plane] = photo_block(b->bytes)))
            return too_large(b->bytes);
    b->samples = photo_block(samples * sizeof *b->samples);
    b->row = photo_block(frame_row_samples(b->frame) * sizeof *b->row);
    return b->samples && b->row ? NULL : too_large(samples * sizeof *b->samples);
}

/* The shape of the blocks. */
static char *set_blocks(struct blocks *b)
{
    const struct tiff_layout *layout = b->layout;
    uint32_t rows_per_strip;
    b->tiled = TIFFIsTiled(b->file);
    b->width = b->frame->width;
    if (b->tiled) {
        TIFFGetField(b->file, TIFFTAG_TILEWIDTH, &b->width);
        TIFFGetField(b->file, TIFFTAG_TILELENGTH, &b->height);
        b->row_bytes = (size_t)TIFFTileRowSize(b->file);
        b->bytes = (size_t)TIFFTileSize(b->file);
    } else {
        TIFFGetFieldDefaulted(b->file, TIFFTAG_ROWSPERSTRIP, &rows_per_strip);
        b->height = rows_per_strip < b->frame->height ? rows_per_strip : b->frame->height;
        b->row_bytes = (size_t)TIFFScanlineSize(b->file);
        b->bytes = b->height * b->row_bytes;
    }
    b->per_pixel = layout->separate ? 1 : layout->samples;
    b->planes = layout->separate ? layout->inks + layout->opacity : 1;
    size_t least = ((size_t)b->width * b->per_pixel * layout->bits + 7) / 8;
    return b->width > 0 && b->height > 0 && b->row_bytes >= least &&
                   b->bytes / b->height >= b->row_bytes
               ? NULL
               : alloc_string("the TIFF is damaged: its strips or tiles have no size");
}

static char *read_own(TIFF *file, const struct tiff_layout *layout, char *const *libtiff_error,
                      struct frame *frame)
{
    struct blocks b = {.file = file, .layout = layout, .error = libtiff_error, .frame = frame};
    char *error = set_blocks(&b);
    if (!error && lies_as_raster(&b))
        return decode_in_place(&b);
    if (!error)
        error = alloc_buffers(&b);
    if (!error)
        error = read_blocks(&b);
    for (unsigned plane = 0; plane < PLANES_MAX; plane++)
        free(b.buffers[plane]);
    free(b.samples);
    free(b.row);
    return error;
}

/* By libtiff's own conversion to RGB, which knows all ways in which YCbCr can be subsampled. It
   turns the picture to the orientation that it is asked for: the file's, that is not at all. */
static char *read_converted(TIFF *file, struct frame *frame)
{
    uint16_t orientation;
    size_t pixels = (size_t)frame->width * frame->height;
    uint32_t *rgba = photo_block(pixels * sizeof *rgba);
    if (!rgba)
        return too_large(pixels * sizeof *rgba);
    TIFFGetFieldDefaulted(file, TIFFTAG_ORIENTATION, &orientation);
    bool read =
        TIFFReadRGBAImageOriented(file, frame->width, frame->height, rgba, orientation, 1) == 1;
    for (size_t i = 0; read && i < pixels; i++) {
        frame->raster[3 * i] = (unsigned char)TIFFGetR(rgba[i]);
        frame->raster[3 * i + 1] = (unsigned char)TIFFGetG(rgba[i]);
        frame->raster[3 * i + 2] = (unsigned char)TIFFGetB(rgba[i]);
    }
    free(rgba);
    return read ? NULL : alloc_string("the TIFF is damaged, or its YCbCr of an unknown kind");
}

char *tiff_pixels(TIFF *file, const struct tiff_layout *layout, char *const *error,
                  struct frame *frame)
{
    return layout->color == TIFF_YCBCR ? read_converted(file, frame)
                                       : read_own(file, layout, error, frame);
}
