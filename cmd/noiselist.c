/*
 * noiselist - turn masks into lists of noisy pixels that other programs read, and back
 *
 * SPDX-License-Identifier: MIT
 */

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "comments.h"
#include "frame.h"
#include "input.h"
#include "mask.h"
#include "message.h"
#include "output.h"
#include "pixel_list.h"

static const char synopsis[] =
    "noiselist -format=dcraw|siril|rawtherapee|jpegpixi|plain [-once] [-offset=X,Y] [mask]\n"
    "       noiselist -mask -width=W -height=H -format=FORMAT [-offset=X,Y] [list]";

enum { SIDE_MAX = 1000000 }; /* pixels; offsets are in -SIDE_MAX..SIDE_MAX */

/* All the information the user supplied on the command line. */
struct cmdline {
    enum pixel_list_format format;
    bool once;               /* write dcraw's list once, not DCRAW_TIMES */
    bool mask;               /* make a mask from a list, not a list from a mask */
    unsigned width, height;  /* of the mask, pixels, 1..SIDE_MAX */
    long offset_x, offset_y; /* of a list's coordinates against the mask's */
    char *const *operands;
    unsigned operand_count;
};

/* dcraw repairs the pixels of a list one after the other, from neighbours that may still be noisy;
   repeating the list more than eight times does not improve a column of ten further. */
enum { DCRAW_TIMES = 8 };

static void parse_offset(struct cmdline *cmd, const char *text)
{
    double offset[2] = {0, 0};
    if (!text)
        return;
    if (cmdline_reals("offset", text, offset, 2) != 2 || offset[0] != floor(offset[0]) ||
        offset[1] != floor(offset[1]) || fabs(offset[0]) > SIDE_MAX || fabs(offset[1]) > SIDE_MAX)
        message_error("-offset=%s: two whole numbers of pixels are needed, X,Y, each -%d to %d",
                      text, SIDE_MAX, SIDE_MAX);
    cmd->offset_x = (long)offset[0];
    cmd->offset_y = (long)offset[1];
}

static void parse_size(struct cmdline *cmd, const char *width, const char *height)
{
    cmdline_without_effect("width", width && !cmd->mask, "without -mask: the mask has its own");
    cmdline_without_effect("height", height && !cmd->mask, "without -mask: the mask has its own");
    if (!cmd->mask)
        return;
    if (!width || !height)
        message_error(
            "-width=W and -height=H are needed with -mask: a list does not tell the size");
    cmd->width = cmdline_whole("width", width, 1, SIDE_MAX);
    cmd->height = cmdline_whole("height", height, 1, SIDE_MAX);
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    static const struct choice formats[] = {{"dcraw", PIXEL_LIST_DCRAW},
                                            {"siril", PIXEL_LIST_SIRIL},
                                            {"rawtherapee", PIXEL_LIST_RAWTHERAPEE},
                                            {"jpegpixi", PIXEL_LIST_JPEGPIXI},
                                            {"plain", PIXEL_LIST_PLAIN},
                                            {NULL, 0}};
    const char *format, *offset, *width, *height;
    const struct option options[] = {
        {"format", NULL, &format}, {"once", &cmd->once, NULL}, {"mask", &cmd->mask, NULL},
        {"width", NULL, &width},   {"height", NULL, &height},  {"offset", NULL, &offset},
    };
    cmdline_parse("noiselist", synopsis, options, sizeof options / sizeof options[0], &argc, argv);
    if (!format)
        message_error("-format is needed: dcraw, siril, rawtherapee, jpegpixi or plain");
    cmd->format =
        (enum pixel_list_format)cmdline_choice("format", format, formats, PIXEL_LIST_PLAIN);
    parse_size(cmd, width, height);
    parse_offset(cmd, offset);
    cmdline_without_effect("once", cmd->once && (cmd->mask || cmd->format != PIXEL_LIST_DCRAW),
                           "but on a list that is written for dcraw");
    if (argc > 2)
        message_error("one %s is wanted; \"%s\" is one too many", cmd->mask ? "list" : "mask",
                      argv[2]);
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
}

/* ---- from a mask to a list ---- */

/* Reads into MASK the union of the images of the operand. Returns whether they are of mosaics. */
static bool read_mask(const struct cmdline *cmd, struct mask *mask)
{
    bool mosaic = true;
    struct input *in = input_open(cmd->operands, cmd->operand_count, NULL);
    struct frame image = {0};
    while (input_read(in, &image)) {
        char *pattern = comments_get(&image, "cfa");
        mosaic = mosaic && pattern;
        free(pattern);
        mask_add(mask, &image);
    }
    input_close(in);
    frame_free(&image);
    return mosaic;
}

/* Tells how many pixels are noisy in some colours only, as a list has no colours. */
static void tell_colors(const struct mask *mask)
{
    size_t end = (size_t)mask->width * mask->height;
    uint8_t all = (uint8_t)((1 << mask->planes) - 1);
    unsigned long some = 0;
    for (size_t at = mask_next(mask, 0); at < end; at = mask_next(mask, at + 1))
        some += mask->noisy[at] != all;
    if (some > 0)
        message_note("%lu of the pixels are noisy in some colours only: a list has no colours, and "
                     "marks them in all",
                     some);
}

static void check_coordinate(const char *axis, long value)
{
    if (value < 0)
        message_error("-offset puts a pixel at %s %ld; lists count from 0", axis, value);
}

