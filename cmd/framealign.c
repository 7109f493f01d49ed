/*
 * framealign - register frames to the reference frame and resample them onto its pixels
 *
 * SPDX-License-Identifier: MIT
 */

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <strings.h>

#include "ahead.h"
#include "alloc.h"
#include "cmdline.h"
#include "comments.h"
#include "coverage.h"
#include "frame.h"
#include "input.h"
#include "message.h"
#include "name.h"
#include "outcome.h"
#include "output.h"
#include "reference.h"
#include "register.h"
#include "roll.h"
#include "rowfiles.h"
#include "sequence.h"
#include "tempfile.h"
#include "threads.h"
#include "transform_table.h"
#include "warp.h"

static const char synopsis[] =
    "framealign [-reference=FILE] [-model=auto|shift|similarity|affine|homography]\n"
    "           [-direct] [-crop] [-border=blur|replicate|constant|transparent]\n"
    "           [-bordervalue=V,...] [-borderblur=N] [-estimate | -save=FILE]\n"
    "           [-apply=FILE] [-png] [-outdir=DIR] [-name=NAME ...] [frame ...]";

/* All the information the user supplied on the command line. */
struct cmdline {
    const char *reference; /* file; NULL: the middle image of the operands, or the first frame of
                              standard input */
    struct register_models models;
    bool direct, crop, estimate;
    double border_value[4];      /* in sample values */
    unsigned border_value_count; /* 0, 1, 2, 3 or 4 */
    struct warp_options warp;    /* its values are set once the frames' depth is known */
    const char *save, *apply;    /* files of transforms, or NULL */
    struct output_options output;
    const char **names; /* of the frames on standard input, NULL behind the last */
    char *const *operands;
    unsigned operand_count;
    bool from_stdin; /* standard input is among the operands */
};

static void check_border(struct cmdline *cmd, const char *border, const char *value,
                         const char *blur)
{
    static const struct choice borders[] = {{"blur", WARP_BLUR},
                                            {"replicate", WARP_REPLICATE},
                                            {"constant", WARP_CONSTANT},
                                            {"transparent", WARP_TRANSPARENT},
                                            {NULL, 0}};
    static const char crops[] = "with -crop, which puts out nothing that lies outside a frame";
    /* -crop leaves no pixel outside a frame, so there is nothing to make transparent. */
    cmd->warp.border = (enum warp_border)cmdline_choice(
        "border", border, borders, cmd->crop ? WARP_REPLICATE : WARP_TRANSPARENT);
    cmdline_without_effect("border", cmd->crop && border && cmd->warp.border != WARP_TRANSPARENT,
                           crops);
    cmdline_without_effect("bordervalue", value && cmd->warp.border != WARP_CONSTANT,
                           "without -border=constant");
    cmdline_without_effect("borderblur", blur && cmd->crop, crops);
    cmdline_without_effect("borderblur", blur && cmd->warp.border != WARP_BLUR,
                           "without -border=blur");
    if (value) {
        cmd->border_value_count = cmdline_reals("bordervalue", value, cmd->border_value, 4);
        for (unsigned i = 0; i < cmd->border_value_count; i++)
            if (cmd->border_value[i] < 0 || cmd->border_value[i] > 65535 ||
                cmd->border_value[i] != floor(cmd->border_value[i]))
                message_error(
                    "-bordervalue=%s: sample values are whole numbers from 0 to the maxval", value);
    }
    cmd->warp.sigma = 50;
    if (blur && (cmdline_reals("borderblur", blur, &cmd->warp.sigma, 1) != 1 ||
                 cmd->warp.sigma < 0.5 || cmd->warp.sigma > 10000))
        message_error("-borderblur=%s: the blur's sigma is from 0.5 to 10000 pixels", blur);
}

