/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "jpeg.h"
#include "message.h"
#include "metadata.h"
#include "png_metadata.h"
#include "profile.h"
#include "raw.h"
#include "source.h"
#include "tiff.h"

/* That of a TIFF, but not of a raw file that begins like one: its pixels are developed ones. */
static char *read_tiff(FILE *file, const char *label, struct metadata *metadata)
{
    char *error;
    struct raw *raw = raw_open(file, label, true, &error);
    if (raw || error) { /* exiftool may know what LibRaw does not */
        free(error);
        if (raw)
            raw_close(raw);
        return NULL;
    }
    struct tiff *tiff = tiff_open(file, label, &error);
    if (!tiff)
        return error;
    metadata->profile = tiff_profile(tiff, &metadata->profile_bytes, &metadata->inks);
    tiff_close(tiff);
    return NULL;
}

static void check_profile(const char *label, struct metadata *metadata)
{
    size_t bytes =
        metadata->profile ? profile_bytes(metadata->profile, metadata->profile_bytes) : 0;
    if (bytes == 0 && metadata->profile) {
        message_note("%s: its colour profile is damaged: it is left out", label);
        free(metadata->profile);
        metadata->profile = NULL;
    }
    metadata->profile_bytes = bytes;
}

char *metadata_read(const char *path, struct metadata *metadata)
{
    struct source photo;
    *metadata = (struct metadata){0};
    char *error = source_open(path, &photo);
    enum kind_reader reader = photo.kind.reader;
    int first = error ? EOF : getc(photo.file);
    if (!error)
        rewind(photo.file);
    metadata->more = reader == KIND_RAW || reader == KIND_TIFF || reader == KIND_PICTURE;
    if (!error && reader == KIND_JPEG)
        error = jpeg_metadata(photo.file, path, metadata);
    else if (!error && reader == KIND_TIFF)
        error = read_tiff(photo.file, path, metadata);
    else if (!error && first == 0x89)
        error = png_metadata_read(photo.file, path, metadata);
    source_close(&photo);
    check_profile(path, metadata);
    return error;
}

void metadata_free(struct metadata *metadata)
{
    free(metadata->exif);
    free(metadata->profile);
    *metadata = (struct metadata){0};
}
