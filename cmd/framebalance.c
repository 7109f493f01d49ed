/*
 * framebalance - even out light and colour across the frames of a stack
 *
 * SPDX-License-Identifier: MIT
 */

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cmdline.h"
#include "color.h"
#include "digest.h"
#include "frame.h"
#include "input.h"
#include "light.h"
#include "message.h"
#include "name.h"
#include "output.h"
#include "reference.h"
#include "relight.h"
#include "roll.h"
#include "tempfile.h"
#include "tonecurve.h"

static const char synopsis[] =
    "framebalance [-reference=FILE] [-channel=lumi|rgb|hsv|hls]\n"
    "           [-curve=linear|gamma|match] [-masksize=F] [-interval=MIN,MAX]\n"
    "           [-corrections=FILE] [-png] [-outdir=DIR] [-name=NAME ...] [frame ...]";

/* All the information the user supplied on the command line. */
struct cmdline {
    const char *reference;   /* file, or NULL: the middle frame of the operands */
    bool first_is_reference; /* there is no file, and standard input is among the operands */
    enum color_space space;  /* of colour frames */
    enum tonecurve_kind curve;
    double circle;           /* diameter in units of the shorter side, > 0; 0: all pixels count */
    double low, high;        /* the interval, in sample values; high -1: the maxval */
    const char *corrections; /* file for the table, or NULL */
    struct output_options output;
    const char **names; /* of the frames on standard input, NULL behind the last */
    char *const *operands;
    unsigned operand_count;
};

/* What all frames share: the reference's light, and room for a frame's light and curves. */
struct balance {
    enum color_space space;
    unsigned maxval; /* 0 until the reference's geometry is known */
    struct light reference, frame;
    struct digest_key key;
    struct digest digest; /* of the reference's raster */
    double *curves[COLOR_CHANNELS_MAX];
};

static void parse_interval(struct cmdline *cmd, const char *text)
{
    double ends[2] = {0, -1};
    if (text && cmdline_reals("interval", text, ends, 2) != 2)
        message_error("-interval=%s: two sample values are needed, MIN,MAX", text);
    if (ends[0] < 0 || (ends[1] != -1 && ends[1] < ends[0]))
        message_error("-interval=%s: MIN is at least 0, and MAX not below it, or -1 for the maxval",
                      text);
    cmdline_without_effect("interval", text && cmd->curve == TONECURVE_MATCH,
                           "with -curve=match, which counts all values");
    cmd->low = ends[0];
    cmd->high = ends[1];
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    static const struct choice channels[] = {{"lumi", COLOR_LUMI},
                                             {"rgb", COLOR_RGB},
                                             {"hsv", COLOR_HSV},
                                             {"hls", COLOR_HLS},
                                             {NULL, 0}};
    static const struct choice curves[] = {{"linear", TONECURVE_LINEAR},
                                           {"gamma", TONECURVE_GAMMA},
                                           {"match", TONECURVE_MATCH},
                                           {NULL, 0}};
    const char *channel, *curve, *mask_size, *interval;
    const struct option options[] = {
        {"reference", NULL, &cmd->reference},
        {"channel", NULL, &channel},
        {"curve", NULL, &curve},
        {"masksize", NULL, &mask_size},
        {"interval", NULL, &interval},
        {"corrections", NULL, &cmd->corrections},
        {"png", &cmd->output.png, NULL},
        {"outdir", NULL, &cmd->output.outdir},
    };
    cmdline_parse_named("framebalance", synopsis, options, sizeof options / sizeof options[0],
                        &argc, argv, &cmd->names);
    cmd->space = (enum color_space)cmdline_choice("channel", channel, channels, COLOR_LUMI);
    cmd->curve = (enum tonecurve_kind)cmdline_choice("curve", curve, curves, TONECURVE_LINEAR);
    if (mask_size && (cmdline_reals("masksize", mask_size, &cmd->circle, 1), cmd->circle <= 0))
        message_error("-masksize=%s: the circle's diameter by the frame's shorter side is above 0",
                      mask_size);
    parse_interval(cmd, interval);
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
    cmd->first_is_reference =
        !cmd->reference && cmdline_reads_stdin(cmd->operands, cmd->operand_count);
}

