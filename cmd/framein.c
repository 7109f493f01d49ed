/*
 * framein - bring photographs in: camera raw, JPEG, TIFF, PNG and Netpbm files become one stream of
 * frames
 *
 * SPDX-License-Identifier: MIT
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "cmdline.h"
#include "comments.h"
#include "folder.h"
#include "frame.h"
#include "input.h"
#include "jpeg.h"
#include "kind.h"
#include "message.h"
#include "name.h"
#include "output.h"
#include "photo.h"
#include "raw.h"
#include "raw_repair.h"
#include "source.h"
#include "tiff.h"

static const char synopsis[] =
    "framein [-mask=FILE [-grow=N] [-maxpixels=N]] [-like=FILE] [-linear] [-halfsize]\n"
    "           [-deep] [-k] [-outdir=DIR] [-name=NAME ...] [photograph|directory ...]\n"
    "       framein -mosaic [-mask=FILE [-grow=N] [-maxpixels=N]] [-k] [-outdir=DIR]\n"
    "           [-name=NAME ...] [raw file|directory ...]";

enum { GROW_MAX = 50, MAX_PIXELS_MAX = 1000000000 };

/* All the information the user supplied on the command line. */
struct cmdline {
    bool mosaic;         /* of raw files is given, not developed */
    const char *mask;    /* noisy pixels to repair on the mosaic; NULL: none */
    unsigned grow;       /* pixels by which the mask is widened, 0..GROW_MAX */
    unsigned max_pixels; /* more noisy pixels in the mask are refused; 0: no limit */
    const char *like;    /* the raw file whose white balance all take; NULL: the first operand */
    bool linear;         /* raw files are developed to light itself */
    bool half;           /* and at half the size */
    bool deep;           /* all frames have 16 bits */
    bool keep_going;     /* when a photograph cannot be read */
    struct output_options output;
    const char **names; /* of the frames on standard input, NULL behind the last */
    char *const *operands;
    unsigned operand_count;
};

/* The photographs to read, and what is known of the frames made of them. */
struct stack {
    const struct cmdline *cmd;
    struct folder photographs; /* all operands, directories replaced by what is in them */
    struct output *out;
    struct frame frame; /* the last one read from JPEG or TIFF */
    unsigned read;      /* photographs, those that failed included */
    unsigned failed;
    struct frame first; /* geometry, comments and name of the first frame */
    bool orientation_told;
    struct raw_look look; /* of raw files, once the first was read or -like is given */
    unsigned white;       /* of the first raw file; 0: none was read */
    bool white_told;
    struct raw_repair *repair; /* by -mask; or NULL */
};

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    const char *grow, *max_pixels;
    const struct option options[] = {
        {"mosaic", &cmd->mosaic, NULL}, {"mask", NULL, &cmd->mask},
        {"grow", NULL, &grow},          {"maxpixels", NULL, &max_pixels},
        {"like", NULL, &cmd->like},     {"linear", &cmd->linear, NULL},
        {"halfsize", &cmd->half, NULL}, {"deep", &cmd->deep, NULL},
        {"k", &cmd->keep_going, NULL},  {"outdir", NULL, &cmd->output.outdir},
    };
    cmdline_parse_named("framein", synopsis, options, sizeof options / sizeof options[0], &argc,
                        argv, &cmd->names);
    cmd->grow = grow ? cmdline_whole("grow", grow, 0, GROW_MAX) : 0;
    cmd->max_pixels = max_pixels ? cmdline_whole("maxpixels", max_pixels, 0, MAX_PIXELS_MAX) : 1000;
    cmdline_without_effect("grow", grow && !cmd->mask, "without -mask");
    cmdline_without_effect("maxpixels", max_pixels && !cmd->mask, "without -mask");
    const char *undeveloped = "with -mosaic, which develops nothing";
    cmdline_without_effect("like", cmd->like && cmd->mosaic, undeveloped);
    cmdline_without_effect("linear", cmd->linear && cmd->mosaic, undeveloped);
    cmdline_without_effect("halfsize", cmd->half && cmd->mosaic, undeveloped);
    cmdline_without_effect("deep", cmd->deep && cmd->mosaic, "with -mosaic, which has 16 bits");
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
}

/* ---- frames ---- */

/* Frame I, from 0, of the COUNT that PHOTO holds. */
static char *frame_name(const struct cmdline *cmd, const struct source *photo, unsigned i,
                        unsigned count)
{
    unsigned names = 0;
    while (photo->standard && cmd->names[names])
        names++;
    if (names > 1 && names != count)
        message_error("standard input has %u images, but -name was given %u times: each names one",
                      count, names);
    if (names > 1)
        return alloc_string(cmd->names[i]);
    char *base = names == 1        ? alloc_string(cmd->names[0])
                 : photo->standard ? alloc_string("frame")
                                   : name_from_path(photo->path);
    if (count == 1)
        return base;
    char *name = alloc_printf("%s-%u", base, i + 1);
    free(base);
    return name;
}

