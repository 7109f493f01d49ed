/* SPDX-License-Identifier: MIT */

#ifndef METADATA_H
#define METADATA_H

#include <stdbool.h>
#include <stddef.h>

/* What a PNG says of its colours in small chunks: bits of the set that it has, and their order. */
enum metadata_chunk { CHUNK_GAMMA, CHUNK_PRIMARIES, CHUNK_SRGB, CHUNK_CODE_POINTS, CHUNKS };
enum { CHUNK_BYTES_MAX = 32 };

/* What a photograph says of itself, beside its pixels. */
struct metadata {
    unsigned char *exif; /* the EXIF block of a JPEG or PNG, as in exif.h; NULL: none */
    size_t exif_bytes;
    unsigned char *profile; /* the colour profile, as in profile.h; NULL: none */
    size_t profile_bytes;
    char profile_name[80];                         /* in a PNG; else empty */
    unsigned char chunks[CHUNKS][CHUNK_BYTES_MAX]; /* of a PNG; */
    unsigned chunk_bytes[CHUNKS];                  /* 0: it has none */
    bool inks;                                     /* its pixels are CMYK */
    bool
        more; /* XMP, IPTC, texts, or the metadata of a TIFF or raw file: what is exiftool's part */
};

/* Reads that of the photograph PATH. Damage to the metadata alone is only remarked upon. Returns as
   photo.h says; metadata_free() is due also where that is an error. */
char *metadata_read(const char *path, struct metadata *metadata);

/* Frees what it owns, and leaves it empty, as an all-zero one is. */
void metadata_free(struct metadata *metadata);

#endif
