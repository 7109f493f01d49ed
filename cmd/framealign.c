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

#include <netpbm/pm.h>

#include "aligner.h"
#include "cmdline.h"
#include "filestack.h"
#include "frame.h"
#include "input.h"
#include "inside.h"
#include "name.h"
#include "output.h"
#include "reference.h"
#include "register.h"
#include "tempfile.h"
#include "transforms.h"
#include "warp.h"

static const char synopsis[] =
    "framealign [-reference=FILE] [-model=shift|similarity|affine|homography] [-step]\n"
    "           [-crop] [-border=blur|replicate|constant|transparent]\n"
    "           [-bordervalue=V,...] [-borderblur=N] [-estimate | -save=FILE]\n"
    "           [-apply=FILE] [-png] [-outdir=DIR] [-name=NAME] [frame ...]";

#define WARN_ERROR 0.3   /* predicted, pixels */
#define WHOLE_PIXEL 0.01 /* a transform nearer than this to a whole-pixel shift is taken for it */

/* All the information the user supplied on the command line. */
struct cmdline {
    const char *reference; /* file, or NULL for the middle one of the operands' images */
    enum transform_model model;
    bool step, crop, estimate;
    double border_value[4];      /* in sample values */
    unsigned border_value_count; /* 0, 1, 2, 3 or 4 */
    struct warp_options warp;    /* its values are filled in once the frames' depth is known */
    const char *save, *apply;    /* files of transforms, or NULL */
    struct output_options output;
    const char *name; /* of the frame on standard input, or NULL */
    char *const *operands;
    unsigned operand_count;
    bool from_stdin; /* standard input is among the operands */
};

static void check_border(struct cmdline *cmd, const char *border, const char *value,
                         const char *blur)
{
    static const char *const borders[] = {"blur", "replicate", "constant", "transparent", NULL};
    cmd->warp.border =
        border ? (enum warp_border)cmdline_choice("border", border, borders) : WARP_BLUR;
    cmdline_without_effect("border", cmd->crop && border && cmd->warp.border != WARP_TRANSPARENT,
                           "with -crop nothing that is put out lies outside a frame");
    cmdline_without_effect("bordervalue", value && cmd->warp.border != WARP_CONSTANT,
                           "without -border=constant");
    cmdline_without_effect("borderblur", blur && (cmd->warp.border != WARP_BLUR || cmd->crop),
                           "unless -border is blur, and with -crop");
    if (value) {
        cmd->border_value_count = cmdline_reals("bordervalue", value, cmd->border_value, 4);
        for (unsigned i = 0; i < cmd->border_value_count; i++)
            if (cmd->border_value[i] < 0 || cmd->border_value[i] > 65535 ||
                cmd->border_value[i] != floor(cmd->border_value[i]))
                pm_error("-bordervalue=%s: sample values are whole numbers from 0 to the maxval",
                         value);
    }
    cmd->warp.sigma = 50;
    if (blur && (cmdline_reals("borderblur", blur, &cmd->warp.sigma, 1) != 1 ||
                 cmd->warp.sigma < 0.5 || cmd->warp.sigma > 10000))
        pm_error("-borderblur=%s: the blur's sigma is from 0.5 to 10000 pixels", blur);
}

