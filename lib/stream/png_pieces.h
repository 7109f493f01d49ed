/* SPDX-License-Identifier: MIT */

#ifndef PNG_PIECES_H
#define PNG_PIECES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Filters and compresses the rows of a PNG in pieces of a fixed size, as many at a time as there
 * are threads: each ends at a byte, so that all of them together are one zlib stream.
 *
 *     struct pieces *pieces = pieces_new(row_bytes, height);
 *     for (unsigned row = 0; row < height; row++) {
 *         fill(pieces_next(pieces));
 *         pieces_push(pieces, write_out, file);
 *     }
 *     pieces_free(pieces);
 */
struct pieces;

/* Takes the next COUNT BYTES of the stream. */
typedef void pieces_sink(void *context, const unsigned char *bytes, size_t count);

/* For HEIGHT rows of ROW_BYTES. NULL where zlib cannot start. */
struct pieces *pieces_new(size_t row_bytes, unsigned height);
void pieces_free(struct pieces *pieces);

/* Where the next row is to be put; and that it is there: SINK, with its CONTEXT, gets what can be
   made of the stream then, with the last row all. */
unsigned char *pieces_next(const struct pieces *pieces);
void pieces_push(struct pieces *pieces, pieces_sink *sink, void *context);

#endif