static void check_combination(const struct cmdline *cmd, const char *model, const char *border,
                              const char *value, const char *blur)
{
    const struct {
        const char *name;
        bool given;
    } estimating[] = {{"reference", cmd->reference},
                      {"model", model},
                      {"direct", cmd->direct},
                      {"estimate", cmd->estimate},
                      {"save", cmd->save}},
      writing[] = {{"save", cmd->save},           {"crop", cmd->crop},  {"border", border},
                   {"bordervalue", value},        {"borderblur", blur}, {"png", cmd->output.png},
                   {"outdir", cmd->output.outdir}};
    for (unsigned i = 0; i < sizeof estimating / sizeof estimating[0]; i++)
        cmdline_without_effect(estimating[i].name, cmd->apply && estimating[i].given,
                               "with -apply, which estimates nothing");
    for (unsigned i = 0; i < sizeof writing / sizeof writing[0]; i++)
        cmdline_without_effect(writing[i].name, cmd->estimate && writing[i].given,
                               "with -estimate, which writes the transforms and no frames");
    if (!cmd->from_stdin || cmd->apply)
        return;
    cmdline_without_effect("direct", cmd->direct && cmd->reference,
                           "with -reference and standard input, where every frame is registered "
                           "to the reference by itself");
    if (cmd->crop)
        message_error("-crop reads the frames twice: name files, not standard input");
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    enum { AUTO = -1 };
    static const struct choice models[] = {{"shift", TRANSFORM_SHIFT},
                                           {"similarity", TRANSFORM_SIMILARITY},
                                           {"affine", TRANSFORM_AFFINE},
                                           {"homography", TRANSFORM_HOMOGRAPHY},
                                           {"auto", AUTO},
                                           {NULL, 0}};
    const char *model, *border, *value, *blur;
    const struct option options[] = {
        {"reference", NULL, &cmd->reference},
        {"model", NULL, &model},
        {"direct", &cmd->direct, NULL},
        {"crop", &cmd->crop, NULL},
        {"border", NULL, &border},
        {"bordervalue", NULL, &value},
        {"borderblur", NULL, &blur},
        {"estimate", &cmd->estimate, NULL},
        {"save", NULL, &cmd->save},
        {"apply", NULL, &cmd->apply},
        {"png", &cmd->output.png, NULL},
        {"outdir", NULL, &cmd->output.outdir},
    };
    cmdline_parse_named("framealign", synopsis, options, sizeof options / sizeof options[0], &argc,
                        argv, &cmd->names);
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
    cmd->from_stdin = cmdline_reads_stdin(cmd->operands, cmd->operand_count);
    cmd->models = (struct register_models){TRANSFORM_SIMILARITY, TRANSFORM_HOMOGRAPHY};
    int only = cmdline_choice("model", model, models, AUTO);
    if (only != AUTO)
        cmd->models.simplest = cmd->models.richest = (enum transform_model)only;
    check_border(cmd, border, value, blur);
    check_combination(cmd, model, border, value, blur);
}

static struct input *open_frames(const struct cmdline *cmd, struct roll *roll)
{
    struct input *in = input_open(cmd->operands, cmd->operand_count, cmd->names);
    input_keep_roll(in, roll);
    return in;
}

/* Sets the samples of a border pixel for frames like FRAME. Ignores an opacity given for frames
   without one. */
static void set_border_value(struct cmdline *cmd, const struct frame *frame)
{
    unsigned count = cmd->border_value_count, colors = frame_colors(frame);
    if (count > 1 && count != colors && count != colors + 1)
        message_error("-bordervalue has %u values; the frames have %u planes", count, frame->depth);
    for (unsigned plane = 0; plane < frame->depth; plane++) {
        double value = plane < count ? cmd->border_value[plane] : cmd->border_value[0];
        if (plane == colors && count < frame->depth)
            value = frame->maxval; /* a border given a color is opaque */
        if (value > frame->maxval)
            message_error("-bordervalue: %.0f is over the frames' maxval of %u", value,
                          frame->maxval);
        cmd->warp.value[plane] = (uint16_t)value;
    }
}

