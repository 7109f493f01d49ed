/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netpbm/pam.h>

#include "alloc.h"
#include "comments.h"
#include "message.h"
#include "pam_io.h"
#include "simd.h"

struct pam_reader {
    FILE *file;
    const char *label;
    unsigned image;
    struct pam pam;
    struct frame geometry;
    unsigned rows_left;
};

/* Returns how many of DEPTH planes tuples of TYPE name, and strips TYPE of what it says of others.
 */
static unsigned leave_planes_out(char *type, unsigned depth)
{
    static const struct {
        const char *type;
        unsigned planes;
    } known[] = {{"RGB_ALPHA", 4}, {"RGB", 3}, {"GRAYSCALE_ALPHA", 2}, {"GRAYSCALE", 1}};
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t length = strlen(known[i].type);
        if (strncmp(type, known[i].type, length) != 0)
            continue;
        if (depth <= known[i].planes)
            return depth;
        type[length] = '\0';
        return known[i].planes;
    }
    return depth;
}

struct pam_reader *pam_reader_open(FILE *file, const char *label, unsigned image,
                                   struct frame *frame, char **name)
{
    struct pam_reader *reader = alloc_zeroed(1, sizeof *reader);
    struct pam *pam = &reader->pam;
    const char *comments = NULL;
    pam->comment_p = &comments;
    pnm_readpaminit(file, pam, sizeof *pam);
    pam->comment_p = NULL;
    comments_read(comments, frame, name);
    free((void *)(size_t)comments);

    frame->width = (unsigned)pam->width;
    frame->height = (unsigned)pam->height;
    memcpy(frame->tuple_type, pam->tuple_type, sizeof frame->tuple_type);
    frame->depth = leave_planes_out(frame->tuple_type, pam->depth);
    if (pam->maxval > 65535)
        message_error("%s: maxval %lu; the limit is 65535", label, pam->maxval);
    frame->maxval = (unsigned)pam->maxval;
    reader->file = file;
    reader->label = label;
    reader->image = image;
    reader->geometry = *frame;
    reader->geometry.name = NULL;
    reader->geometry.raster = NULL;
    reader->rows_left = frame->height;
    return reader;
}

void pam_reader_free(struct pam_reader *reader)
{
    free(reader);
}

unsigned pam_reader_left_out(const struct pam_reader *reader)
{
    return reader->pam.depth - reader->geometry.depth;
}

bool pam_reader_is_raw(const struct pam_reader *reader)
{
    int format = reader->pam.format;
    return (format == PAM_FORMAT || format == RPGM_FORMAT || format == RPPM_FORMAT) &&
           pam_reader_left_out(reader) == 0;
}

bool pam_reader_is_sound(const struct pam_reader *reader)
{
    unsigned maxval = reader->geometry.maxval;
    return pam_reader_is_raw(reader) && (maxval == 255 || maxval == 65535);
}

SIMD_CLONES
static uint16_t largest(const uint16_t *samples, size_t count)
{
    uint16_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = samples[i] > most ? samples[i] : most;
    return most;
}

/* A raw sample may exceed the maxval, unless that is the largest number its bytes hold. */
static void check_samples(const struct pam_reader *reader, const unsigned char *raster,
                          unsigned count)
{
    if (pam_reader_is_sound(reader))
        return;
    const struct frame *frame = &reader->geometry;
    size_t row_samples = frame_row_samples(frame);
    uint16_t *samples = alloc_array(row_samples, sizeof *samples);
    for (unsigned row = 0; row < count; row++) {
        frame_unpack(raster + row * frame_row_bytes(frame), frame_sample_bytes(frame), row_samples,
                     samples);
        uint16_t most = largest(samples, row_samples);
        if (most > frame->maxval)
            message_error("%s: image %u has a sample of %u, over its maxval of %u", reader->label,
                          reader->image, most, frame->maxval);
    }
    free(samples);
}

static void read_raw(struct pam_reader *reader, unsigned char *raster, unsigned count)
{
    const struct frame *frame = &reader->geometry;
    size_t wanted = count * frame_row_bytes(frame);
    errno = 0;
    size_t got = fread(raster, 1, wanted, reader->file);
    if (got < wanted && ferror(reader->file))
        message_error("%s cannot be read: %s", reader->label, strerror(errno));
    if (got < wanted)
        message_error("%s is truncated: image %u ends %zu bytes into its %zu", reader->label,
                      reader->image,
                      (frame->height - reader->rows_left) * frame_row_bytes(frame) + got,
                      frame_raster_bytes(frame));
    check_samples(reader, raster, count);
}

/* Plain formats and bitmaps, where speed does not matter. */
static void read_tuples(struct pam_reader *reader, unsigned char *raster, unsigned count)
{
    const struct frame *frame = &reader->geometry;
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    tuple *tuples = pnm_allocpamrow(&reader->pam);
    for (unsigned row = 0; row < count; row++) {
        pnm_readpamrow(&reader->pam, tuples);
        for (unsigned column = 0; column < frame->width; column++)
            for (unsigned plane = 0; plane < frame->depth; plane++)
                samples[column * frame->depth + plane] = (uint16_t)tuples[column][plane];
        frame_pack(samples, frame_sample_bytes(frame), frame_row_samples(frame),
                   raster + row * frame_row_bytes(frame));
    }
    pnm_freepamrow(tuples);
    free(samples);
}

void pam_reader_rows(struct pam_reader *reader, unsigned char *raster, unsigned count)
{
    if (pam_reader_is_raw(reader))
        read_raw(reader, raster, count);
    else
        read_tuples(reader, raster, count);
    reader->rows_left -= count;
}

/* A line of a PAM header has at most 255 bytes: a long tuple type goes on in further lines. Readers
   join these with blanks, so it is divided at blanks; a long one has some, because it was itself
   read from several lines. */
static void write_tuple_type(FILE *file, const char *type)
{
    enum { PIECE = 245 };
    size_t length;
    for (; *type; type += length, type += *type == ' ') {
        length = strlen(type);
        if (length > PIECE) {
            length = PIECE;
            while (length > 0 && type[length] != ' ')
                length--;
            length = length > 0 ? length : PIECE;
        }
        fprintf(file, "TUPLTYPE %.*s\n", (int)length, type);
    }
}

void pam_write_header(FILE *file, const struct frame *frame)
{
    fprintf(file, "P7\n");
    comments_write(file, frame);
    fprintf(file, "WIDTH %u\nHEIGHT %u\nDEPTH %u\nMAXVAL %u\n", frame->width, frame->height,
            frame->depth, frame->maxval);
    write_tuple_type(file, frame->tuple_type);
    fprintf(file, "ENDHDR\n");
}
