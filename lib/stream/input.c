/* SPDX-License-Identifier: MIT */

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "comments.h"
#include "input.h"
#include "message.h"
#include "name.h"
#include "pam_io.h"
#include "png_io.h"

struct input {
    char *const *operands;
    unsigned count;
    unsigned opened;                /* operands so far */
    const char *const *stdin_names; /* or NULL */

    FILE *file;     /* the operand being read, or NULL */
    char *label;    /* what messages call it */
    char *base;     /* what names its frames */
    bool explicit;  /* base is a file's name or -name, not the default */
    unsigned image; /* number of the current image in the file, from 1 */
    unsigned named; /* so many images it has, each with a name that was given; 0: not known */

    struct pam_reader *pam; /* of the current image, or NULL */
    struct png_reader *png; /* likewise */
    bool space;             /* may follow it before the next image */
    char *carried;          /* the name in the current image's header, or NULL */
    unsigned rows_left;     /* of the current image */

    unsigned frames;    /* images so far, over all operands */
    struct frame first; /* geometry and name of the first */
    struct roll *roll;  /* or NULL */
    bool progress;      /* is shown */
    bool planes_told;   /* that some are left out */
};

static char *const standard_input[] = {"-"};

struct input *input_open(char *const *operands, unsigned count, const char *const *stdin_names)
{
    struct input *in = alloc_zeroed(1, sizeof *in);
    in->operands = count ? operands : standard_input;
    in->count = count ? count : 1;
    in->stdin_names = stdin_names && stdin_names[0] ? stdin_names : NULL;
    in->progress = in->count > 1;
    return in;
}

struct input *input_open_file(FILE *file, const char *path)
{
    struct input *in = alloc_zeroed(1, sizeof *in);
    in->file = file;
    in->label = alloc_string(path);
    in->base = name_from_path(path);
    in->explicit = true;
    return in;
}

void input_keep_roll(struct input *in, struct roll *roll)
{
    in->roll = roll;
}

static void open_operand(struct input *in)
{
    const char *operand = in->operands[in->opened++];
    bool standard = strcmp(operand, "-") == 0;
    if (standard && isatty(STDIN_FILENO))
        message_error(
            "standard input is a terminal: name files, or redirect a stream of frames to it");
    free(in->label);
    free(in->base);
    in->label = alloc_string(standard ? "standard input" : operand);
    if (standard)
        in->base = alloc_string(in->stdin_names ? in->stdin_names[0] : "frame");
    else
        in->base = name_from_path(operand);
    in->explicit = !standard || in->stdin_names;
    in->image = 0;
    in->named = 0;
    while (standard && in->stdin_names && in->stdin_names[in->named])
        in->named++;
    if (in->named == 1)
        in->named = 0;
    in->file = standard ? stdin : fopen(operand, "rb");
    if (!in->file)
        message_error("%s cannot be read: %s", operand, strerror(errno));
}

static void close_operand(struct input *in)
{
    if (in->file && in->file != stdin)
        fclose(in->file);
    in->file = NULL;
}

/* The next byte of the operand, left in place, or EOF. */
static int peek(struct input *in)
{
    errno = 0;
    int byte = getc(in->file);
    if (byte == EOF && ferror(in->file))
        message_error("%s cannot be read: %s", in->label, strerror(errno));
    if (byte != EOF)
        ungetc(byte, in->file);
    return byte;
}

/* Ends the program because the operand holds no frame; names the program that converts it, if
   known. */
static void refuse_format(const struct input *in, int byte)
{
    static const struct {
        int byte;
        const char *format, *way;
    } known[] = {
        {0xff, "a JPEG file", "use framein"},
        {'I', "a TIFF or camera raw file", "use framein"},
        {'M', "a TIFF or camera raw file", "use framein"},
        {'G', "a GIF file", "use giftopnm"},
        {'B', "a BMP file", "use bmptopnm"},
    };
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
        if (byte == known[i].byte)
            message_error("%s is no PAM, PNM or PNG stream; it looks like %s: %s", in->label,
                          known[i].format, known[i].way);
    message_error("%s is no PAM, PNM or PNG stream: it begins with byte 0x%02x", in->label,
                  (unsigned)byte);
}