/* Appends a row. Readers of the table could not tell two frames of one name apart. */
static struct aligned *add_row(const struct cmdline *cmd, struct transform_table *table,
                               const char *name)
{
    if ((cmd->save || cmd->estimate) && transform_table_find(table, name))
        message_error("two frames are called %s; a table of transforms could not tell them apart",
                      name);
    return transform_table_add(table, name);
}

/* Direct where the user says so, and where the reference is given beside standard input. */
static enum sequence_way way_of(const struct cmdline *cmd)
{
    if (cmd->direct || (cmd->from_stdin && cmd->reference))
        return SEQUENCE_DIRECT;
    return cmd->from_stdin ? SEQUENCE_AT_ONCE : SEQUENCE_TOGETHER;
}

/* NULL if the first frame is to be the reference. */
static struct sequence *open_sequence(const struct cmdline *cmd, struct roll *roll)
{
    if (!cmd->reference && cmd->from_stdin)
        return NULL;
    struct frame frame = {0};
    reference_read(cmd->reference, cmd->operands, cmd->operand_count, roll, &frame);
    message_about(cmd->reference ? cmd->reference : frame.name);
    struct sequence *sequence = sequence_open(&frame, cmd->models, way_of(cmd));
    message_about(NULL);
    frame_free(&frame);
    return sequence;
}

/* Advice for a frame that is merely defocused. */
static const char *advice(const struct cmdline *cmd)
{
    if (cmd->direct)
        return "leave out -direct";
    return way_of(cmd) == SEQUENCE_DIRECT
               ? "name the frames as operands, in the order of their focus, without -direct"
               : "take smaller steps of focus";
}

/* Reads the first frame; the others have its geometry. Fails if that is not the one of SEQUENCE's
   reference, if there is one. */
static void read_first(struct input *in, const struct sequence *sequence, struct frame *frame)
{
    input_next(in, frame);
    const struct frame *reference = sequence ? sequence_reference(sequence) : frame;
    if (!frame_same_geometry(reference, frame))
        message_error(
            "frame %s is %s, but the reference %s is %s; all frames of a stack must be alike",
            frame->name, frame_geometry_text(frame), reference->name,
            frame_geometry_text(reference));
    input_raster(in, frame);
}

/* Registers FRAME and returns its new row of TABLE, which is complete unless *SEQUENCE is solved
   after the last frame. If *SEQUENCE is NULL, starts it with FRAME as reference. */
static struct aligned *estimate(const struct cmdline *cmd, struct sequence **sequence,
                                const struct frame *frame, struct transform_table *table)
{
    if (!*sequence)
        *sequence = sequence_open(frame, cmd->models, way_of(cmd));
    struct aligned *row = add_row(cmd, table, frame->name);
    sequence_add(*sequence, frame);
    if (way_of(cmd) != SEQUENCE_TOGETHER)
        outcome_take(sequence_frame(*sequence, table->count - 1), advice(cmd), row);
    return row;
}

/* Estimates the transforms of all frames and writes none. Returns the reference's name, which the
   caller frees. */
static char *estimate_all(const struct cmdline *cmd, struct roll *roll,
                          struct transform_table *table)
{
    struct sequence *sequence = open_sequence(cmd, roll);
    struct frame frame = {0};
    struct input *in = open_frames(cmd, roll);
    read_first(in, sequence, &frame);
    do
        estimate(cmd, &sequence, &frame, table);
    while (input_read(in, &frame));
    input_close(in);
    frame_free(&frame);
    if (way_of(cmd) == SEQUENCE_TOGETHER) {
        sequence_solve(sequence);
        for (unsigned i = 0; i < table->count; i++)
            outcome_take(sequence_frame(sequence, i), advice(cmd), &table->rows[i]);
    }
    char *reference = alloc_string(sequence_reference(sequence)->name);
    sequence_free(sequence);
    return reference;
}

