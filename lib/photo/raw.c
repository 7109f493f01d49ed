/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libraw/libraw.h>

#include "alloc.h"
#include "comments.h"
#include "message.h"
#include "photo.h"
#include "raw.h"
#include "tiff.h"

/* A period of all filter arrays: Bayer's, which LibRaw keeps as 8 rows of 2, and X-Trans, 6x6. */
enum { COLOR_ROWS = 24, COLOR_COLUMNS = 6 };
enum { SAMPLE_MAX = 65535, XTRANS = 9, LEAF = 1 };

struct raw {
    libraw_data_t *data;
    const char *label;
    bool damaged;
    uint8_t color[COLOR_ROWS][COLOR_COLUMNS]; /* LibRaw's numbers of the filters */
    unsigned black, white;                    /* black is the smallest of all samples */
    bool uneven;                              /* black differs by more than that is measured to */
    uint16_t *excess;                         /* a period of a row: what black exceeds that by */
    unsigned excess_period;
    uint16_t *curve;   /* of a developed sample; NULL: as it is, or a mosaic */
    uint16_t *samples; /* a row */
    unsigned depth;    /* of the frame; 0: none is developed */
};

static void note_damage(void *user, const char *file, const int offset)
{
    struct raw *raw = user;
    (void)file;
    (void)offset;
    raw->damaged = true;
}

static bool open_file(struct raw *raw, FILE *file, int *status)
{
    /* By its descriptor: LibRaw takes names, and one on standard input has none. */
    char *path = alloc_printf("/dev/fd/%d", fileno(file));
    raw->data = libraw_init(0);
    if (!raw->data)
        message_error("out of memory");
    libraw_set_dataerror_handler(raw->data, note_damage, raw);
    *status = libraw_open_file(raw->data, path);
    free(path);
    return *status == LIBRAW_SUCCESS;
}

static char *refuse(int status)
{
    return alloc_printf("a camera raw file that LibRaw %s cannot read: %s. Is it whole? Else "
                        "convert it first to DNG, as with Adobe's converter",
                        libraw_version(), libraw_strerror(status));
}

struct raw *raw_open(FILE *file, const char *label, bool tiff, char **error)
{
    struct raw *raw = alloc_zeroed(1, sizeof *raw);
    int status;
    raw->label = label;
    *error = NULL;
    bool open = open_file(raw, file, &status);
    const libraw_data_t *data = raw->data;
    size_t pixels = open ? (size_t)data->sizes.width * data->sizes.height : 0;
    bool plain = tiff && !(open && data->idata.dng_version) && !tiff_is_raw(file, label, pixels);
    if (open && !plain) {
        if (data->idata.raw_count > 1)
            message_note("%s: holds %u raw pictures; the first is read", label,
                         data->idata.raw_count);
        return raw;
    }
    if (!plain)
        *error = refuse(status);
    raw_close(raw);
    return NULL;
}

void raw_close(struct raw *raw)
{
    libraw_close(raw->data);
    free(raw->excess);
    free(raw->curve);
    free(raw->samples);
    free(raw);
}

/* ---- the samples ---- */

static uint16_t *mosaic_row(const struct raw *raw, unsigned y)
{
    const libraw_image_sizes_t *sizes = &raw->data->sizes;
    return raw->data->rawdata.raw_image + (size_t)(y + sizes->top_margin) * (sizes->raw_pitch / 2) +
           sizes->left_margin;
}

/* Row Y of what was unpacked, SIZE bytes a pixel; NULL if it is of no known kind. */
static const unsigned char *unpacked_row(const struct raw *raw, unsigned y, size_t *size)
{
    const libraw_image_sizes_t *sizes = &raw->data->sizes;
    const libraw_rawdata_t *data = &raw->data->rawdata;
    const void *first = data->raw_image      ? (const void *)data->raw_image
                        : data->color4_image ? (const void *)data->color4_image
                                             : (const void *)data->color3_image;
    *size = data->raw_image ? 2 : data->color4_image ? 8 : 6;
    return first
               ? (const unsigned char *)first + (size_t)(y + sizes->top_margin) * sizes->raw_pitch +
                     sizes->left_margin * *size
               : NULL;
}