/* Moves ENTRY by the offset. Ends the program if a list cannot hold the result. */
static void move(const struct cmdline *cmd, struct pixel_entry *entry)
{
    entry->x += cmd->offset_x;
    entry->y += cmd->offset_y;
    check_coordinate("column", entry->x);
    check_coordinate("row", entry->y);
}

/* Whether whole columns and rows of the mask are whole in the list: not if that has another
   origin. */
static bool has_lines(const struct cmdline *cmd)
{
    return cmd->offset_x == 0 && cmd->offset_y == 0;
}

/* Moves all entries of MASK by the offset, and prints them if PRINT says so. */
static void go_through(const struct cmdline *cmd, const struct mask *mask, bool print)
{
    struct pixel_list *list = pixel_list_new(mask, cmd->format, has_lines(cmd));
    struct pixel_entry entry;
    char line[PIXEL_LIST_LINE];
    while (pixel_list_next(list, &entry)) {
        move(cmd, &entry);
        pixel_list_format(cmd->format, &entry, line);
        if (print)
            puts(line);
    }
    pixel_list_free(list);
}

static void write_list(const struct cmdline *cmd)
{
    struct mask mask = {0};
    /* A pixel of a mosaic has one colour only. */
    if (!read_mask(cmd, &mask))
        tell_colors(&mask);
    go_through(cmd, &mask, false);
    unsigned times = cmd->format == PIXEL_LIST_DCRAW && !cmd->once ? DCRAW_TIMES : 1;
    for (unsigned i = 0; i < times; i++)
        go_through(cmd, &mask, true);
    output_flush_stdout();
    mask_free(&mask);
}

/* ---- from a list to a mask ---- */

/* The state of reading a list. */
struct reader {
    FILE *file;
    const char *label; /* its name in messages */
    unsigned long line;
    long origin;         /* added to all coordinates */
    unsigned long loses; /* entries of which a mask does not hold all */
};

static void mark_entry(const struct cmdline *cmd, struct reader *reader, struct pixel_entry entry,
                       const char *text, struct mask *mask)
{
    reader->loses += entry.loses;
    entry.x += reader->origin - cmd->offset_x;
    entry.y += reader->origin - cmd->offset_y;
    if (!pixel_list_mark(mask, &entry))
        message_error("%s: line %lu, \"%s\", is outside the %ux%u pixels of the mask%s",
                      reader->label, reader->line, text, mask->width, mask->height,
                      has_lines(cmd) ? "" : ", moved by -offset");
}

static void read_line(const struct cmdline *cmd, struct reader *reader, const char *text,
                      struct mask *mask)
{
    struct pixel_entry entry;
    switch (pixel_list_parse(cmd->format, text, &entry)) {
    case PIXEL_LINE_COMMENT:
        return;
    case PIXEL_LINE_ENTRY:
        mark_entry(cmd, reader, entry, text, mask);
        return;
    case PIXEL_LINE_ORIGIN:
        if (reader->line == 1) {
            reader->origin = entry.x;
            return;
        }
        break;
    case PIXEL_LINE_WRONG:
        break;
    }
    message_error("%s: line %lu, \"%s\", is none of a list of that format: an entry is %s",
                  reader->label, reader->line, text, pixel_list_syntax(cmd->format));
}

static void read_list(const struct cmdline *cmd, struct mask *mask)
{
    bool standard = cmdline_reads_stdin(cmd->operands, cmd->operand_count);
    struct reader reader = {.file = stdin, .label = "standard input"};
    if (!standard) {
        reader.label = cmd->operands[0];
        reader.file = fopen(reader.label, "r");
        if (!reader.file)
            message_error("%s cannot be read: %s", reader.label, strerror(errno));
    }
    char *text = NULL;
    size_t room = 0;
    ssize_t length;
    errno = 0;
    while ((length = getline(&text, &room, reader.file)) >= 0) {
        reader.line++;
        if (length > 0 && text[length - 1] == '\n')
            text[--length] = '\0';
        if (strlen(text) != (size_t)length)
            message_error("%s: line %lu has a NUL byte: it is no list", reader.label, reader.line);
        read_line(cmd, &reader, text, mask);
    }
    if (ferror(reader.file))
        message_error("%s cannot be read: %s", reader.label, strerror(errno));
    free(text);
    if (!standard)
        fclose(reader.file);
    if (reader.loses > 0)
        message_note("%lu of the entries %s", reader.loses, pixel_list_loss(cmd->format));
}

static struct frame picture_of(const struct mask *mask)
{
    struct frame image = {.width = mask->width,
                          .height = mask->height,
                          .depth = 1,
                          .maxval = 255,
                          .tuple_type = "GRAYSCALE",
                          .name = "mask"};
    frame_alloc(&image);
    size_t end = (size_t)mask->width * mask->height;
    for (size_t at = 0; at < end; at++)
        image.raster[at] = mask->noisy[at] ? 255 : 0;
    return image;
}

static void write_mask(const struct cmdline *cmd)
{
    struct mask mask = {0};
    mask_init(&mask, &(struct frame){.width = cmd->width, .height = cmd->height, .depth = 1});
    read_list(cmd, &mask);
    struct output *out = output_open(&(struct output_options){0});
    struct frame image = picture_of(&mask);
    output_frame(out, &image);
    output_close(out);
    message_note("%lu noisy pixels", mask_count(&mask));
    image.name = NULL;
    frame_free(&image);
    mask_free(&mask);
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {0};
    parse_cmdline(argc, argv, &cmd);
    if (cmd.mask)
        write_mask(&cmd);
    else
        write_list(&cmd);
    return EXIT_SUCCESS;
}