/* Reads the transforms of -apply=FILE. Checks them for the frames whose names are known before
   reading them, so that nothing is written if one is missing. */
static void read_table(const struct cmdline *cmd, struct transform_table *table)
{
    transform_table_read(cmd->apply, table);
    struct rowfiles *files = rowfiles_open(cmd->operands, cmd->operand_count);
    for (unsigned i = 0; i < cmd->operand_count; i++) {
        const char *ending = strrchr(cmd->operands[i], '.');
        bool alone = files || (ending && strcasecmp(ending, ".png") == 0);
        char *name = name_from_path(cmd->operands[i]);
        if (alone && !transform_table_find(table, name))
            message_error("%s has no transform for frame %s", cmd->apply, name);
        free(name);
    }
    rowfiles_free(files);
}

/* The name of the frame that TABLE was made with as reference, which the caller frees: the one that
   is not moved. NULL where that is none of its frames. */
static char *reference_of(const struct transform_table *table)
{
    const struct transform still = transform_identity();
    for (unsigned i = 0; i < table->count; i++) {
        const struct aligned *row = &table->rows[i];
        if (!row->failed && row->error == 0 && memcmp(&row->transform, &still, sizeof still) == 0)
            return alloc_string(row->name);
    }
    return NULL;
}

/* Fails if the frame of ROW, of that GEOMETRY, lies wholly outside the reference frame. */
static void check_inside(const struct aligned *row, const struct frame *geometry)
{
    if (!coverage_any(&row->transform, geometry->width, geometry->height))
        message_error("frame %s: its transform puts it wholly outside the reference frame",
                      row->name);
}

/* Returns the output rectangle: the whole frame or, with -crop, the largest that all frames of
   TABLE share. Fails if a frame lies wholly outside, or nothing is shared. */
static struct rectangle output_rectangle(const struct cmdline *cmd,
                                         const struct transform_table *table,
                                         const struct frame *geometry)
{
    struct rectangle rectangle = {0, 0, geometry->width, geometry->height};
    if (!cmd->crop)
        return rectangle;
    struct coverage *common = coverage_all(geometry->width, geometry->height);
    for (unsigned i = 0; i < table->count; i++) {
        if (table->rows[i].failed)
            continue;
        check_inside(&table->rows[i], geometry);
        coverage_keep(common, &table->rows[i].transform);
    }
    if (!coverage_largest(common, &rectangle))
        message_error("-crop: there is no pixel that all frames show");
    coverage_free(common);
    message_note("cropped as by pamcut -left=%u -top=%u -width=%u -height=%u", rectangle.left,
                 rectangle.top, rectangle.width, rectangle.height);
    return rectangle;
}

/* Writes FRAME, aligned by the transform of ROW; unchanged if there is nothing to change. Else it
   is not needed any more when that is made, and what is AHEAD takes its place while that is
   written. */
static void put_out(const struct cmdline *cmd, struct frame *frame, const struct aligned *row,
                    const struct rectangle *rectangle, struct frame *warped, struct ahead *ahead,
                    struct output *out)
{
    check_inside(row, frame);
    struct transform identity = transform_identity();
    if (memcmp(&row->transform, &identity, sizeof identity) == 0 &&
        warp_depth(frame, &cmd->warp) == frame->depth && rectangle->width == frame->width &&
        rectangle->height == frame->height) {
        output_frame(out, frame);
        return;
    }
    if (!warped->raster) {
        warp_header(frame, &cmd->warp, rectangle->width, rectangle->height, warped);
        frame_alloc(warped);
    }
    warp_frame(frame, &row->transform, &cmd->warp, rectangle->left, rectangle->top, warped);
    warped->name = frame->name;
    memcpy(warped->comments, frame->comments, sizeof warped->comments);
    ahead_begin(ahead, frame, frame->name);
    output_frame(out, warped);
}