static bool is_constant(const unsigned char *row, unsigned width, size_t size)
{
    return memcmp(row, row + size, (width - 1) * size) == 0;
}

/* The largest sample of WIDTH pixels. */
static unsigned largest(const unsigned char *row, unsigned width, size_t size)
{
    unsigned most = 0;
    for (size_t i = 0; i < width * size / 2; i++) {
        uint16_t sample;
        memcpy(&sample, row + 2 * i, sizeof sample);
        most = sample > most ? sample : most;
    }
    return most;
}

/* LibRaw leaves what a cut-off file lacks at one value, mostly without a word. A sensor's last row
   can be all of one value, too, where it is saturated: then nothing is brighter. */
static bool is_cut_off(const struct raw *raw)
{
    unsigned width = raw->data->sizes.width, height = raw->data->sizes.height, brightest = 0;
    size_t size;
    const unsigned char *last = unpacked_row(raw, height - 1, &size);
    if (!last || !is_constant(last, width, size))
        return false;
    for (unsigned y = 0; y < height; y++) {
        unsigned most = largest(unpacked_row(raw, y, &size), width, size);
        brightest = most > brightest ? most : brightest;
    }
    return largest(last, width, size) < brightest || brightest <= raw->data->color.black;
}

static unsigned black_at(const struct raw *raw, unsigned y, unsigned x)
{
    const unsigned *more = raw->data->color.cblack;
    unsigned color = raw->color[y % COLOR_ROWS][x % COLOR_COLUMNS];
    unsigned pattern = more[4] && more[5] ? more[6 + y % more[4] * more[5] + x % more[5]] : 0;
    return raw->data->color.black + more[color] + pattern;
}

static void prepare_levels(struct raw *raw)
{
    const libraw_colordata_t *color = &raw->data->color;
    const unsigned *more = color->cblack;
    raw->white =
        color->maximum < SAMPLE_MAX ? color->maximum : SAMPLE_MAX; /* development changes it */
    for (int y = 0; y < COLOR_ROWS; y++)
        for (int x = 0; x < COLOR_COLUMNS; x++)
            raw->color[y][x] =
                raw->data->idata.filters ? (uint8_t)libraw_COLOR(raw->data, y, x) & 3 : 0;
    raw->excess_period = COLOR_COLUMNS * (more[5] ? more[5] : 1);
    raw->excess = alloc_array(raw->excess_period, sizeof *raw->excess);
    raw->black = SAMPLE_MAX;
    unsigned most = 0;
    for (unsigned y = 0; y < COLOR_ROWS * (more[4] ? more[4] : 1); y++)
        for (unsigned x = 0; x < raw->excess_period; x++) {
            unsigned black = black_at(raw, y, x);
            raw->black = black < raw->black ? black : raw->black;
            most = black > most ? black : most;
        }
    raw->uneven = (most - raw->black) * 1000 > raw->white - raw->black;
}

char *raw_unpack(struct raw *raw)
{
    int status = libraw_unpack(raw->data);
    if (raw->damaged || status == LIBRAW_IO_ERROR)
        return alloc_string("the raw file is damaged or cut off");
    if (status != LIBRAW_SUCCESS)
        return refuse(status);
    const libraw_image_sizes_t *sizes = &raw->data->sizes;
    if (sizes->width < 2 || sizes->height < 2)
        return alloc_printf("the raw file is damaged: its picture is %ux%u pixels", sizes->width,
                            sizes->height);
    if (is_cut_off(raw))
        return alloc_string("the raw file is damaged or cut off: its last row is of one value");
    prepare_levels(raw);
    return NULL;
}