static void keep_first(struct stack *stack, const struct frame *frame)
{
    stack->first = *frame;
    stack->first.raster = NULL;
    stack->first.name = alloc_string(frame->name);
}

/* Nothing is turned here: in a stack each frame must lie as the others do. */
static void tell_orientation(struct stack *stack, const struct frame *frame)
{
    unsigned first = comments_orientation(&stack->first), here = comments_orientation(frame);
    if ((first ? first : 1) == (here ? here : 1) || stack->orientation_told)
        return;
    message_note(
        "frame %s has orientation %u, frame %s %u: as cameras that look down note by chance. "
        "No frame is turned",
        frame->name, here ? here : 1, stack->first.name, first ? first : 1);
    stack->orientation_told = true;
}

/* Whether FRAME is like the first, which it may be. NULL, or what is wrong. */
static char *check_fit(struct stack *stack, const struct frame *frame)
{
    if (!stack->first.name)
        keep_first(stack, frame);
    if (!frame_same_geometry(frame, &stack->first)) {
        char *here = frame_geometry_text(frame), *first = frame_geometry_text(&stack->first);
        char *error = alloc_printf("frame %s is %s, but frame %s is %s; all frames of a stack must "
                                   "be alike",
                                   frame->name, here, stack->first.name, first);
        free(here);
        free(first);
        return error;
    }
    char *misfit = comments_misfit(frame, &stack->first);
    if (misfit)
        return misfit;
    tell_orientation(stack, frame);
    return NULL;
}

/* Writes FRAME if it is like the first. NULL, or what is wrong. */
static char *put_out(struct stack *stack, struct frame *frame)
{
    if (stack->cmd->deep)
        photo_deepen(frame);
    char *error = check_fit(stack, frame);
    if (!error)
        output_frame(stack->out, frame);
    return error;
}

static char *read_jpeg(struct stack *stack, const struct source *photo)
{
    char *error = jpeg_read(photo->file, photo->label, &stack->frame);
    free(stack->frame.name);
    stack->frame.name = frame_name(stack->cmd, photo, 0, 1);
    return error ? error : put_out(stack, &stack->frame);
}

/* ---- raw files ---- */

/* Takes the white balance of RAW, which is called LABEL, for all. */
static void take_balance(struct stack *stack, const struct raw *raw, const char *label)
{
    if (!raw_balance(raw, stack->look.balance))
        message_note("%s: no white balance in the file: daylight", label);
}

/* That of the file -like. */
static void look_alike(struct stack *stack)
{
    struct source photo;
    char *error = source_open(stack->cmd->like, &photo);
    enum kind_reader reader = photo.kind.reader;
    struct raw *raw = NULL;
    if (!error && (reader == KIND_RAW || reader == KIND_TIFF))
        raw = raw_open(photo.file, photo.label, reader == KIND_TIFF, &error);
    if (raw)
        error = raw_unpack(raw);
    if (error)
        message_error("-like=%s: %s", photo.label, error);
    if (!raw)
        message_error("-like=%s: no camera raw file, so it has no white balance", photo.label);
    take_balance(stack, raw, photo.label);
    raw_close(raw);
    source_close(&photo);
}

/* White is where development clips: frames of another are not alike there. */
static void tell_white(struct stack *stack, const struct raw *raw, const char *label)
{
    if (!stack->white)
        stack->white = raw_white(raw);
    if (raw_white(raw) == stack->white || stack->white_told)
        return;
    message_note("%s: its sensor saturates at %u, that of the first photograph at %u", label,
                 raw_white(raw), stack->white);
    stack->white_told = true;
}

/* Writes what RAW holds as FRAME, row by row: a whole raster beside it would be too much. */
static void put_out_rows(struct stack *stack, struct raw *raw, const struct frame *frame)
{
    unsigned char *row = alloc_array(1, frame_row_bytes(frame));
    output_begin(stack->out, frame);
    for (unsigned y = 0; y < frame->height; y++) {
        raw_row(raw, y, row);
        output_rows(stack->out, row, 1);
    }
    free(row);
}

static char *read_raw(struct stack *stack, const struct source *photo, struct raw *raw)
{
    struct frame frame = {.name = frame_name(stack->cmd, photo, 0, 1)};
    char *error = raw_unpack(raw);
    if (!error && stack->repair)
        error = raw_repair(stack->repair, raw, frame.name);
    if (!error && !stack->cmd->mosaic && !(stack->look.balance[1] > 0))
        take_balance(stack, raw, photo->label);
    if (!error)
        error =
            stack->cmd->mosaic ? raw_mosaic(raw, &frame) : raw_develop(raw, &stack->look, &frame);
    if (!error)
        error = check_fit(stack, &frame);
    if (!error) {
        if (!stack->cmd->mosaic)
            tell_white(stack, raw, photo->label);
        put_out_rows(stack, raw, &frame);
    }
    frame_free(&frame);
    raw_close(raw);
    return error;
}