/* The row of FRAME, image INDEX of the stream: found by name or by number, or estimated now. */
static const struct aligned *row_of(const struct cmdline *cmd, struct sequence **sequence,
                                    const struct frame *frame, unsigned index,
                                    struct transform_table *table)
{
    if (cmd->apply) {
        const struct aligned *found = transform_table_find(table, frame->name);
        if (!found)
            message_error("%s has no transform for frame %s", cmd->apply, frame->name);
        if (found->failed)
            message_say("frame %s refused: %s says that it could not be registered.", frame->name,
                        cmd->apply);
        return found;
    }
    if (sequence)
        return estimate(cmd, sequence, frame, table);
    return &table->rows[index]; /* the roll ensures the same frames in every reading */
}

/* Reads the frames, aligns and writes them. TABLE is complete and made with REFERENCE, or NULL,
   unless SEQUENCE is not NULL and makes it frame by frame. Returns whether a frame was refused. */
static bool put_out_all(struct cmdline *cmd, struct roll *roll, struct sequence **sequence,
                        const char *reference, struct transform_table *table, struct output *out)
{
    struct frame frame = {0}, warped = {0};
    struct rectangle rectangle = {0};
    bool refused = false;
    unsigned count = 0;
    struct ahead ahead = {.in = open_frames(cmd, roll)};
    read_first(ahead.in, sequence ? *sequence : NULL, &frame);
    do {
        const struct aligned *row = row_of(cmd, sequence, &frame, count++, table);
        if (rectangle.width == 0) {
            set_border_value(cmd, &frame);
            rectangle = output_rectangle(cmd, table, &frame);
        }
        refused |= row->failed;
        if (reference || sequence)
            comments_set(&frame, "reference",
                         sequence ? sequence_reference(*sequence)->name : reference);
        if (!row->failed)
            put_out(cmd, &frame, row, &rectangle, &warped, &ahead, out);
    } while (ahead_next(&ahead, &frame));
    input_close(ahead.in);
    ahead_free(&ahead);
    warped.name = NULL;
    frame_free(&warped);
    frame_free(&frame);
    return refused;
}

static bool any_failed(const struct transform_table *table)
{
    bool failed = false;
    for (unsigned i = 0; i < table->count; i++)
        failed |= table->rows[i].failed;
    return failed;
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {.output.option = "-outdir=DIR"};
    struct transform_table table = {0};
    struct sequence *sequence = NULL;
    struct roll *roll = roll_new();
    bool as_they_come = false;
    char *reference = NULL;
    threads_sleep_waiting(argv);
    parse_cmdline(argc, argv, &cmd);
    threads_start();
    struct output *out = cmd.estimate ? NULL : output_open(&cmd.output);
    struct tempfile *save = cmd.save ? tempfile_create(cmd.save) : NULL;
    if (cmd.apply) {
        read_table(&cmd, &table);
        reference = reference_of(&table);
    } else if (cmd.estimate) {
        reference = estimate_all(&cmd, roll, &table);
    } else if (cmd.crop || !(cmd.direct || cmd.from_stdin)) {
        reference_check_rereadable(cmd.operands, cmd.operand_count);
        reference = estimate_all(&cmd, roll, &table);
    } else {
        sequence = open_sequence(&cmd, roll);
        as_they_come = true;
    }

    bool refused =
        out ? put_out_all(&cmd, roll, as_they_come ? &sequence : NULL, reference, &table, out)
            : any_failed(&table);
    if (!cmd.apply)
        outcome_warn_of_jumps(&table);
    if (cmd.estimate) {
        transform_table_write(&table, stdout);
        output_flush_stdout();
    }
    if (save) {
        transform_table_write(&table, tempfile_stream(save));
        tempfile_flush(save);
    }
    if (out)
        output_close(out);
    if (save)
        tempfile_commit(save);
    sequence_free(sequence);
    transform_table_free(&table);
    roll_free(roll);
    free(reference);
    free(cmd.names);
    return refused ? 2 : EXIT_SUCCESS;
}
