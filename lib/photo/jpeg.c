/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jpeglib.h needs size_t and FILE. */
#include <jerror.h>
#include <jpeglib.h>

#include "alloc.h"
#include "comments.h"
#include "exif.h"
#include "jpeg.h"
#include "message.h"
#include "photo.h"

/* So many bytes of a marker are kept: all, or what tells what it holds. */
enum { MARKER_MAX = 0xffff, NAME_BYTES = 32 };

struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    const char *label;
    struct frame *frame;
    char *error;   /* what is wrong; owned */
    char *warning; /* the first harmless one, for a photograph that can be read; owned */
    unsigned char *cmyk;
};

static _Noreturn void give_up(struct reader *reader, char *error)
{
    reader->error = error;
    longjmp(reader->failed, 1);
}

static void fail(j_common_ptr jpeg)
{
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    give_up(jpeg->client_data, alloc_printf("the JPEG cannot be read: %s", text));
}

/* libjpeg warns of what it goes on from. Most of it is damage to the picture; this is not. */
static bool is_harmless(int code)
{
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR ||
           code == JWRN_NOT_SEQUENTIAL || code == JWRN_BOGUS_ICC;
}

/* Keeps the first harmless warning about a photograph: some have thousands. */
static void warn(j_common_ptr jpeg, int level)
{
    struct reader *reader = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    if (level >= 0)
        return;
    jpeg->err->format_message(jpeg, text);
    if (!is_harmless(jpeg->err->msg_code))
        give_up(reader, alloc_printf("the JPEG is damaged or cut off: %s", text));
    if (!reader->warning)
        reader->warning = alloc_string(text);
}

/* A small file can have very many scans of a large picture, each of which takes time; cameras write
   one, and programs up to a dozen. */
static void limit_scans(j_common_ptr jpeg)
{
    enum { SCANS_MAX = 500 };
    if (((j_decompress_ptr)jpeg)->input_scan_number > SCANS_MAX)
        give_up(jpeg->client_data, alloc_printf("the JPEG has more than %d scans", SCANS_MAX));
}

static void start(struct reader *reader, FILE *file)
{
    j_decompress_ptr jpeg = &reader->jpeg;
    jpeg->err = jpeg_std_error(&reader->errors);
    reader->errors.error_exit = fail;
    reader->errors.emit_message = warn;
    reader->progress.progress_monitor = limit_scans;
    jpeg->client_data = reader;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &reader->progress;
    jpeg_stdio_src(jpeg, file);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, MARKER_MAX);
}

/* The EXIF block of the photograph, of *COUNT bytes; NULL: there is none. */
static const unsigned char *find_exif(const struct reader *reader, size_t *count)
{
    static const char exif[] = "Exif\0"; /* and the NUL behind it */
    jpeg_saved_marker_ptr marker = reader->jpeg.marker_list;
    while (marker && (marker->marker != JPEG_APP0 + 1 || marker->data_length < sizeof exif ||
                      memcmp(marker->data, exif, sizeof exif) != 0))
        marker = marker->next;
    *count = marker ? marker->data_length - sizeof exif : 0;
    return marker ? marker->data + sizeof exif : NULL;
}

static void set_orientation(struct reader *reader)
{
    size_t count;
    const unsigned char *exif = find_exif(reader, &count);
    if (exif)
        comments_set_orientation(reader->frame, exif_orientation(exif, count));
}

/* Inks as Adobe stores them, inverted, or as they are: a colour is what both it and black let
   through. */
static void convert_cmyk(const unsigned char *cmyk, unsigned width, bool inverted,
                         unsigned char *rgb)
{
    unsigned flip = inverted ? 0 : 255;
    for (; width > 0; width--, cmyk += 4, rgb += 3)
        for (unsigned c = 0; c < 3; c++)
            rgb[c] = (unsigned char)(((cmyk[c] ^ flip) * (cmyk[3] ^ flip) * 2 + 255) / 510);
}

