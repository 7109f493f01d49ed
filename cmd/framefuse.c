/*
 * framefuse - fuse the aligned frames of a stack into one sharp picture
 *
 * SPDX-License-Identifier: MIT
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ahead.h"
#include "alloc.h"
#include "cmdline.h"
#include "comments.h"
#include "depth_map.h"
#include "depth_table.h"
#include "frame.h"
#include "fuse.h"
#include "input.h"
#include "message.h"
#include "name.h"
#include "output.h"
#include "tempfile.h"
#include "threads.h"

static const char synopsis[] =
    "framefuse [-sharpness=4|6|8] [-opacity]\n"
    "           [-depthmap=FILE [-depthsmooth=N] [-depthopaque]] [-choose=FILE]\n"
    "           [-png] [-output=FILE] [-name=NAME] [frame ...]";

enum { SMOOTH_MOST = 10000 };

/* All the information the user supplied on the command line. */
struct cmdline {
    struct fuse_options fuse;
    const char *depth_map; /* file, or NULL */
    char *depth_table;     /* the file beside it, or NULL; owned */
    unsigned smooth;       /* pixels: how far the map is filled */
    bool opaque;           /* the map has no opacity plane */
    const char *choice;    /* file, or NULL */
    const char *output;    /* file, or NULL: standard output */
    bool png;              /* the picture is one, else PAM */
    const char *name;      /* of the picture */
    char *const *operands;
    unsigned operand_count;
};

/* What the frames came to. */
struct stack {
    struct fuse *fuse;
    unsigned frames, shown; /* all, and those that are not transparent everywhere */
    char **names;           /* of all, for the depth map's table; else NULL */
    size_t names_room;
    char **comments; /* of all: what travels with them */
    size_t comments_room;
    char *reference; /* that of the reference frame, or NULL while it has not come; not owned */
};

/* A person's choice of frames. */
struct chosen {
    struct frame map;
    unsigned count; /* frames that its samples stand for */
    char **names;   /* theirs, by the table beside it, escaped; NULL: there is none */
    char *table;    /* that file */
};

static bool is_png(const char *path)
{
    return strcasecmp(depth_table_ending(path), ".png") == 0;
}

/* Checks that the map and its table can lie beside each other, and apart from the picture. */
static void parse_depth_map(struct cmdline *cmd)
{
    const char *map = cmd->depth_map;
    struct stat status;
    if (map[0] == '\0' || (stat(map, &status) == 0 && !S_ISREG(status.st_mode)))
        message_error("-depthmap=%s: a regular file is needed, for a table is written beside it",
                      map);
    cmd->depth_table = depth_table_beside(map);
    if (strcmp(map, cmd->depth_table) == 0)
        message_error("-depthmap=%s: that is the name of the table beside the map: give the map "
                      "another ending, such as .png",
                      map);
    if (cmd->output &&
        (strcmp(cmd->output, map) == 0 || strcmp(cmd->output, cmd->depth_table) == 0))
        message_error("-output=%s would replace the depth map or its table, %s: give it another "
                      "name",
                      cmd->output, cmd->depth_table);
}

/* A map that was painted by hand is not to be lost. */
static void parse_choice(const struct cmdline *cmd)
{
    const char *results[] = {cmd->output, cmd->depth_map, cmd->depth_table};
    struct stat map, result;
    bool there = stat(cmd->choice, &map) == 0;
    for (unsigned i = 0; there && i < sizeof results / sizeof results[0]; i++)
        if (results[i] && stat(results[i], &result) == 0 && map.st_dev == result.st_dev &&
            map.st_ino == result.st_ino)
            message_error("-choose=%s would be replaced by %s: give that another name", cmd->choice,
                          results[i]);
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    static const struct choice powers[] = {{"4", 4}, {"6", 6}, {"8", 8}, {NULL, 0}};
    const char *sharpness, *smooth;
    const struct option options[] = {
        {"sharpness", NULL, &sharpness}, {"depthmap", NULL, &cmd->depth_map},
        {"png", &cmd->png, NULL},        {"output", NULL, &cmd->output},
        {"name", NULL, &cmd->name},      {"opacity", &cmd->fuse.opacity, NULL},
        {"depthsmooth", NULL, &smooth},  {"depthopaque", &cmd->opaque, NULL},
        {"choose", NULL, &cmd->choice},
    };
    cmdline_parse("framefuse", synopsis, options, sizeof options / sizeof options[0], &argc, argv);
    cmd->fuse.sharpness = (unsigned)cmdline_choice("sharpness", sharpness, powers, 6);
    cmd->fuse.depth = cmd->depth_map;
    if (cmd->output && cmd->output[0] == '\0')
        message_error("-output: the file's name is empty");
    if (cmd->name && cmd->name[0] == '\0')
        message_error("-name: the name is empty");
    cmdline_without_effect("depthsmooth", smooth && !cmd->depth_map, "without -depthmap");
    cmdline_without_effect("depthopaque", cmd->opaque && !cmd->depth_map, "without -depthmap");
    if (smooth)
        cmd->smooth = cmdline_whole("depthsmooth", smooth, 1, SMOOTH_MOST);
    if (cmd->depth_map)
        parse_depth_map(cmd);
    if (cmd->choice)
        parse_choice(cmd);
    cmd->png = cmd->png || (cmd->output && is_png(cmd->output));
    cmdline_without_effect("name", cmd->name && cmd->png, "on PNG, which carries no name");
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
}

