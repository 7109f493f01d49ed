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
#include "message.h"
#include "output.h"
#include "repair.h"

static const char synopsis[] =
    "noisemask -mask=FILE [-grow=N] [-method=membrane|mean|median|nearest] [-kernel=N]\n"
    "           [-maxpixels=N] [-png] [-outdir=DIR] [-name=NAME ...] [frame ...]\n"
    "       noisemask -mask=FILE -cfa=PATTERN [-grow=N] [-maxpixels=N] [-png] [-outdir=DIR]\n"
    "           [-name=NAME ...] [mosaic ...]";

/* All the information the user supplied on the command line. */
struct cmdline {
    const char *mask; /* file of one image or several */
    unsigned grow;    /* pixels by which the mask is widened, 0..GROW_MAX */
    unsigned kernel;  /* window size in pixels, odd, 3..KERNEL_MAX */
    enum repair_method method;
    const char *pattern; /* the frames are mosaics of this pattern; NULL: are not */
    struct cfa cfa;      /* the pattern */
    unsigned max_pixels; /* more noisy pixels in the mask are refused; 0: no limit */
    struct output_options output;
    const char **names; /* of the frames on standard input, NULL behind the last */
    char *const *operands;
    unsigned operand_count;
};

enum { GROW_MAX = 50, KERNEL_MAX = 999, MAX_PIXELS_MAX = 1000000000 };

/* -cfa, with which there is one way of repairing. */
static void parse_pattern(struct cmdline *cmd, const char *method, const char *kernel)
{
    if (!cmd->pattern)
        return;
    const char *error = cfa_parse(&cmd->cfa, cmd->pattern);
    if (error)
        message_error("-cfa=%s: %s", cmd->pattern, error);
    cmdline_without_effect("method", method && cmd->method != REPAIR_NEAREST,
                           "with -cfa, which repairs from the nearest of a colour");
    cmdline_without_effect("kernel", kernel != NULL, "with -cfa, which has no window");
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
    parse_pattern(cmd, method, kernel);
    cmdline_without_effect("kernel",
                           kernel && cmd->method != REPAIR_MEAN && cmd->method != REPAIR_MEDIAN,
                           "without -method=mean or median, which alone have a window");
    cmd->max_pixels = max_pixels ? cmdline_whole("maxpixels", max_pixels, 0, MAX_PIXELS_MAX) : 1000;
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
}

/* Reads into MASK the union of the images in the file PATH. */
static void read_mask(const char *path, struct mask *mask)
{
    char *operands[] = {(char *)(size_t)path};
    struct input *in = input_open(operands, 1, NULL);
    struct frame image = {0};
    while (input_read(in, &image))
        mask_add(mask, &image);
    input_close(in);
    frame_free(&image);
}

static void check_count(const struct cmdline *cmd, const struct mask *mask)
{
    unsigned long count = mask_count(mask);
    if (cmd->max_pixels && count > cmd->max_pixels)
        message_refuse("%s marks %lu pixels; the limit is %u. Nothing was written. Raise "
                       "noisedetect's -threshold (\"noisehist -target=%u\" proposes one), use "
                       "-statistic=persistent, or set -maxpixels.",
                       cmd->mask, count, cmd->max_pixels, cmd->max_pixels);
}

static void check_fit(const struct cmdline *cmd, const struct mask *mask, const struct frame *frame)
{
    if (frame->width != mask->width || frame->height != mask->height)
        message_error(
            "the mask %s is %ux%u pixels, but frame %s is %ux%u: make the mask from frames "
            "of that size",
            cmd->mask, mask->width, mask->height, frame->name, frame->width, frame->height);
    char *misfit = cmd->pattern ? cfa_misfit(&cmd->cfa, frame) : NULL;
    if (misfit)
        message_error("frame %s is no mosaic of -cfa=%s: %s", frame->name, cmd->pattern, misfit);
    if (!cmd->pattern && !mask_fits(mask, frame_colors(frame)))
        message_error(
            "the mask %s has 3 colour planes, but frame %s is gray: use a mask of one plane",
            cmd->mask, frame->name);
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {.output.option = "-outdir=DIR"};
    struct mask mask = {0};
    struct frame frame = {0};
    parse_cmdline(argc, argv, &cmd);
    read_mask(cmd.mask, &mask);
    check_count(&cmd, &mask);
    struct output *out = output_open(&cmd.output);
    if (cmd.grow > 0)
        mask_grow(&mask, cmd.grow);
    struct repair *repair = cmd.pattern ? repair_new_mosaic(&mask, &cmd.cfa)
                                        : repair_new(&mask, cmd.method, cmd.kernel);

    struct input *in = input_open(cmd.operands, cmd.operand_count, cmd.names);
    while (input_next(in, &frame)) {
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