static void read_rows(struct reader *reader)
{
    j_decompress_ptr jpeg = &reader->jpeg;
    struct frame *frame = reader->frame;
    bool cmyk = jpeg->out_color_space == JCS_CMYK;
    if (cmyk)
        reader->cmyk = alloc_array(frame->width, 4);
    while (jpeg->output_scanline < jpeg->output_height) {
        unsigned char *row = frame->raster + jpeg->output_scanline * frame_row_bytes(frame);
        JSAMPROW into = cmyk ? reader->cmyk : row;
        jpeg_read_scanlines(jpeg, &into, 1);
        if (cmyk)
            convert_cmyk(reader->cmyk, frame->width, jpeg->saw_Adobe_marker, row);
    }
}

static void read_photograph(struct reader *reader)
{
    j_decompress_ptr jpeg = &reader->jpeg;
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK)
        jpeg->out_color_space = JCS_CMYK;
    else if (jpeg->jpeg_color_space != JCS_GRAYSCALE)
        jpeg->out_color_space = JCS_RGB;
    char *error = photo_begin(reader->frame, jpeg->image_width, jpeg->image_height,
                              jpeg->out_color_space == JCS_GRAYSCALE ? 1 : 3, 255);
    if (error)
        give_up(reader, error);
    set_orientation(reader);
    jpeg_start_decompress(jpeg);
    read_rows(reader);
    jpeg_finish_decompress(jpeg);
    if (reader->cmyk)
        message_note("%s: CMYK, converted without its profile", reader->label);
}

/* Whether a marker holds XMP, IPTC or a text. */
static bool has_more(const struct reader *reader)
{
    static const char *const known[] = {"http://ns.adobe.com/xap/", "Photoshop 3.0"};
    for (jpeg_saved_marker_ptr marker = reader->jpeg.marker_list; marker; marker = marker->next) {
        if (marker->marker == JPEG_COM)
            return true;
        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
            if (marker->data_length >= strlen(known[i]) &&
                memcmp(marker->data, known[i], strlen(known[i])) == 0)
                return true;
    }
    return false;
}

static void read_metadata(struct reader *reader, struct metadata *metadata)
{
    j_decompress_ptr jpeg = &reader->jpeg;
    JOCTET *profile = NULL;
    unsigned profile_bytes;
    jpeg_save_markers(jpeg, JPEG_APP0 + 2, MARKER_MAX);
    jpeg_save_markers(jpeg, JPEG_APP0 + 13, NAME_BYTES);
    jpeg_save_markers(jpeg, JPEG_COM, NAME_BYTES);
    jpeg_read_header(jpeg, TRUE);
    const unsigned char *exif = find_exif(reader, &metadata->exif_bytes);
    if (exif) {
        metadata->exif = alloc_array(metadata->exif_bytes + 1, 1);
        memcpy(metadata->exif, exif, metadata->exif_bytes);
    }
    if (jpeg_read_icc_profile(jpeg, &profile, &profile_bytes)) {
        metadata->profile = profile;
        metadata->profile_bytes = profile_bytes;
    }
    metadata->inks = jpeg->num_components == 4;
    metadata->more = has_more(reader);
}

/* Reads FRAME or METADATA, the other is NULL. */
static char *read_file(FILE *file, const char *label, struct frame *frame,
                       struct metadata *metadata)
{
    struct reader *reader = alloc_zeroed(1, sizeof *reader);
    reader->label = label;
    reader->frame = frame;
    if (setjmp(reader->failed) == 0) {
        start(reader, file);
        if (frame)
            read_photograph(reader);
        else
            read_metadata(reader, metadata);
        if (reader->warning)
            message_note("%s: %s", label, reader->warning);
    }
    jpeg_destroy_decompress(&reader->jpeg);
    char *error = reader->error;
    free(reader->cmyk);
    free(reader->warning);
    free(reader);
    return error;
}

char *jpeg_read(FILE *file, const char *label, struct frame *frame)
{
    return read_file(file, label, frame, NULL);
}

char *jpeg_metadata(FILE *file, const char *label, struct metadata *metadata)
{
    return read_file(file, label, NULL, metadata);
}
