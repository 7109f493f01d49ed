/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <string.h>

#include "kind.h"

#define RAW                                                                                        \
    {                                                                                              \
        KIND_RAW, "a camera raw file", NULL                                                        \
    }
#define HEIF                                                                                       \
    {                                                                                              \
        KIND_PICTURE, "a HEIF picture", "heif-convert FILE FILE.png"                               \
    }
#define JXL                                                                                        \
    {                                                                                              \
        KIND_PICTURE, "a JPEG XL picture", "djxl FILE FILE.png"                                    \
    }

/* Bytes at a place in the file. */
struct magic {
    size_t offset;
    const char *bytes;
    size_t length;
};

#define MAGIC(offset, bytes)                                                                       \
    {                                                                                              \
        offset, bytes, sizeof bytes - 1                                                            \
    }

/* The first row whose bytes a file has, both of them where there are two, tells its kind. */
static const struct {
    struct magic magic[2];
    struct kind kind;
} known[] = {
    {{MAGIC(0, "\xff\xd8")}, {KIND_JPEG, "a JPEG", NULL}},
    {{MAGIC(0, "\x89PNG")}, {KIND_STREAM, "a PNG", NULL}},
    {{MAGIC(0, "P1")}, {KIND_STREAM, "a PBM", NULL}},
    {{MAGIC(0, "P2")}, {KIND_STREAM, "a PGM", NULL}},
    {{MAGIC(0, "P3")}, {KIND_STREAM, "a PPM", NULL}},
    {{MAGIC(0, "P4")}, {KIND_STREAM, "a PBM", NULL}},
    {{MAGIC(0, "P5")}, {KIND_STREAM, "a PGM", NULL}},
    {{MAGIC(0, "P6")}, {KIND_STREAM, "a PPM", NULL}},
    {{MAGIC(0, "P7")}, {KIND_STREAM, "a PAM", NULL}},

    /* Raw files: Canon's CR2, Phase One's, then those that do not begin like a TIFF: Canon's CRW
       and CR3, Fujifilm's, Minolta's, Sigma's, Olympus's, Panasonic's. */
    {{MAGIC(0, "II*\0"), MAGIC(8, "CR")}, RAW},
    {{MAGIC(0, "II*\0"), MAGIC(8, "IIIITwaR")}, RAW},
    {{MAGIC(0, "MM\0*"), MAGIC(8, "MMMMRawT")}, RAW},
    {{MAGIC(6, "HEAPCCDR")}, RAW},
    {{MAGIC(4, "ftypcrx ")}, RAW},
    {{MAGIC(0, "FUJIFILMCCD-RAW")}, RAW},
    {{MAGIC(0, "\0MRM")}, RAW},
    {{MAGIC(0, "FOVb")}, RAW},
    {{MAGIC(0, "IIRO")}, RAW},
    {{MAGIC(0, "IIRS")}, RAW},
    {{MAGIC(0, "MMOR")}, RAW},
    {{MAGIC(0, "IIU\0")}, RAW},

    {{MAGIC(0, "II*\0")}, {KIND_TIFF, "a TIFF", NULL}},
    {{MAGIC(0, "MM\0*")}, {KIND_TIFF, "a TIFF", NULL}},
    {{MAGIC(0, "II+\0")}, {KIND_TIFF, "a TIFF", NULL}},
    {{MAGIC(0, "MM\0+")}, {KIND_TIFF, "a TIFF", NULL}},

    {{MAGIC(4, "ftyphei")}, HEIF},
    {{MAGIC(4, "ftyphev")}, HEIF},
    {{MAGIC(4, "ftypmif1")}, HEIF},
    {{MAGIC(4, "ftypmsf1")}, HEIF},
    {{MAGIC(4, "ftypavif")}, {KIND_PICTURE, "an AVIF picture", "heif-convert FILE FILE.png"}},
    {{MAGIC(0, "RIFF"), MAGIC(8, "WEBP")},
     {KIND_PICTURE, "a WebP picture", "dwebp FILE -o FILE.png"}},
    {{MAGIC(0, "\xff\x0a")}, JXL},
    {{MAGIC(0, "\0\0\0\x0cJXL ")}, JXL},
    {{MAGIC(0, "\0\0\0\x0cjP  ")},
     {KIND_PICTURE, "a JPEG 2000 picture", "opj_decompress -i FILE -o FILE.png"}},
    {{MAGIC(0, "BM"), MAGIC(6, "\0\0\0\0")}, {KIND_PICTURE, "a BMP picture", "bmptopnm FILE"}},
    {{MAGIC(0, "GIF8")}, {KIND_PICTURE, "a GIF picture", "giftopnm FILE"}},
    {{MAGIC(0, "\x76\x2f\x31\x01")},
     {KIND_PICTURE, "an OpenEXR picture", "vips copy FILE FILE.tif"}},
};

static bool has(const unsigned char *head, size_t count, const struct magic *magic)
{
    return magic->offset + magic->length <= count &&
           memcmp(head + magic->offset, magic->bytes, magic->length) == 0;
}

struct kind kind_of(const unsigned char *head, size_t count)
{
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
        if (has(head, count, &known[i].magic[0]) &&
            (!known[i].magic[1].bytes || has(head, count, &known[i].magic[1])))
            return known[i].kind;
    return (struct kind){KIND_OTHER, "no photograph", NULL};
}
