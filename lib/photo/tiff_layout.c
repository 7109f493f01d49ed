/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "photo.h"
#include "tiff_pixels.h"

/* "... samples of 32 bits ..." and the way round it. */
static char *refuse_bits(unsigned bits)
{
    char *what = alloc_printf("samples of %u bits, and the limit is 16", bits);
    char *error = photo_convert(what, "convert FILE -depth 16 OUT.tif");
    free(what);
    return error;
}

static char *set_samples(TIFF *file, struct tiff_layout *layout)
{
    uint16_t bits, samples, planar, format;
    TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &format);
    layout->bits = bits;
    layout->samples = samples;
    layout->separate = planar == PLANARCONFIG_SEPARATE && samples > 1;
    layout->floating = format == SAMPLEFORMAT_IEEEFP;
    if (format == SAMPLEFORMAT_INT)
        return photo_convert("signed samples", "vips cast FILE OUT.tif ushort");
    if (format == SAMPLEFORMAT_COMPLEXINT || format == SAMPLEFORMAT_COMPLEXIEEEFP)
        return alloc_string("complex samples: take their magnitude first");
    if (layout->floating ? bits != 16 && bits != 32 && bits != 64 : bits < 1 || bits > 16)
        return refuse_bits(bits);
    layout->maxval = layout->floating ? 65535 : (1U << bits) - 1;
    return NULL;
}

/* What photometric interpretation the samples have. */
static char *set_color(TIFF *file, struct tiff_layout *layout)
{
    uint16_t photometric;
    if (!TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &photometric))
        photometric = layout->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    switch (photometric) {
    case PHOTOMETRIC_MINISBLACK:
        layout->color = TIFF_GRAY;
        layout->inks = 1;
        return NULL;
    case PHOTOMETRIC_MINISWHITE:
        layout->color = TIFF_WHITE_IS_0;
        layout->inks = 1;
        return NULL;
    case PHOTOMETRIC_RGB:
        layout->color = TIFF_RGB;
        layout->inks = 3;
        return NULL;
    case PHOTOMETRIC_PALETTE:
        layout->color = TIFF_PALETTE;
        layout->inks = 1;
        return NULL;
    case PHOTOMETRIC_SEPARATED:
        layout->color = TIFF_CMYK;
        layout->inks = 4;
        return NULL;
    case PHOTOMETRIC_YCBCR:
        layout->color = TIFF_YCBCR;
        layout->inks = 3;
        return NULL;
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB:
        return photo_convert("Lab colours", "vips colourspace FILE OUT.tif srgb");
    case PHOTOMETRIC_LOGL:
    case PHOTOMETRIC_LOGLUV:
        return photo_convert("logarithmic luminance", "vips colourspace FILE OUT.tif srgb");
    default:
        return alloc_printf("photometric interpretation %u, which is no photograph's", photometric);
    }
}

/* A palette's colours have 16 bits; many writers mean 8, times 257 or as they are. */
static char *set_palette(TIFF *file, struct tiff_layout *layout)
{
    enum { SCALE = 257 };
    uint16_t *map[3];
    if (layout->bits > 8 || layout->floating)
        return alloc_string("a palette of more than 8 bits: convert it first to RGB");
    if (!TIFFGetField(file, TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]))
        return alloc_string("the TIFF is damaged: its palette is missing");
    bool over_255 = false, multiples = true;
    for (unsigned c = 0; c < 3; c++) {
        layout->map[c] = map[c];
        for (unsigned i = 0; i < 1U << layout->bits; i++) {
            over_255 |= map[c][i] > 255;
            multiples &= map[c][i] % SCALE == 0;
        }
    }
    layout->maxval = over_255 && !multiples ? 65535 : 255;
    layout->map_divisor = over_255 && multiples ? SCALE : 1;
    return NULL;
}

static char *set_ycbcr(TIFF *file, struct tiff_layout *layout)
{
    uint16_t compression;
    TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &compression);
    if (layout->bits != 8 || layout->floating || layout->samples != 3)
        return alloc_printf("YCbCr of %u samples of %u bits: convert it first to RGB",
                            layout->samples, layout->bits);
    if (compression == COMPRESSION_JPEG && !layout->separate) {
        TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        layout->color = TIFF_RGB;
    }
    return NULL;
}

static char *check_inks(TIFF *file, const struct tiff_layout *layout)
{
    uint16_t inkset;
    TIFFGetFieldDefaulted(file, TIFFTAG_INKSET, &inkset);
    if (inkset != INKSET_CMYK || layout->samples < 4 || layout->floating ||
        (layout->bits != 8 && layout->bits != 16))
        return photo_convert("inks other than CMYK of 8 or 16 bits",
                             "vips colourspace FILE OUT.tif srgb");
    return NULL;
}

char *tiff_layout(TIFF *file, struct tiff_layout *layout)
{
    *layout = (struct tiff_layout){.map_divisor = 1};
    TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &layout->width);
    TIFFGetField(file, TIFFTAG_IMAGELENGTH, &layout->height);
    char *error = set_samples(file, layout);
    if (!error)
        error = set_color(file, layout);
    if (!error && layout->color == TIFF_PALETTE)
        error = set_palette(file, layout);
    if (!error && layout->color == TIFF_YCBCR)
        error = set_ycbcr(file, layout);
    if (!error && layout->color == TIFF_CMYK)
        error = check_inks(file, layout);
    if (!error && layout->samples < layout->inks)
        error = alloc_printf("the TIFF is damaged: %u samples a pixel, and its colours are %u",
                             layout->samples, layout->inks);
    uint16_t others = 0, *kinds;
    TIFFGetFieldDefaulted(file, TIFFTAG_EXTRASAMPLES, &others, &kinds);
    if (others > 0 && layout->samples > layout->inks) {
        layout->associated = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
        layout->opacity = layout->associated || kinds[0] == EXTRASAMPLE_UNASSALPHA;
    }
    bool gray = layout->color == TIFF_GRAY || layout->color == TIFF_WHITE_IS_0;
    layout->depth = (gray ? 1U : 3U) + layout->opacity;
    return error;
}