/* Ends the program where fusing frames like FRAME takes more memory than the machine has. */
static void check_memory(const struct cmdline *cmd, const struct frame *frame)
{
    double gib = 1024.0 * 1024 * 1024, needed = fuse_bytes(frame, &cmd->fuse) / gib;
    double there = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / gib;
    if (there <= 0 || needed <= there)
        return;
    char *geometry = frame_geometry_text(frame);
    message_error("frame %s: to fuse frames of %s takes %.1f GiB of memory, and this machine has "
                  "%.1f GiB: make them smaller (pamscale, or pamcut into parts that overlap)",
                  frame->name, geometry, needed, there);
}

/* ---- a person's choice ---- */

static void read_choice(const struct cmdline *cmd, struct chosen *chosen)
{
    input_read_single(cmd->choice, &chosen->map);
    if (frame_colors(&chosen->map) != 1)
        message_error(
            "-choose=%s has colours: a gray image is needed, with opacity or without, whose "
            "samples are numbers of frames",
            cmd->choice);
    chosen->table = depth_table_beside(cmd->choice);
    if (access(chosen->table, F_OK) == 0)
        chosen->count = depth_table_read(chosen->table, &chosen->names);
    else if (cmdline_reads_stdin(cmd->operands, cmd->operand_count))
        message_error(
            "-choose=%s: how many frames its samples stand for is not known: there is no %s "
            "beside it, and frames come from standard input; give them as operands",
            cmd->choice, chosen->table);
    else
        chosen->count = cmd->operand_count;
    if (chosen->map.maxval < chosen->count - 1)
        message_error(
            "-choose=%s has a maxval of %u, too few to tell %u frames apart: edit it with "
            "16 bits",
            cmd->choice, chosen->map.maxval, chosen->count);
}

static void check_size(const struct cmdline *cmd, const struct chosen *chosen,
                       const struct frame *frame)
{
    const struct frame *map = &chosen->map;
    if (map->width != frame->width || map->height != frame->height)
        message_error(
            "-choose=%s is %ux%u, but frame %s is %ux%u: it has to be of the frames' size",
            cmd->choice, map->width, map->height, frame->name, frame->width, frame->height);
}

/* Frame NUMBER, from 0, is called NAME: that has to be the one that the choice means. */
static void check_name(const struct cmdline *cmd, const struct chosen *chosen, const char *name,
                       unsigned number)
{
    if (!chosen->names || number >= chosen->count)
        return;
    char *escaped = name_escape(name);
    if (strcmp(escaped, chosen->names[number]) != 0)
        message_error(
            "frame %u is %s, but %s beside -choose=%s says %s: fuse the frames that the map "
            "was made of, in the same order",
            number + 1, name, chosen->table, cmd->choice, chosen->names[number]);
    free(escaped);
}

static void check_count(const struct cmdline *cmd, const struct chosen *chosen, unsigned frames)
{
    if (frames != chosen->count)
        message_error("%u frames were read, but -choose=%s stands for %u%s%s", frames, cmd->choice,
                      chosen->count, chosen->names ? ", by " : ": give each frame as an operand",
                      chosen->names ? chosen->table : "");
}

static void free_choice(struct chosen *chosen)
{
    for (unsigned i = 0; chosen->names && i < chosen->count; i++)
        free(chosen->names[i]);
    free(chosen->names);
    free(chosen->table);
    frame_free(&chosen->map);
}

/* ---- the stack ---- */

static void keep_name(struct stack *stack, const char *name)
{
    stack->names =
        alloc_grow(stack->names, stack->frames, &stack->names_room, sizeof *stack->names);
    stack->names[stack->frames] = alloc_string(name);
}

/* Keeps what travels with FRAME: the picture takes over what does so with the reference, or with
   the middle frame where no frame is that. */
static void keep_comments(struct stack *stack, const struct frame *frame)
{
    stack->comments =
        alloc_grow(stack->comments, stack->frames, &stack->comments_room, sizeof *stack->comments);
    stack->comments[stack->frames] = alloc_string(frame->comments);
    char *reference = comments_get(frame, "reference");
    if (reference && strcmp(reference, frame->name) == 0)
        stack->reference = stack->comments[stack->frames];
    free(reference);
}

/* Reading the next frame while one is fused takes the memory of one more: that is a tenth of all at
   most, or is not done. */