/* ---- other photographs ---- */

static char *read_tiff(struct stack *stack, const struct source *photo)
{
    char *error;
    struct tiff *tiff = tiff_open(photo->file, photo->label, &error);
    unsigned pages = tiff ? tiff_pages(tiff) : 0;
    for (unsigned i = 0; i < pages && !error; i++) {
        error = tiff_read(tiff, i, &stack->frame);
        free(stack->frame.name);
        stack->frame.name = frame_name(stack->cmd, photo, i, pages);
        if (!error)
            error = put_out(stack, &stack->frame);
    }
    if (tiff)
        tiff_close(tiff);
    return error;
}

/* Whether the frames of the file PATH can be read: what reads streams ends the program if not, so a
   process of its own tries it first. It says what is wrong. */
static bool stream_is_sound(const char *path)
{
    pid_t child = fork();
    if (child < 0)
        message_error("no further process could be started: %s", strerror(errno));
    if (child == 0) {
        /* The end of a program marks its output as broken: here it has none. */
        int nothing = open("/dev/null", O_WRONLY);
        if (nothing < 0 || dup2(nothing, STDOUT_FILENO) < 0)
            message_error("/dev/null cannot be opened: %s", strerror(errno));
        message_silence();
        char *operands[] = {(char *)(size_t)path};
        struct input *in = input_open(operands, 1, NULL);
        struct frame frame = {0};
        while (input_read(in, &frame))
            ;
        input_close(in);
        frame_free(&frame);
        exit(EXIT_SUCCESS);
    }
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static char *read_stream(struct stack *stack, struct source *photo)
{
    struct frame frame = {0};
    struct input *in = photo->standard ? input_open(NULL, 0, stack->cmd->names)
                                       : input_open_file(photo->file, photo->path);
    char *error = NULL;
    photo->file = NULL; /* INPUT closes it */
    while (!error && input_read(in, &frame))
        error = put_out(stack, &frame);
    input_close(in);
    frame_free(&frame);
    return error;
}

/* Reads PHOTO and writes its frames. NULL, or what is wrong; "" if that was said. */
static char *read_photograph(struct stack *stack, struct source *photo)
{
    char *error = NULL;
    enum kind_reader reader = photo->kind.reader;
    struct raw *raw = reader == KIND_RAW || reader == KIND_TIFF
                          ? raw_open(photo->file, photo->label, reader == KIND_TIFF, &error)
                          : NULL;
    if (raw)
        return read_raw(stack, photo, raw);
    if (error)
        return error;
    if (stack->cmd->mosaic || stack->cmd->mask)
        return alloc_string(
            "no camera raw file, so it holds no mosaic. noisemask repairs developed "
            "frames");
    switch (reader) {
    case KIND_JPEG:
        return read_jpeg(stack, photo);
    case KIND_TIFF:
        return read_tiff(stack, photo);
    case KIND_STREAM:
        if (stack->cmd->keep_going && !photo->standard && !stream_is_sound(photo->path))
            return alloc_string("");
        return read_stream(stack, photo);
    default:
        return photo_convert(photo->kind.what, photo->kind.way);
    }
}

/* Reads the photograph PATH. If that fails, ends the program or, with -k, goes on. */
static void take(struct stack *stack, const char *path)
{
    struct source photo;
    message_progress("photograph %u of %u: %s", ++stack->read, stack->photographs.count, path);
    char *error = source_open(path, &photo);
    message_about(photo.label);
    if (!error)
        error = read_photograph(stack, &photo);
    message_about(NULL);
    source_close(&photo);
    if (!error)
        return;
    if (!stack->cmd->keep_going)
        message_error("%s: %s", photo.label, error);
    if (*error)
        message_say("%s: %s", photo.label, error);
    free(error);
    stack->failed++;
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {.output.option = "-outdir=DIR"};
    struct stack stack = {.cmd = &cmd};
    parse_cmdline(argc, argv, &cmd);
    stack.look.linear = cmd.linear;
    stack.look.half = cmd.half;
    folder_collect(cmd.operands, cmd.operand_count, &stack.photographs);
    if (cmd.mask)
        stack.repair = raw_repair_new(cmd.mask, cmd.grow, cmd.max_pixels);
    stack.out = output_open(&cmd.output);
    if (cmd.like)
        look_alike(&stack);
    for (unsigned i = 0; i < stack.photographs.count; i++)
        take(&stack, stack.photographs.paths[i]);
    message_progress_end();
    if (!stack.first.name)
        message_error("no photograph could be read: there is no frame");
    if (stack.failed > 0)
        message_say("%u of %u photographs left out", stack.failed, stack.photographs.count);
    output_close(stack.out);
    folder_free(&stack.photographs);
    frame_free(&stack.frame);
    frame_free(&stack.first);
    raw_repair_free(stack.repair);
    free(cmd.names);
    return stack.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