/* Sets the interval in the steps of each channel: those whose values lie inside it. */
static void set_interval(const struct cmdline *cmd, unsigned maxval, struct light *light)
{
    double high = cmd->high == -1 ? maxval : cmd->high;
    if (high > maxval || cmd->low > high)
        message_error("-interval=%g,%g reaches beyond the frames' sample values, 0 to %u", cmd->low,
                      cmd->high, maxval);
    for (unsigned i = 0; i < light->channels; i++) {
        double steps = (double)color_top(light->space, i, maxval) / maxval;
        light->low[i] = (unsigned)ceil(cmd->low * steps);
        light->high[i] = (unsigned)floor(high * steps);
    }
}

/* Prepares BALANCE for frames like REFERENCE, which is not measured yet. */
static void balance_init(const struct cmdline *cmd, const struct frame *reference,
                         struct balance *balance)
{
    unsigned maxval = balance->maxval = reference->maxval;
    balance->key = digest_new_key();
    balance->space = frame_colors(reference) == 3 ? cmd->space : COLOR_GRAY;
    struct light *const lights[] = {&balance->reference, &balance->frame};
    for (unsigned i = 0; i < 2; i++) {
        light_init(lights[i], balance->space, maxval, cmd->curve != TONECURVE_LINEAR);
        set_interval(cmd, maxval, lights[i]);
    }
    for (unsigned i = 0; i < balance->frame.channels; i++)
        balance->curves[i] = alloc_array((size_t)color_top(balance->space, i, maxval) + 1,
                                         sizeof *balance->curves[i]);
}

static struct digest digest(const struct balance *balance, const struct frame *frame)
{
    return digest_of(&balance->key, frame->raster, frame_raster_bytes(frame));
}

static bool equals_reference(const struct balance *balance, const struct frame *frame)
{
    struct digest own = digest(balance, frame);
    return digest_equal(&own, &balance->digest);
}

static void measure_reference(const struct cmdline *cmd, struct roll *roll, struct balance *balance)
{
    struct frame reference = {0};
    reference_read(cmd->reference, cmd->operands, cmd->operand_count, roll, &reference);
    balance_init(cmd, &reference, balance);
    light_measure(&balance->reference, &reference, reference.raster, 0, reference.height,
                  cmd->circle);
    balance->digest = digest(balance, &reference);
    frame_free(&reference);
}

static void balance_free(struct balance *balance)
{
    for (unsigned i = 0; i < balance->frame.channels; i++)
        free(balance->curves[i]);
    light_free(&balance->reference);
    light_free(&balance->frame);
}

/* Ends the program: channel I of FRAME cannot be balanced, as RESULT says. */
static void fail(const struct cmdline *cmd, const struct frame *frame, const char *channel,
                 enum tonecurve_result result)
{
    char *high = cmd->high == -1 ? alloc_string("the maxval") : alloc_printf("%g", cmd->high);
    char *circle = cmd->circle > 0 ? alloc_printf("the circle of -masksize=%g", cmd->circle)
                                   : alloc_string("all pixels");
    if (result == TONECURVE_NOTHING_COUNTED)
        message_error(
            "frame %s: no pixel of channel %s counts, in the frame or in the reference (%s, "
            "values %g to %s): widen -masksize or -interval",
            frame->name, channel, circle, cmd->low, high);
    message_error(
        "frame %s: channel %s cannot be brought to the reference's (%s, values %g to %s): a "
        "mean is 0 or at the end of the scale, so no %s exists. Leave the frame out, choose "
        "another -channel, or narrow -interval",
        frame->name, channel, circle, cmd->low, high,
        cmd->curve == TONECURVE_GAMMA ? "gamma" : "factor");
}

static void check_alike(const struct balance *balance, const struct frame *frame)
{
    bool gray = balance->space == COLOR_GRAY;
    if ((frame_colors(frame) == 1) != gray)
        message_error("frame %s is %s, but the reference is %s", frame->name,
                      gray ? "in colour" : "gray", gray ? "gray" : "in colour");
    if (frame->maxval != balance->maxval)
        message_error("frame %s has maxval %u, but the reference has %u: use pamdepth", frame->name,
                      frame->maxval, balance->maxval);
}

/* Frames are read and measured, then changed and written, in strips that stay in the cache and fit
   into a pipe, so that its reader works on one while the next is made. */
enum { STRIP_BYTES = 64 << 10 };

/* Reads and measures the next frame. The first frame also becomes the reference if there is none
   yet. */
