/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "alloc.h"
#include "message.h"
#include "tiff_write.h"

/* The file in memory. */
struct memory {
    unsigned char *bytes;
    size_t count, room, at;
};

static tmsize_t read_memory(thandle_t handle, void *to, tmsize_t count)
{
    struct memory *memory = handle;
    size_t left = memory->at < memory->count ? memory->count - memory->at : 0;
    size_t got = (size_t)count < left ? (size_t)count : left;
    if (got > 0)
        memcpy(to, memory->bytes + memory->at, got);
    memory->at += got;
    return (tmsize_t)got;
}

static tmsize_t write_memory(thandle_t handle, void *from, tmsize_t count)
{
    struct memory *memory = handle;
    size_t end = memory->at + (size_t)count;
    if (end > memory->room) {
        memory->room = end + end / 2;
        unsigned char *bytes = realloc(memory->bytes, memory->room);
        if (!bytes)
            message_error("out of memory for the TIFF: it has %zu bytes", end);
        memory->bytes = bytes;
    }
    if (memory->at > memory->count)
        memset(memory->bytes + memory->count, 0, memory->at - memory->count);
    memcpy(memory->bytes + memory->at, from, (size_t)count);
    memory->at = end;
    memory->count = end > memory->count ? end : memory->count;
    return count;
}

static toff_t seek_memory(thandle_t handle, toff_t offset, int from)
{
    struct memory *memory = handle;
    size_t base = from == SEEK_SET ? 0 : from == SEEK_CUR ? memory->at : memory->count;
    memory->at = base + (size_t)offset;
    return memory->at;
}

static toff_t memory_size(thandle_t handle)
{
    return ((struct memory *)handle)->count;
}

static int leave_open(thandle_t handle)
{
    (void)handle;
    return 0;
}

static int fail(TIFF *file, void *user, const char *module, const char *format, va_list args)
{
    char text[256];
    (void)file;
    (void)module;
    vsnprintf(text, sizeof text, format, args);
    message_error("%s could not be written: %s", (const char *)user, text);
}

static TIFF *open_memory(struct memory *memory, const char *label, const struct frame *geometry)
{
    /* Offsets in a TIFF have 32 bits, in a BigTIFF, which fewer programs read, 64. */
    const char *mode = frame_raster_bytes(geometry) / 8 * 9 < UINT32_MAX ? "w" : "w8";
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        message_error("out of memory for the TIFF %s", label);
    TIFFOpenOptionsSetErrorHandlerExtR(options, fail, (void *)(size_t)label);
    TIFF *tiff = TIFFClientOpenExt(label, mode, memory, read_memory, write_memory, seek_memory,
                                   leave_open, memory_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

static void set_tags(TIFF *tiff, const struct frame *geometry, enum tiff_compression compression,
                     const struct metadata *metadata)
{
    enum { STRIP_BYTES = 1 << 18 };
    const uint16_t opacity[] = {EXTRASAMPLE_UNASSALPHA};
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, geometry->width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, geometry->height);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, geometry->depth);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8 * frame_sample_bytes(geometry));
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
                 frame_colors(geometry) == 1 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION,
                 compression == TIFF_LZW ? COMPRESSION_LZW : COMPRESSION_ADOBE_DEFLATE);
    TIFFSetField(tiff, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, frame_strip_rows(geometry, 0, STRIP_BYTES));
    if (frame_has_opacity(geometry))
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, opacity);
    if (metadata->profile)
        TIFFSetField(tiff, TIFFTAG_ICCPROFILE, (uint32_t)metadata->profile_bytes,
                     metadata->profile);
}

/* libtiff takes samples of 16 bits in the machine's order. */
static void write_rows(TIFF *tiff, struct picture *picture)
{
    const struct frame *geometry = picture_geometry(picture);
    size_t count = frame_row_samples(geometry);
    unsigned char *raster = alloc_array(1, frame_row_bytes(geometry));
    uint16_t *samples = alloc_array(count, sizeof *samples);
    bool wide = frame_sample_bytes(geometry) == 2;
    for (unsigned y = 0; y < geometry->height; y++) {
        picture_row(picture, y, raster);
        if (wide)
            frame_unpack(raster, 2, count, samples);
        TIFFWriteScanline(tiff, wide ? (void *)samples : raster, y, 0);
    }
    free(raster);
    free(samples);
}

void tiff_write(FILE *file, const char *label, struct picture *picture,
                enum tiff_compression compression, const struct metadata *metadata)
{
    struct memory memory = {0};
    TIFF *tiff = open_memory(&memory, label, picture_geometry(picture));
    set_tags(tiff, picture_geometry(picture), compression, metadata);
    write_rows(tiff, picture);
    TIFFClose(tiff);
    if (fwrite(memory.bytes, 1, memory.count, file) != memory.count)
        message_error("%s could not be written: %s", label, strerror(errno));
    free(memory.bytes);
}
