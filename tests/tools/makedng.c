/* SPDX-License-Identifier: MIT
 *
 * makedng: a digital negative, a camera's raw file, of a mosaic or of a picture in colour, so that
 * raw files of any sensor can be made of known samples.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netpbm/pm.h>
#include <netpbm/shhopt.h>

#include "frame.h"
#include "input.h"
#include "message.h"

static const char usage[] =
    "usage: makedng [options] FRAME >FILE.dng\n"
    "FRAME is gray, a mosaic, or RGB, linear samples. Options and their defaults:\n"
    "  -cfa=PATTERN      rows of R, G, B with slashes between them, of the active area, as RG/GB;\n"
    "                    without it a gray frame is a monochrome camera's\n"
    "  -black=N[,N...]   black levels, of 1, 2x2 or more samples by rows [0]\n"
    "  -blackdim=H,W     the rows and columns of these [1,1]\n"
    "  -white=N          the sample at which the sensor saturates [65535]\n"
    "  -margins=L,T,R,B  samples around the active area [0,0,0,0]\n"
    "  -neutral=R,G,B    the camera's samples of white, in 1/1000; none: no white balance "
    "[1000,1000,1000]\n"
    "  -orientation=N    1..8 [1]\n";

enum { LIST_MAX = 64, TAGS_MAX = 32, BYTES_MAX = 4096 };
enum { BYTE = 1, ASCII = 2, SHORT = 3, LONG = 4, RATIONAL = 5, SRATIONAL = 10 };

/* A directory of TIFF: 12 bytes a tag, and what does not fit into them. */
struct directory {
    unsigned char tags[TAGS_MAX * 12], more[BYTES_MAX];
    unsigned count, more_bytes;
};

static void put(unsigned char *to, unsigned bytes, unsigned long value)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

/* Where what does not fit begins: behind the header and a directory of TAGS_MAX tags. */
static unsigned more_at(void)
{
    return 8 + 2 + TAGS_MAX * 12 + 4;
}

/* Adds a tag; tags must come in their order. A rational's VALUES are both of its numbers. */
static void add(struct directory *directory, unsigned tag, unsigned type, unsigned count,
                const unsigned long *values)
{
    static const unsigned sizes[] = {0, 1, 1, 2, 4, 8, 0, 0, 0, 0, 8};
    unsigned char *entry = directory->tags + 12 * directory->count++, *to = entry + 8;
    unsigned bytes = sizes[type] * count, parts = sizes[type] == 8 ? 2 : 1;
    put(entry, 2, tag);
    put(entry + 2, 2, type);
    put(entry + 4, 4, count);
    if (bytes > 4) {
        put(to, 4, more_at() + directory->more_bytes);
        to = directory->more + directory->more_bytes;
        directory->more_bytes += bytes + bytes % 2;
    }
    if (directory->count > TAGS_MAX || directory->more_bytes > BYTES_MAX)
        pm_error("too many tags");
    for (unsigned i = 0; i < count * parts; i++)
        put(to + i * sizes[type] / parts, sizes[type] / parts, values[i]);
}

static void add_one(struct directory *directory, unsigned tag, unsigned type, unsigned long value)
{
    add(directory, tag, type, 1, &value);
}

static void add_text(struct directory *directory, unsigned tag, const char *text)
{
    unsigned long letters[LIST_MAX];
    unsigned count = (unsigned)strlen(text) + 1;
    for (unsigned i = 0; i < count; i++)
        letters[i] = (unsigned char)text[i];
    add(directory, tag, ASCII, count, letters);
}

/* Whole numbers with commas between them; returns how many. */
static unsigned parse(const char *option, const char *text, unsigned long *values)
{
    unsigned count = 0;
    for (char *end; count < LIST_MAX; text = end + 1) {
        values[count++] = strtoul(text, &end, 10);
        if (end == text || (*end && *end != ','))
            break;
        if (!*end)
            return count;
    }
    pm_error("-%s: whole numbers with commas between them are wanted", option);
    return 0;
}

static void add_pattern(struct directory *directory, const char *pattern)
{
    unsigned long colors[LIST_MAX], dim[2] = {1, 0};
    unsigned count = 0;
    for (; *pattern && count < LIST_MAX; pattern++)
        if (*pattern == '/')
            dim[0]++;
        else
            colors[count++] = *pattern == 'R' ? 0 : *pattern == 'G' ? 1 : 2;
    dim[1] = count / dim[0];
    add(directory, 33421, SHORT, 2, dim);
    add(directory, 33422, BYTE, count, colors);
}

/* What the command line says. */
struct options {
    const char *cfa, *black, *blackdim, *margins, *neutral;
    unsigned white, orientation;
};