static bool reads_ahead(const struct cmdline *cmd, const struct frame *frame)
{
    return 10 * (double)frame_raster_bytes(frame) <= fuse_bytes(frame, &cmd->fuse);
}

/* Reads the first frame, and begins to fuse such ones. */
static void read_first(const struct cmdline *cmd, const struct chosen *chosen, struct input *in,
                       struct stack *stack, struct frame *frame)
{
    input_next(in, frame);
    check_memory(cmd, frame);
    if (cmd->choice)
        check_size(cmd, chosen, frame);
    threads_start();
    stack->fuse = fuse_new(frame, &cmd->fuse);
    input_raster(in, frame);
}

/* Fuses all frames; FRAME holds the last one then. */
static void read_stack(const struct cmdline *cmd, const struct chosen *chosen, struct stack *stack,
                       struct frame *frame)
{
    struct ahead ahead = {.in = input_open(cmd->operands, cmd->operand_count, NULL)};
    read_first(cmd, chosen, ahead.in, stack, frame);
    do {
        if (cmd->choice)
            check_name(cmd, chosen, frame->name, stack->frames);
        if (cmd->depth_map)
            keep_name(stack, frame->name);
        keep_comments(stack, frame);
        if (reads_ahead(cmd, frame))
            ahead_begin(&ahead, NULL, frame->name);
        if (fuse_add(stack->fuse, frame))
            stack->shown++;
        else
            message_note("frame %s is transparent everywhere: it adds nothing", frame->name);
        stack->frames++;
    } while (ahead_next(&ahead, frame));
    ahead_free(&ahead);
    input_close(ahead.in);
    if (cmd->choice)
        check_count(cmd, chosen, stack->frames);
}

static struct tempfile *write_table(const struct cmdline *cmd, const struct stack *stack)
{
    unsigned *samples = alloc_array(stack->frames, sizeof *samples);
    for (unsigned i = 0; i < stack->frames; i++)
        samples[i] = depth_sample(i, stack->frames);
    struct tempfile *table =
        depth_table_write(cmd->depth_table, stack->names, samples, stack->frames);
    free(samples);
    return table;
}

static struct tempfile *write_file(const char *path, bool png, const struct frame *frame)
{
    return png ? output_png_file(path, frame) : output_pam_file(path, frame);
}

/* What travels with the picture, and with its depth map. */
static const char *comments_of(const struct stack *stack)
{
    return stack->reference ? stack->reference : stack->comments[stack->frames / 2];
}

static void write_depth(const struct cmdline *cmd, const struct stack *stack,
                        struct tempfile *files[2])
{
    struct frame map;
    fuse_depth_map(stack->fuse, cmd->smooth, !cmd->opaque, &map);
    strcpy(map.comments, comments_of(stack));
    map.name = alloc_string(cmd->name ? cmd->name : "depth");
    files[0] = write_file(cmd->depth_map, is_png(cmd->depth_map), &map);
    files[1] = write_table(cmd, stack);
    frame_free(&map);
}

static void write_picture(const struct cmdline *cmd, const struct stack *stack, struct output *out,
                          struct frame *frame)
{
    struct tempfile *files[3] = {NULL};
    fuse_finish(stack->fuse, frame);
    free(frame->name);
    frame->name = alloc_string(cmd->name ? cmd->name : "fused");
    strcpy(frame->comments, comments_of(stack));
    if (cmd->depth_map)
        write_depth(cmd, stack, files);
    if (out)
        output_frame(out, frame);
    else
        files[2] = write_file(cmd->output, cmd->png, frame);
    if (out)
        output_close(out);
    for (unsigned i = 0; i < 3; i++)
        if (files[i])
            tempfile_commit(files[i]);
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {0};
    struct stack stack = {0};
    struct chosen chosen = {0};
    struct frame frame = {0};
    threads_sleep_waiting(argv);
    parse_cmdline(argc, argv, &cmd);
    if (cmd.choice) {
        read_choice(&cmd, &chosen);
        cmd.fuse.choice = &chosen.map;
        cmd.fuse.count = chosen.count;
    }
    const struct output_options options = {.png = cmd.png, .option = "-output=FILE"};
    struct output *out = cmd.output ? NULL : output_open(&options);
    read_stack(&cmd, &chosen, &stack, &frame);
    if (stack.shown == 0)
        message_error("all %u frames are transparent everywhere: there is nothing to fuse",
                      stack.frames);
    write_picture(&cmd, &stack, out, &frame);
    for (unsigned i = 0; i < stack.frames; i++) {
        if (stack.names)
            free(stack.names[i]);
        free(stack.comments[i]);
    }
    free(stack.names);
    free(stack.comments);
    free(cmd.depth_table);
    fuse_free(stack.fuse);
    free_choice(&chosen);
    frame_free(&frame);
    return EXIT_SUCCESS;
}