static void check_geometry(struct input *in, const struct frame *frame)
{
    if (frame->depth < 1 || frame->depth > 4)
        message_error("%s: depth %u; frames are gray or RGB, with or without opacity: depth 1 to 4",
                      in->label, frame->depth);
    if (frame->height > SIZE_MAX / 8 / frame->depth / frame->width)
        message_error("%s: %ux%u pixels are more than this machine can address", in->label,
                      frame->width, frame->height);
    if (in->frames == 0) {
        if (in->roll)
            roll_geometry(in->roll, frame);
        in->first = *frame;
        in->first.name = NULL;
        in->first.raster = NULL;
    } else if (!frame_same_geometry(frame, &in->first)) {
        message_error(
            "frame %s (%s) is %s, but frame %s is %s; all frames of a stream must be alike",
            frame->name, in->label, frame_geometry_text(frame), in->first.name,
            frame_geometry_text(&in->first));
    }
    char *misfit = comments_misfit(frame, &in->first);
    if (misfit)
        message_error("frame %s (%s) %s", frame->name, in->label, misfit);
}

/* Whether another image follows the current one, of which all is read. Closes the operand at its
   end. On a pipe this waits until the writer goes on. */
static bool another_follows(struct input *in)
{
    if (!in->file)
        return false;
    int next = peek(in);
    while (in->space && next != EOF && isspace(next)) {
        getc(in->file);
        next = peek(in);
    }
    if (next == EOF)
        close_operand(in);
    else if (next != 'P' && next != 0x89)
        message_error(
            "%s: behind image %u stands neither the end nor another image, but byte 0x%02x",
            in->label, in->image, (unsigned)next);
    return next != EOF;
}

/* Whether the name of the current image depends on what follows it: that of an operand's first
   image does, unless its header names it and neither file nor -name does. */
static bool name_depends_on_next(const struct input *in)
{
    return in->image == 1 && !in->named && (in->explicit || !in->carried);
}

/* The name of the current image; ALONE: it is the only one in its file. */
static char *image_name(const struct input *in, bool alone)
{
    if (in->named)
        return alloc_string(in->stdin_names[in->image - 1]);
    if (alone && in->explicit)
        return alloc_string(in->base);
    if (in->carried)
        return alloc_string(in->carried);
    return alone ? alloc_string(in->base) : alloc_printf("%s-%u", in->base, in->image);
}

static void show_progress(const struct input *in, const char *name)
{
    if (in->frames < in->count) /* nearly always a file holds one image */
        message_progress("frame %u of %u: %s", in->frames + 1, in->count, name);
    else
        message_progress("frame %u: %s", in->frames + 1, name);
}

static void tell_planes(struct input *in, const struct frame *frame)
{
    unsigned left_out = pam_reader_left_out(in->pam);
    if (left_out == 0)
        return;
    message_note_once("%s: the tuple type names %u of the %u planes; the others are left out",
                      in->label, frame->depth, frame->depth + left_out);
    in->planes_told = true;
}

bool input_next(struct input *in, struct frame *frame)
{
    message_about(NULL);
    if (in->image > 0)
        another_follows(in);
    if (!in->file && in->image < in->named)
        message_error("standard input has %u images, but -name was given %u times: each names one",
                      in->image, in->named);
    if (!in->file) {
        if (in->opened == in->count) {
            if (in->frames == 0)
                message_error("the stream is empty: there is no frame to work on");
            if (in->roll)
                roll_end(in->roll, in->frames);
            return false;
        }
        open_operand(in);
    }
    int magic = peek(in);
    if (in->named && in->image == in->named)
        message_error("standard input has more images than there are names: -name was given %u "
                      "times. Name each image",
                      in->named);
    if (magic == EOF)
        message_error("%s is empty: no frame was there", in->label);
    if (magic != 'P' && magic != 0x89)
        refuse_format(in, magic);

    in->image++;
    message_about(in->label);
    free(in->carried);
    in->carried = NULL;
    if (magic == 'P')
        in->pam = pam_reader_open(in->file, in->label, in->image, frame, &in->carried);
    else
        in->png = png_reader_open(in->file, in->label, frame);
    in->space = in->pam && !pam_reader_is_raw(in->pam);
    if (in->pam && !in->planes_told)
        tell_planes(in, frame);
    free(frame->name);
    frame->name = image_name(in, in->image == 1);
    check_geometry(in, frame);
    if (in->progress)
        show_progress(in, frame->name);
    in->rows_left = frame->height;
    return true;
}

