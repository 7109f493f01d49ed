/*
 * noisemask - repair the noisy pixels of frames from their good neighbours
 *
 * SPDX-License-Identifier: MIT
 */

#include <stdbool.h>
#include <stdlib.h>

#include "cfa.h"
#include "cmdline.h"
#include "frame.h"
#include "input.h"
#include "mask.h"
#include "maskfile.h"
#include "message.h"
#include "mosaic.h"
#include "output.h"
#include "repair.h"

static const char synopsis[] =
    "noisemask -mask=FILE [-grow=N] [-method=membrane|mean|median|nearest] [-kernel=N]\n"
    "           [-maxpixels=N] [-png] [-outdir=DIR] [-name=NAME ...] [frame ...]\n"
    "       noisemask -mask=FILE [-cfa=PATTERN] [-grow=N] [-maxpixels=N] [-png] [-outdir=DIR]\n"
    "           [-name=NAME ...] [mosaic ...]";

/* All the information the user supplied on the command line. */
struct cmdline {
    const char *mask; /* file of one image or several */
    unsigned grow;    /* pixels by which the mask is widened, 0..GROW_MAX */
    unsigned kernel;  /* window size in pixels, odd, 3..KERNEL_MAX */
    enum repair_method method;
    bool method_given, kernel_given;
    const char *pattern; /* of mosaics, in place of that in their headers; or NULL */
    bool mosaic;         /* the frames are mosaics of the pattern: */
    struct cfa cfa;
    unsigned max_pixels; /* more noisy pixels in the mask are refused; 0: no limit */
    struct output_options output;
    const char **names; /* of the frames on standard input, NULL behind the last */
    char *const *operands;
    unsigned operand_count;
};

enum { GROW_MAX = 50, KERNEL_MAX = 999, MAX_PIXELS_MAX = 1000000000 };

/* Of mosaics, which there is one way of repairing. */
static void check_mosaic_options(const struct cmdline *cmd)
{
    cmdline_without_effect("method", cmd->method_given && cmd->method != REPAIR_NEAREST,
                           "on mosaics, which are repaired from the nearest of a colour");
    cmdline_without_effect("kernel", cmd->kernel_given, "on mosaics: their repair has no window");
}

static void parse_pattern(struct cmdline *cmd)
{
    const char *error = cmd->pattern ? cfa_parse(&cmd->cfa, cmd->pattern) : NULL;
    if (error)
        message_error("-cfa=%s: %s", cmd->pattern, error);
    if (cmd->pattern)
        check_mosaic_options(cmd);
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    static const struct choice methods[] = {{"membrane", REPAIR_MEMBRANE},
                                            {"mean", REPAIR_MEAN},
                                            {"median", REPAIR_MEDIAN},
                                            {"nearest", REPAIR_NEAREST},
                                            {NULL, 0}};
    const char *grow, *kernel, *method, *max_pixels;
    const struct option options[] = {
        {"mask", NULL, &cmd->mask},      {"grow", NULL, &grow},
        {"kernel", NULL, &kernel},       {"method", NULL, &method},
        {"cfa", NULL, &cmd->pattern},    {"maxpixels", NULL, &max_pixels},
        {"png", &cmd->output.png, NULL}, {"outdir", NULL, &cmd->output.outdir},
    };
    cmdline_parse_named("noisemask", synopsis, options, sizeof options / sizeof options[0], &argc,
                        argv, &cmd->names);
    if (!cmd->mask)
        message_error("-mask=FILE is needed: the mask that noisedetect makes");
    cmd->kernel = kernel ? cmdline_whole("kernel", kernel, 3, KERNEL_MAX) : 3;
    if (cmd->kernel % 2 == 0)
        message_error("-kernel=%s: the window has a centre, so its size is odd", kernel);
    cmd->grow = grow ? cmdline_whole("grow", grow, 0, GROW_MAX) : 0;
    cmd->method = (enum repair_method)cmdline_choice("method", method, methods, REPAIR_MEMBRANE);
    cmd->kernel_given = kernel != NULL;
    cmd->method_given = method != NULL;
    parse_pattern(cmd);
    cmdline_without_effect("kernel",
                           kernel && cmd->method != REPAIR_MEAN && cmd->method != REPAIR_MEDIAN,
                           "without -method=mean or median, which alone have a window");
    cmd->max_pixels = max_pixels ? cmdline_whole("maxpixels", max_pixels, 0, MAX_PIXELS_MAX) : 1000;
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
}

static void check_fit(const struct cmdline *cmd, const struct mask *mask, const struct frame *frame)
{
    char *misfit = maskfile_misfit(cmd->mask, mask, frame);
    if (misfit)
        message_error("%s", misfit);
    if (!cmd->mosaic && !mask_fits(mask, frame_colors(frame)))
        message_error(
            "the mask %s has 3 colour planes, but frame %s is gray: use a mask of one plane",
            cmd->mask, frame->name);
}

/* For frames like FRAME, the first. */
static struct repair *make_repair(struct cmdline *cmd, const struct mask *mask,
                                  const struct frame *frame)
{
    cmd->mosaic = mosaic_cfa(frame, frame->name, cmd->pattern, &cmd->cfa);
    if (!cmd->mosaic)
        return repair_new(mask, cmd->method, cmd->kernel);
    check_mosaic_options(cmd);
    return repair_new_mosaic(mask, &cmd->cfa);
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {.output.option = "-outdir=DIR"};
    struct mask mask = {0};
    struct frame frame = {0};
    parse_cmdline(argc, argv, &cmd);
    maskfile_read(cmd.mask, &mask);
    maskfile_check_count(cmd.mask, &mask, cmd.max_pixels);
    struct output *out = output_open(&cmd.output);
    if (cmd.grow > 0)
        mask_grow(&mask, cmd.grow);
    struct repair *repair = NULL;
    struct input *in = input_open(cmd.operands, cmd.operand_count, cmd.names);
    while (input_next(in, &frame)) {
        if (!repair)
            repair = make_repair(&cmd, &mask, &frame);
        check_fit(&cmd, &mask, &frame);
        input_raster(in, &frame);
        if (!repair_frame(repair, &frame))
            message_error(
                "frame %s: the mask %s%s marks every sample of a colour, so none is left to "
                "repair from",
                frame.name, cmd.mask, cmd.grow ? ", grown," : "");
        output_frame(out, &frame);
    }
    input_close(in);
    output_close(out);
    frame_free(&frame);
    repair_free(repair);
    mask_free(&mask);
    free(cmd.names);
    return EXIT_SUCCESS;
}