bool raw_balance(const struct raw *raw, float balance[4])
{
    const libraw_colordata_t *color = &raw->data->color;
    bool noted = color->cam_mul[0] > 0 && color->cam_mul[2] > 0;
    memcpy(balance, noted ? color->cam_mul : color->pre_mul, 4 * sizeof *balance);
    if (!(balance[1] > 0))
        balance[1] = 1;
    if (!(balance[3] > 0))
        balance[3] = balance[1];
    return noted;
}

unsigned raw_white(const struct raw *raw)
{
    return raw->white;
}

/* Exif's number of a turn that LibRaw has as bits: 4, first swapped; 2 and 1, then mirrored. */
static unsigned orientation(int flip)
{
    static const unsigned exif[] = {1, 2, 4, 3, 5, 8, 6, 7};
    return exif[flip & 7];
}

/* FRAME's header; a row of it has room. */
static char *begin(struct raw *raw, struct frame *frame, unsigned depth)
{
    const libraw_image_sizes_t *sizes = &raw->data->sizes;
    char *error = photo_header(frame, sizes->width, sizes->height, depth, SAMPLE_MAX);
    if (error)
        return error;
    comments_set_orientation(frame, orientation(sizes->flip));
    free(raw->samples);
    raw->samples = alloc_array(frame_row_samples(frame), sizeof *raw->samples);
    return NULL;
}

/* ---- the mosaic ---- */

static bool is_rgb(const struct raw *raw)
{
    for (unsigned y = 0; y < COLOR_ROWS; y++)
        for (unsigned x = 0; x < COLOR_COLUMNS; x++)
            if (!strchr("RGB", raw->data->idata.cdesc[raw->color[y][x]]))
                return false;
    return true;
}

/* Why there is no mosaic; NULL if there is one. */
static const char *lack(const struct raw *raw)
{
    unsigned filters = raw->data->idata.filters;
    if (!raw->data->rawdata.raw_image || (filters == 0 && raw->data->idata.colors > 1))
        return "holds no mosaic: it is already in colour. noisemask repairs developed frames";
    if (raw->data->rawdata.ioparams.fuji_width > 0)
        return "holds no mosaic of rows and columns: its sensor lies turned by 45 degrees";
    if (filters == LEAF)
        return "has colour filters of a period of 16x16, and the limit is 8x8";
    if (filters && !is_rgb(raw))
        return "has colour filters other than red, green and blue";
    return NULL;
}

/* Whether the rows of the filters repeat after PERIOD of them. */
static bool repeats(const struct raw *raw, unsigned period)
{
    for (unsigned y = period; y < COLOR_ROWS; y++)
        for (unsigned x = 0; x < COLOR_COLUMNS; x++)
            if (raw->data->idata.cdesc[raw->color[y][x]] !=
                raw->data->idata.cdesc[raw->color[y % period][x]])
                return false;
    return true;
}

static void set_pattern(const struct raw *raw, struct frame *frame)
{
    bool xtrans = raw->data->idata.filters == XTRANS;
    unsigned width = xtrans ? 6 : 2, height = xtrans ? 6 : repeats(raw, 2) ? 2 : 8;
    char text[8 * 7], *to = text;
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++)
            *to++ = raw->data->idata.cdesc[raw->color[y][x]];
        *to++ = y + 1 < height ? '/' : '\0';
    }
    comments_set(frame, "cfa", text);
}

char *raw_mosaic(struct raw *raw, struct frame *frame)
{
    const char *without = lack(raw);
    char *error = without ? alloc_string(without) : begin(raw, frame, 1);
    if (error)
        return error;
    if (raw->data->idata.filters)
        set_pattern(raw, frame);
    comments_set_number(frame, "black", raw->black);
    comments_set_number(frame, "white", raw_white(raw));
    raw->depth = 0;
    return NULL;
}

/* What the samples of row Y lose, for a period of them; NULL if that is nothing. */
static const uint16_t *row_excess(struct raw *raw, unsigned y)
{
    for (unsigned x = 0; x < raw->excess_period && raw->uneven; x++)
        raw->excess[x] = (uint16_t)(black_at(raw, y, x) - raw->black);
    return raw->uneven ? raw->excess : NULL;
}