static void close_readers(struct input *in)
{
    pam_reader_free(in->pam);
    in->pam = NULL;
    png_reader_free(in->png);
    in->png = NULL;
}

/* Settles the name of an image of which all is read. Looks at what follows only if the name needs
   it, so that the image can go on before the next one arrives. */
static void finish_image(struct input *in, struct frame *frame)
{
    close_readers(in);
    bool alone = name_depends_on_next(in) && !another_follows(in);
    free(frame->name);
    frame->name = image_name(in, alone);
    if (in->roll)
        roll_name(in->roll, in->frames, frame->name);
    if (in->frames++ == 0)
        in->first.name = alloc_string(frame->name);
}

void input_rows(struct input *in, struct frame *frame, unsigned char *raster, unsigned count)
{
    if (in->pam)
        pam_reader_rows(in->pam, raster, count);
    else
        png_reader_rows(in->png, raster, count);
    in->rows_left -= count;
    if (in->rows_left > 0)
        return;
    if (in->png)
        png_reader_finish(in->png);
    finish_image(in, frame);
}

/* Whether the operand is a regular file; if so, sets its size and the position in it. */
static bool find_place(const struct input *in, off_t *size, off_t *place)
{
    struct stat status;
    if (fstat(fileno(in->file), &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    *size = status.st_size;
    *place = ftello(in->file);
    return *place >= 0;
}

/* Skips a raw raster that is complete and cannot hold a fault; reading it would find nothing
   wrong. */
static bool skip_raw(struct input *in, const struct frame *frame)
{
    off_t size, place, bytes = (off_t)frame_raster_bytes(frame);
    return in->pam && pam_reader_is_sound(in->pam) && find_place(in, &size, &place) &&
           size - place >= bytes && fseeko(in->file, bytes, SEEK_CUR) == 0;
}

static bool skip_png(struct input *in)
{
    off_t size, place;
    if (!in->png || !find_place(in, &size, &place))
        return false;
    png_reader_skip(in->png);
    return true;
}

void input_skip(struct input *in, struct frame *frame)
{
    if (skip_raw(in, frame) || skip_png(in)) {
        finish_image(in, frame);
        return;
    }
    unsigned char *row = alloc_array(frame_row_bytes(frame), 1);
    while (in->rows_left > 0)
        input_rows(in, frame, row, 1);
    free(row);
}

void input_raster(struct input *in, struct frame *frame)
{
    if (!frame->raster)
        frame_alloc(frame);
    input_rows(in, frame, frame->raster, frame->height);
}

bool input_read(struct input *in, struct frame *frame)
{
    if (!input_next(in, frame))
        return false;
    input_raster(in, frame);
    return true;
}

void input_close(struct input *in)
{
    message_progress_end();
    message_about(NULL);
    close_readers(in);
    close_operand(in);
    free(in->label);
    free(in->base);
    free(in->carried);
    free(in->first.name);
    free(in);
}

bool input_probe(const char *path, struct frame *frame, off_t *offset)
{
    /* Opens regular files only: the writer of a FIFO would take the probe for its reader. */
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    char *operands[] = {(char *)(size_t)path};
    struct input *in = input_open(operands, 1, NULL);
    open_operand(in);
    bool raw = false;
    off_t size;
    if (in->file != stdin && find_place(in, &size, offset) && peek(in) == 'P') {
        input_next(in, frame);
        *offset = ftello(in->file);
        raw = in->pam && pam_reader_is_sound(in->pam) && *offset >= 0 &&
              (uintmax_t)(size - *offset) == frame_raster_bytes(frame);
    }
    input_close(in);
    return raw;
}

void input_read_single(const char *path, struct frame *frame)
{
    char *operands[] = {(char *)(size_t)path};
    struct input *in = input_open(operands, 1, NULL);
    input_read(in, frame);
    if (another_follows(in))
        message_error("%s holds several images; one is wanted", path);
    input_close(in);
}
