/* SPDX-License-Identifier: MIT */

#ifndef KIND_H
#define KIND_H

#include <stddef.h>

/* What a file is, told by its first bytes and never by its name. */
enum kind_reader {
    KIND_OTHER,   /* nothing of a photograph: a text, a video */
    KIND_STREAM,  /* PAM, PNM or PNG, which lib/stream reads */
    KIND_JPEG,    /* see jpeg.h */
    KIND_TIFF,    /* see tiff.h; or a raw file that begins like one, which raw.h tells */
    KIND_RAW,     /* see raw.h */
    KIND_PICTURE, /* a photograph that nothing here reads */
};

struct kind {
    enum kind_reader reader;
    const char *what; /* "a HEIF picture" */
    const char *way;  /* KIND_PICTURE: a command that converts it */
};

/* So many first bytes tell every kind apart. */
enum { KIND_BYTES = 32 };

/* The kind of a file that begins with the COUNT bytes HEAD. */
struct kind kind_of(const unsigned char *head, size_t count);

#endif