static bool read_frame(const struct cmdline *cmd, struct input *in, struct frame *frame,
                       struct balance *balance)
{
    if (!input_next(in, frame))
        return false;
    bool is_reference = balance->maxval == 0;
    if (is_reference)
        balance_init(cmd, frame, balance);
    check_alike(balance, frame);
    if (!frame->raster)
        frame_alloc(frame);
    light_clear(&balance->frame);
    for (unsigned row = 0, count; row < frame->height; row += count) {
        unsigned char *rows = frame->raster + row * frame_row_bytes(frame);
        count = frame_strip_rows(frame, row, STRIP_BYTES);
        input_rows(in, frame, rows, count);
        light_measure(&balance->frame, frame, rows, row, count, cmd->circle);
        if (is_reference)
            light_measure(&balance->reference, frame, rows, row, count, cmd->circle);
    }
    if (is_reference)
        balance->digest = digest(balance, frame);
    return true;
}

/* Changes and writes FRAME. */
static void write_frame(const struct balance *balance, const struct frame *frame,
                        struct output *out)
{
    struct relight *relight = relight_open(balance->space, balance->curves, frame);
    output_begin(out, frame);
    for (unsigned row = 0, count; row < frame->height; row += count) {
        unsigned char *rows = frame->raster + row * frame_row_bytes(frame);
        count = frame_strip_rows(frame, row, STRIP_BYTES);
        relight_rows(relight, frame, rows, count);
        output_rows(out, rows, count);
    }
    relight_free(relight);
}

/* Solves for the curves and corrections of FRAME, which is measured. */
static void solve(const struct cmdline *cmd, const struct frame *frame, struct balance *balance,
                  double corrections[])
{
    for (unsigned i = 0; i < balance->frame.channels; i++) {
        const struct light *light = &balance->frame, *reference = &balance->reference;
        const struct tonecurve_problem problem = {
            .kind = cmd->curve,
            .top = color_top(balance->space, i, balance->maxval),
            .low = light->low[i],
            .high = light->high[i],
            .frame_mean = light_mean(light, i),
            .reference_mean = light_mean(reference, i),
            .frame = &light->histograms[i],
            .reference = &reference->histograms[i],
        };
        enum tonecurve_result result =
            tonecurve_solve(&problem, balance->curves[i], &corrections[i]);
        if (result == TONECURVE_NOTHING_COUNTED && equals_reference(balance, frame))
            tonecurve_keep(problem.top, balance->curves[i], &corrections[i]);
        else if (result != TONECURVE_SOLVED)
            fail(cmd, frame, color_channel_name(balance->space, i), result);
    }
}

static void print_header(FILE *table, enum color_space space)
{
    fprintf(table, "frame");
    for (unsigned i = 0; i < color_channels(space); i++)
        fprintf(table, "\t%s", color_channel_name(space, i));
    fprintf(table, "\n");
}

static void print_corrections(FILE *table, const struct frame *frame, enum color_space space,
                              const double corrections[])
{
    char *name = name_escape(frame->name);
    fprintf(table, "%s", name);
    for (unsigned i = 0; i < color_channels(space); i++)
        fprintf(table, "\t%.9g", corrections[i]);
    fprintf(table, "\n");
    free(name);
}

static void balance_frames(const struct cmdline *cmd, struct roll *roll, struct balance *balance,
                           struct output *out, struct tempfile *table)
{
    struct frame frame = {0};
    double corrections[COLOR_CHANNELS_MAX];
    struct input *in = input_open(cmd->operands, cmd->operand_count, cmd->names);
    input_keep_roll(in, roll);
    for (bool first = true; read_frame(cmd, in, &frame, balance); first = false) {
        if (table && first)
            print_header(tempfile_stream(table), balance->space);
        solve(cmd, &frame, balance, corrections);
        write_frame(balance, &frame, out);
        if (table)
            print_corrections(tempfile_stream(table), &frame, balance->space, corrections);
        if (table)
            tempfile_check(table);
    }
    input_close(in);
    frame_free(&frame);
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {.output.option = "-outdir=DIR"};
    struct balance balance = {0};
    struct roll *roll = roll_new();
    parse_cmdline(argc, argv, &cmd);
    struct output *out = output_open(&cmd.output);
    if (!cmd.first_is_reference)
        measure_reference(&cmd, roll, &balance);
    struct tempfile *table = cmd.corrections ? tempfile_create(cmd.corrections) : NULL;
    balance_frames(&cmd, roll, &balance, out, table);
    if (table)
        tempfile_flush(table);
    output_close(out);
    if (table)
        tempfile_commit(table);
    balance_free(&balance);
    roll_free(roll);
    free(cmd.names);
    return EXIT_SUCCESS;
}