static void check_combination(const struct cmdline *cmd, const char *model, const char *border,
                              const char *value, const char *blur)
{
    const struct {
        const char *name;
        bool given;
    } estimating[] = {{"reference", cmd->reference},
                      {"model", model},
                      {"step", cmd->step},
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
    if (!cmd->reference)
        pm_error("frames from standard input need -reference=FILE: which is the middle one is only "
                 "known of files");
    if (cmd->step || cmd->crop)
        pm_error("-%s reads the frames twice: name files, not standard input",
                 cmd->step ? "step" : "crop");
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    static const char *const models[] = {"shift", "similarity", "affine", "homography", NULL};
    const char *model, *border, *value, *blur;
    const struct option options[] = {
        {"reference", NULL, &cmd->reference},
        {"model", NULL, &model},
        {"step", &cmd->step, NULL},
        {"crop", &cmd->crop, NULL},
        {"border", NULL, &border},
        {"bordervalue", NULL, &value},
        {"borderblur", NULL, &blur},
        {"estimate", &cmd->estimate, NULL},
        {"save", NULL, &cmd->save},
        {"apply", NULL, &cmd->apply},
        {"png", &cmd->output.png, NULL},
        {"outdir", NULL, &cmd->output.outdir},
        {"name", NULL, &cmd->name},
    };
    cmdline_parse("framealign", synopsis, options, sizeof options / sizeof options[0], &argc, argv);
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
    cmd->from_stdin = cmd->operand_count == 0;
    for (unsigned i = 0; i < cmd->operand_count; i++)
        cmd->from_stdin |= strcmp(cmd->operands[i], "-") == 0;
    cmdline_name(cmd->name, cmd->operands, cmd->operand_count);
    cmd->model =
        model ? (enum transform_model)cmdline_choice("model", model, models) : TRANSFORM_SIMILARITY;
    check_border(cmd, border, value, blur);
    check_combination(cmd, model, border, value, blur);
}

static struct input *open_frames(const struct cmdline *cmd)
{
    return input_open(cmd->operands, cmd->operand_count, cmd->name);
}

/* The samples of one border pixel, for frames like FRAME. */
static void set_border_value(struct cmdline *cmd, const struct frame *frame)
{
    unsigned count = cmd->border_value_count, colors = frame_colors(frame);
    if (count > 1 && count != colors && count != frame->depth)
        pm_error("-bordervalue has %u values; the frames have %u planes", count, frame->depth);
    for (unsigned plane = 0; plane < frame->depth; plane++) {
        double value = plane < count ? cmd->border_value[plane] : cmd->border_value[0];
        if (plane == colors && count < frame->depth)
            value = frame->maxval; /* a border that is given a color is there to be seen */
        if (value > frame->maxval)
            pm_error("-bordervalue: %.0f is over the frames' maxval of %u", value, frame->maxval);
        cmd->warp.value[plane] = (uint16_t)value;
    }
}

static struct aligner *open_reference(const struct cmdline *cmd)
{
    struct frame frame = {0};
    reference_read(cmd->reference, cmd->operands, cmd->operand_count, &frame);
    struct aligner *aligner = aligner_open(&frame, cmd->model);
    frame_free(&frame);
    return aligner;
}

/* Appends a row. Two frames of one name would be one to whoever reads the table. */
static struct aligned *add_row(const struct cmdline *cmd, struct transforms *table,
                               const char *name)
{
    if ((cmd->save || cmd->estimate) && transforms_find(table, name))
        pm_error("two frames are called %s; a table of transforms could not tell them apart", name);
    return transforms_add(table, name);
}

/* Registers FRAME with ALIGNER into ROW; tells where it is refused. */
static void align(const struct aligner *aligner, const struct frame *frame, bool step,
                  struct aligned *row)
{
    const struct frame *reference = aligner_reference(aligner);
    if (!aligner_fits(aligner, frame))
        pm_error("frame %s is %s, but the reference %s is %s; all frames of a stack must be alike",
                 frame->name, frame_geometry_text(frame), reference->name,
                 frame_geometry_text(reference));
    struct registration found;
    aligner_register(aligner, frame, &found);
    char *refusal = aligner_refusal(aligner, &found, step ? "smaller steps of focus" : "-step");
    row->failed = refusal;
    row->transform = found.transform;
    row->error = found.error;
    row->share = found.share;
    row->ncc = found.ncc;
    if (refusal)
        fprintf(stderr, "framealign: frame %s refused: %s\n", frame->name, refusal);
    free(refusal);
}

/* What is settled once a frame's transform to the reference is known. */
static void settle(struct aligned *row, const struct frame *geometry)
{
    if (row->failed)
        return;
    row->transform =
        transform_whole(&row->transform, geometry->width, geometry->height, WHOLE_PIXEL);
    if (row->error > WARN_ERROR)
        pm_message("warning: frame %s: the predicted error is %.2f px (over %.1f): look at it",
                   row->name, row->error, WARN_ERROR);
}

/* Each frame by itself, without putting anything out. */
static void align_all(const struct cmdline *cmd, struct transforms *table)
{
    struct aligner *aligner = open_reference(cmd);
    struct frame frame = {0};
    struct input *in = open_frames(cmd);
    while (input_read(in, &frame)) {
        struct aligned *row = add_row(cmd, table, frame.name);
        align(aligner, &frame, false, row);
        settle(row, &frame);
    }
    input_close(in);
    frame_free(&frame);
    aligner_free(aligner);
}

/* FARTHER, whose transform is from NEARER's pixels, becomes one from the reference's. */
static void compose_link(const struct aligned *nearer, struct aligned *farther)
{
    if (nearer->failed && !farther->failed)
        fprintf(stderr,
                "framealign: frame %s refused: it is registered through frame %s, which was "
                "refused.\n",
                farther->name, nearer->name);
    farther->failed |= nearer->failed;
    farther->transform = transform_compose(&farther->transform, &nearer->transform);
    farther->error = hypot(farther->error, nearer->error);
}

/* Each frame to its neighbour nearer the reference, and from there to the reference. */
static void align_stepwise(const struct cmdline *cmd, struct transforms *table)
{
    unsigned middle = cmd->reference
                          ? reference_find(cmd->reference, cmd->operands, cmd->operand_count)
                          : reference_middle(cmd->operands, cmd->operand_count);
    struct frame pair[2] = {{0}, {0}};
    struct input *in = open_frames(cmd);
    for (unsigned i = 0; input_read(in, &pair[i % 2]); i++) {
        const struct frame *before = &pair[(i + 1) % 2], *now = &pair[i % 2];
        add_row(cmd, table, now->name);
        if (i == 0)
            continue;
        const struct frame *nearer = i <= middle ? now : before;
        const struct frame *farther = i <= middle ? before : now;
        struct aligner *aligner = aligner_open(nearer, cmd->model);
        align(aligner, farther, true, &table->rows[i <= middle ? i - 1 : i]);
        aligner_free(aligner);
    }
    input_close(in);

    struct aligned *rows = table->rows;
    rows[middle].failed = false;
    rows[middle].share = rows[middle].ncc = 1;
    for (unsigned i = middle; i-- > 0;)
        compose_link(&rows[i + 1], &rows[i]);
    for (unsigned i = middle + 1; i < table->count; i++)
        compose_link(&rows[i - 1], &rows[i]);
    for (unsigned i = 0; i < table->count; i++)
        settle(&rows[i], &pair[0]);
    frame_free(&pair[0]);
    frame_free(&pair[1]);
}

/* The transforms of -apply=FILE. What can be known of the frames' names before they are read is
   checked, so that nothing is written where one is missing. */
static void read_table(const struct cmdline *cmd, struct transforms *table)
{
    transforms_read(cmd->apply, table);
    struct filestack *files = filestack_open(cmd->operands, cmd->operand_count);
    for (unsigned i = 0; i < cmd->operand_count; i++) {
        const char *ending = strrchr(cmd->operands[i], '.');
        bool alone = files || (ending && strcasecmp(ending, ".png") == 0);
        char *name = name_from_path(cmd->operands[i]);
        if (alone && !transforms_find(table, name))
            pm_error("%s has no transform for frame %s", cmd->apply, name);
        free(name);
    }
    filestack_free(files);
}

/* Ends the program where a transform shows nothing of its frame, or every one of them nothing that
   the others show; else what is to be put out: with -crop what all show, without it everything. */
static struct rectangle output_rectangle(const struct cmdline *cmd, const struct transforms *table,
                                         const struct frame *geometry)
{
    struct inside *common = inside_all(geometry->width, geometry->height);
    for (unsigned i = 0; i < table->count; i++) {
        const struct aligned *row = &table->rows[i];
        if (row->failed)
            continue;
        if (!inside_any(&row->transform, geometry->width, geometry->height))
            pm_error("frame %s: its transform puts it wholly outside the reference frame",
                     row->name);
        inside_keep(common, &row->transform);
    }
    struct rectangle whole = {0, 0, geometry->width, geometry->height};
    if (cmd->crop && !inside_largest(common, &whole))
        pm_error("-crop: there is no pixel that all frames show");
    inside_free(common);
    if (cmd->crop)
        pm_message("cropped as by pamcut -left=%u -top=%u -width=%u -height=%u", whole.left,
                   whole.top, whole.width, whole.height);
    return whole;
}

/* Puts out FRAME, which the transform of ROW leads to. */
static void put_out(const struct cmdline *cmd, const struct frame *frame, const struct aligned *row,
                    const struct rectangle *rectangle, struct frame *warped, struct output *out)
{
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
    output_frame(out, warped);
}

/* The row of FRAME, the image INDEX of the stream: found by name, by number, or estimated now. */
static const struct aligned *row_of(const struct cmdline *cmd, const struct aligner *aligner,
                                    const struct frame *frame, unsigned index,
                                    struct transforms *table)
{
    if (cmd->apply) {
        const struct aligned *found = transforms_find(table, frame->name);
        if (!found)
            pm_error("%s has no transform for frame %s", cmd->apply, frame->name);
        if (found->failed)
            fprintf(stderr,
                    "framealign: frame %s refused: %s says that it could not be "
                    "registered.\n",
                    frame->name, cmd->apply);
        return found;
    }
    if (!aligner)
        return &table->rows[index];
    struct aligned *row = add_row(cmd, table, frame->name);
    align(aligner, frame, false, row);
    settle(row, frame);
    return row;
}

/* Reads the frames and puts them out, aligned; all of TABLE is known, unless there is an ALIGNER to
   make it as the frames come. Returns whether one was refused. */
static bool put_out_all(struct cmdline *cmd, const struct aligner *aligner,
                        struct transforms *table, struct output *out)
{
    struct frame frame = {0}, warped = {0};
    struct rectangle rectangle = {0};
    bool refused = false;
    struct input *in = open_frames(cmd);
    for (unsigned i = 0; input_read(in, &frame); i++) {
        const struct aligned *row = row_of(cmd, aligner, &frame, i, table);
        if (rectangle.width == 0) {
            set_border_value(cmd, &frame);
            rectangle = output_rectangle(cmd, table, &frame);
        }
        refused |= row->failed;
        if (!row->failed)
            put_out(cmd, &frame, row, &rectangle, &warped, out);
    }
    input_close(in);
    output_close(out);
    warped.name = NULL;
    frame_free(&warped);
    frame_free(&frame);
    return refused;
}

static bool any_failed(const struct transforms *table)
{
    bool failed = false;
    for (unsigned i = 0; i < table->count; i++)
        failed |= table->rows[i].failed;
    return failed;
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {0};
    struct transforms table = {0};
    struct aligner *aligner = NULL;
    parse_cmdline(argc, argv, &cmd);
    struct output *out = cmd.estimate ? NULL : output_open(&cmd.output);
    struct tempfile *save = cmd.save ? tempfile_create(cmd.save) : NULL;
    if (cmd.apply)
        read_table(&cmd, &table);
    else if (cmd.step)
        align_stepwise(&cmd, &table);
    else if (cmd.crop || cmd.estimate)
        align_all(&cmd, &table);
    else
        aligner = open_reference(&cmd);

    bool refused = out ? put_out_all(&cmd, aligner, &table, out) : any_failed(&table);
    if (cmd.estimate) {
        transforms_write(&table, stdout);
        output_flush_stdout();
    }
    if (save) {
        transforms_write(&table, tempfile_stream(save));
        tempfile_commit(save);
    }
    aligner_free(aligner);
    transforms_free(&table);
    return refused ? 2 : EXIT_SUCCESS;
}