static void describe(const struct options *options, const struct frame *frame,
                     struct directory *directory)
{
    static const unsigned long version[] = {1, 4, 0, 0};
    static const unsigned long matrix[] = {1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1};
    unsigned long values[LIST_MAX], margins[LIST_MAX], bits[] = {16, 16, 16};
    unsigned channels = frame->depth, count;
    parse("margins", options->margins, margins);
    add_one(directory, 254, LONG, 0);
    add_one(directory, 256, LONG, frame->width);
    add_one(directory, 257, LONG, frame->height);
    add(directory, 258, SHORT, channels, bits);
    add_one(directory, 259, SHORT, 1);
    add_one(directory, 262, SHORT, options->cfa ? 32803 : 34892);
    add_text(directory, 271, "Test");
    add_text(directory, 272, "Camera");
    add_one(directory, 273, LONG, more_at() + BYTES_MAX);
    add_one(directory, 274, SHORT, options->orientation);
    add_one(directory, 277, SHORT, channels);
    add_one(directory, 278, LONG, frame->height);
    add_one(directory, 279, LONG, 2UL * channels * frame->width * frame->height);
    if (options->cfa)
        add_pattern(directory, options->cfa);
    add(directory, 50706, BYTE, 4, version);
    add_text(directory, 50708, "Test Camera");
    parse("blackdim", options->blackdim, values);
    add(directory, 50713, SHORT, 2, values);
    count = parse("black", options->black, values);
    if (count == 1 && channels == 3)
        values[1] = values[2] = values[0], count = 3;
    add(directory, 50714, LONG, count, values);
    add_one(directory, 50717, LONG, options->white);
    add(directory, 50721, SRATIONAL, 9, matrix);
    if (strcmp(options->neutral, "none") != 0) {
        parse("neutral", options->neutral, bits);
        for (unsigned c = 0; c < 3; c++) {
            values[2 * c] = bits[c];
            values[2 * c + 1] = 1000;
        }
        add(directory, 50728, RATIONAL, 3, values);
    }
    values[0] = margins[1];
    values[1] = margins[0];
    values[2] = frame->height - margins[3];
    values[3] = frame->width - margins[2];
    add(directory, 50829, LONG, 4, values);
}

static void write_file(const struct directory *directory, const struct frame *frame)
{
    unsigned char head[10] = {'I', 'I', 42, 0, 8}, tags[TAGS_MAX * 12 + 4] = {0}, sample[2];
    uint16_t *row = malloc(frame_row_samples(frame) * sizeof *row);
    put(head + 8, 2, directory->count);
    memcpy(tags, directory->tags, directory->count * 12);
    fwrite(head, 1, sizeof head, stdout);
    fwrite(tags, 1, sizeof tags, stdout);
    fwrite(directory->more, 1, sizeof directory->more, stdout);
    for (unsigned y = 0; y < frame->height && row; y++) {
        frame_get_row(frame, y, row);
        for (size_t x = 0; x < frame_row_samples(frame); x++) {
            put(sample, 2, row[x]);
            fwrite(sample, 1, sizeof sample, stdout);
        }
    }
    free(row);
    if (fflush(stdout) || ferror(stdout))
        pm_error("the file cannot be written: %s", strerror(errno));
}

int main(int argc, const char **argv)
{
    struct options options = {.black = "0",
                              .blackdim = "1,1",
                              .margins = "0,0,0,0",
                              .neutral = "1000,1000,1000",
                              .white = 65535,
                              .orientation = 1};
    struct directory directory = {.count = 0};
    struct frame frame = {0};
    optEntry entries[10], *option_def = entries;
    unsigned int option_def_index = 0;
    message_start("makedng");
    pm_optSetFatalFunc(pm_error);
    OPTENT3(0, "cfa", OPT_STRING, &options.cfa, NULL, 0);
    OPTENT3(0, "black", OPT_STRING, &options.black, NULL, 0);
    OPTENT3(0, "blackdim", OPT_STRING, &options.blackdim, NULL, 0);
    OPTENT3(0, "white", OPT_UINT, &options.white, NULL, 0);
    OPTENT3(0, "margins", OPT_STRING, &options.margins, NULL, 0);
    OPTENT3(0, "neutral", OPT_STRING, &options.neutral, NULL, 0);
    OPTENT3(0, "orientation", OPT_UINT, &options.orientation, NULL, 0);
    optStruct3 table = {.opt_table = entries};
    errno = 0;
    pm_optParseOptions3(&argc, (char **)argv, table, sizeof table, 0);
    if (argc != 2) {
        fputs(usage, stderr);
        return 1;
    }
    input_read_single(argv[1], &frame);
    describe(&options, &frame, &directory);
    write_file(&directory, &frame);
    frame_free(&frame);
    return 0;
}
