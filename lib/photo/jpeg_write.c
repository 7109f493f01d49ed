/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jpeglib.h needs size_t and FILE. */
#include <jerror.h>
#include <jpeglib.h>

#include "alloc.h"
#include "jpeg_write.h"
#include "message.h"

static void fail(j_common_ptr jpeg)
{
    char text[JMSG_LENGTH_MAX];
    int error = errno;
    jpeg->err->format_message(jpeg, text);
    message_error("%s could not be written: %s", (const char *)jpeg->client_data,
                  jpeg->err->msg_code == JERR_FILE_WRITE ? strerror(error) : text);
}

static void write_exif(j_compress_ptr jpeg, const struct metadata *metadata)
{
    static const char head[] = "Exif\0"; /* and the NUL behind it */
    if (!metadata->exif)
        return;
    jpeg_write_m_header(jpeg, JPEG_APP0 + 1, (unsigned)(sizeof head + metadata->exif_bytes));
    for (size_t i = 0; i < sizeof head; i++)
        jpeg_write_m_byte(jpeg, head[i]);
    for (size_t i = 0; i < metadata->exif_bytes; i++)
        jpeg_write_m_byte(jpeg, metadata->exif[i]);
}

void jpeg_write(FILE *file, const char *label, struct picture *picture, unsigned quality,
                const struct metadata *metadata)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    const struct frame *geometry = picture_geometry(picture);
    unsigned char *row = alloc_array(1, frame_row_bytes(geometry));
    jpeg.err = jpeg_std_error(&errors);
    errors.error_exit = fail;
    jpeg.client_data = (void *)(size_t)label;
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = geometry->width;
    jpeg.image_height = geometry->height;
    jpeg.input_components = (int)geometry->depth;
    jpeg.in_color_space = geometry->depth == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, (int)quality, FALSE);
    jpeg_start_compress(&jpeg, TRUE);
    write_exif(&jpeg, metadata);
    if (metadata->profile)
        jpeg_write_icc_profile(&jpeg, metadata->profile, (unsigned)metadata->profile_bytes);
    for (unsigned y = 0; y < geometry->height; y++) {
        picture_row(picture, y, row);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(row);
}