static void take_mosaic_row(struct raw *raw, unsigned y)
{
    const uint16_t *row = mosaic_row(raw, y), *excess = row_excess(raw, y);
    unsigned width = raw->data->sizes.width;
    memcpy(raw->samples, row, width * sizeof *row);
    for (unsigned x = 0, i = 0; x < width && excess;
         x++, i = i + 1 < raw->excess_period ? i + 1 : 0)
        raw->samples[x] = (uint16_t)(row[x] > excess[i] ? row[x] - excess[i] : 0);
}

void raw_replace(struct raw *raw, const struct frame *frame)
{
    uint16_t *repaired = alloc_array(frame->width, sizeof *repaired);
    for (unsigned y = 0; y < frame->height; y++) {
        uint16_t *row = mosaic_row(raw, y);
        frame_get_row(frame, y, repaired);
        take_mosaic_row(raw, y);
        for (unsigned x = 0; x < frame->width; x++) {
            unsigned sample = repaired[x] + (raw->uneven ? black_at(raw, y, x) - raw->black : 0);
            if (repaired[x] != raw->samples[x])
                row[x] = (uint16_t)(sample < SAMPLE_MAX ? sample : SAMPLE_MAX);
        }
    }
    free(repaired);
}

/* ---- development ---- */

static void set_look(libraw_output_params_t *params, const struct raw_look *look)
{
    memcpy(params->user_mul, look->balance, sizeof params->user_mul);
    params->use_camera_wb = 0;
    params->use_auto_wb = 0;
    params->use_camera_matrix = 1;
    params->half_size = look->half;
    params->output_bps = 16;
    params->output_color = 1; /* sRGB */
    params->gamm[0] = params->gamm[1] = 1;
    params->no_auto_bright = 1;
    params->bright = 1;
    params->adjust_maximum_thr = 0; /* else the brightest samples change the whole picture */
    params->highlight = 0;
    params->user_qual = -1;
    params->med_passes = 0;
}

/* The curve of IEC 61966-2-1. */
static uint16_t *srgb_curve(void)
{
    uint16_t *curve = alloc_array(SAMPLE_MAX + 1, sizeof *curve);
    for (unsigned i = 0; i <= SAMPLE_MAX; i++) {
        double light = i / (double)SAMPLE_MAX;
        double value = light <= .0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - .055;
        curve[i] = (uint16_t)(value * SAMPLE_MAX + .5);
    }
    return curve;
}

char *raw_develop(struct raw *raw, const struct raw_look *look, struct frame *frame)
{
    set_look(&raw->data->params, look);
    int status = libraw_dcraw_process(raw->data);
    if (raw->damaged)
        return alloc_string("the raw file is damaged or cut off");
    if (status != LIBRAW_SUCCESS)
        return refuse(status);
    unsigned depth = raw->data->idata.colors == 1 ? 1 : 3;
    char *error = begin(raw, frame, depth);
    if (!error && !look->linear && !raw->curve)
        raw->curve = srgb_curve();
    raw->depth = depth;
    return error;
}

static void take_developed_row(struct raw *raw, unsigned y)
{
    unsigned width = raw->data->sizes.width, depth = raw->depth;
    const uint16_t(*pixels)[4] = (const uint16_t(*)[4])raw->data->image + (size_t)y * width;
    uint16_t *to = raw->samples;
    for (unsigned x = 0; x < width; x++)
        for (unsigned c = 0; c < depth; c++)
            *to++ = raw->curve ? raw->curve[pixels[x][c]] : pixels[x][c];
}

void raw_row(struct raw *raw, unsigned y, unsigned char *raster)
{
    unsigned depth = raw->depth ? raw->depth : 1;
    if (raw->depth)
        take_developed_row(raw, y);
    else
        take_mosaic_row(raw, y);
    frame_pack(raw->samples, 2, (size_t)raw->data->sizes.width * depth, raster);
}
