/*
 * framein - bring photographs in: JPEG, TIFF, PNG and Netpbm files become one stream of frames
 *
 * SPDX-License-Identifier: MIT
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
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
#include "tiff.h"

static const char synopsis[] =
    "framein [-k] [-outdir=DIR] [-name=NAME ...] [photograph|directory ...]";

/* All the information the user supplied on the command line. */
struct cmdline {
    bool keep_going; /* when a photograph cannot be read */
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
};

/* A photograph, open. */
struct photograph {
    const char *path;
    const char *label; /* what messages call it */
    bool standard;     /* input */
    FILE *file;
    struct kind kind;
};

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    const struct option options[] = {
        {"k", &cmd->keep_going, NULL},
        {"outdir", NULL, &cmd->output.outdir},
    };
    cmdline_parse_named("framein", synopsis, options, sizeof options / sizeof options[0], &argc,
                        argv, &cmd->names);
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
}

static void add_photograph(struct folder *photographs, size_t *room, char *path)
{
    photographs->paths =
        alloc_grow(photographs->paths, photographs->count, room, sizeof *photographs->paths);
    photographs->paths[photographs->count++] = path;
}

/* Lists the operands, standard input if there is none. */
static void list_photographs(const struct cmdline *cmd, struct folder *photographs)
{
    size_t room = 0;
    struct stat status;
    for (unsigned i = 0; i < cmd->operand_count; i++) {
        if (stat(cmd->operands[i], &status) != 0 || !S_ISDIR(status.st_mode)) {
            add_photograph(photographs, &room, alloc_string(cmd->operands[i]));
            continue;
        }
        struct folder folder;
        folder_list(cmd->operands[i], &folder);
        for (unsigned k = 0; k < folder.count; k++)
            add_photograph(photographs, &room, folder.paths[k]);
        free(folder.paths);
    }
    if (cmd->operand_count == 0)
        add_photograph(photographs, &room, alloc_string("-"));
}

/* ---- a photograph's file ---- */

/* What FILE still holds, in a file of its own that can be read at any place; closes FILE. NULL if
   that fails. */
static FILE *copy_file(FILE *file)
{
    char bytes[1 << 14];
    FILE *copy = tmpfile();
    size_t count;
    while (copy && (count = fread(bytes, 1, sizeof bytes, file)) > 0)
        if (fwrite(bytes, 1, count, copy) != count)
            break;
    bool whole = copy && !ferror(file) && feof(file) && fflush(copy) == 0 && !ferror(copy);
    int error = errno;
    if (file != stdin)
        fclose(file);
    if (whole) {
        rewind(copy);
        return copy;
    }
    if (copy)
        fclose(copy);
    errno = error;
    return NULL;
}

static bool is_regular(FILE *file)
{
    struct stat status;
    return fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) && ftello(file) == 0;
}

/* Tells the kind of PHOTO by its first bytes, which are read again later. A stream on standard
   input must not wait for more than its first byte. NULL, or what is wrong. */
static char *look(struct photograph *photo)
{
    unsigned char head[KIND_BYTES];
    if (!is_regular(photo->file)) {
        int byte = getc(photo->file);
        if (byte != EOF)
            ungetc(byte, photo->file);
        if (photo->standard && (byte == 'P' || byte == 0x89 || byte == EOF)) {
            photo->kind.reader = KIND_STREAM;
            return NULL;
        }
        photo->file = copy_file(photo->file);
        if (!photo->file)
            return alloc_printf("cannot be read: %s", strerror(errno));
    }
    errno = 0;
    size_t count = fread(head, 1, sizeof head, photo->file);
    if (ferror(photo->file))
        return alloc_printf("cannot be read: %s", strerror(errno));
    rewind(photo->file);
    photo->kind = kind_of(head, count);
    if (count == 0)
        return alloc_string("is empty");
    if (photo->kind.reader == KIND_OTHER)
        return alloc_printf("no photograph that framein knows: it begins with byte 0x%02x",
                            head[0]);
    return NULL;
}

/* Opens PATH as PHOTO. NULL, or what is wrong. */
static char *open_photograph(const char *path, struct photograph *photo)
{
    bool standard = strcmp(path, "-") == 0;
    *photo = (struct photograph){
        .path = path, .label = standard ? "standard input" : path, .standard = standard};
    if (standard && isatty(STDIN_FILENO))
        message_error("standard input is a terminal: name photographs or a directory of them");
    photo->file = standard ? stdin : fopen(path, "rb");
    return photo->file ? look(photo) : alloc_printf("cannot be read: %s", strerror(errno));
}

static void close_photograph(struct photograph *photo)
{
    if (photo->file && photo->file != stdin)
        fclose(photo->file);
}

/* ---- frames ---- */

/* Frame I, from 0, of the COUNT that PHOTO holds. */
static char *frame_name(const struct cmdline *cmd, const struct photograph *photo, unsigned i,
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

/* Writes FRAME if it is like the first. NULL, or what is wrong. */
static char *put_out(struct stack *stack, const struct frame *frame)
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
    tell_orientation(stack, frame);
    output_frame(stack->out, frame);
    return NULL;
}

static char *read_jpeg(struct stack *stack, const struct photograph *photo)
{
    char *error = jpeg_read(photo->file, photo->label, &stack->frame);
    free(stack->frame.name);
    stack->frame.name = frame_name(stack->cmd, photo, 0, 1);
    return error ? error : put_out(stack, &stack->frame);
}

static char *read_tiff(struct stack *stack, const struct photograph *photo)
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

static char *read_stream(struct stack *stack, struct photograph *photo)
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
static char *read_photograph(struct stack *stack, struct photograph *photo)
{
    switch (photo->kind.reader) {
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
    struct photograph photo;
    message_progress("photograph %u of %u: %s", ++stack->read, stack->photographs.count, path);
    char *error = open_photograph(path, &photo);
    message_about(photo.label);
    if (!error)
        error = read_photograph(stack, &photo);
    message_about(NULL);
    close_photograph(&photo);
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
    list_photographs(&cmd, &stack.photographs);
    stack.out = output_open(&cmd.output);
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
    free(cmd.names);
    return stack.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
