/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netpbm/pm.h>
#include <netpbm/shhopt.h>

#include "alloc.h"
#include "kinds.h"
#include "options.h"

static const char usage[] =
    "usage: makestack [options] DIR\n"
    "Makes the directory DIR and writes a focus stack into it, DIR/0000.pam and so on, and its "
    "truth:\n"
    "  truth.tsv   a frame's matrix from the reference's pixels to its own, as framealign -save\n"
    "              (with parallax: for the depth that is in focus in that frame)\n"
    "  neighbours.tsv   a frame's matrix from the pixels of the frame before it to its own (with\n"
    "              parallax: for the depth half-way between those in focus in the two)\n"
    "  pixels.tsv  x y channel kind level: the planted bad pixels; level is the deviation of "
    "their\n"
    "              mean over the stack from its 5x5 blur, in 1/255 of full scale (in clusters: "
    "from\n"
    "              the sample itself); kind is hot or dead\n"
    "  light.tsv   frame gain gamma: sample = gain * reference^(1/gamma), full scale 1\n"
    "Each option has a default in brackets; -kind sets some of them, the others win over it.\n"
    "  -kind=NAME       easy breathing rotated dark defocus lowtexture shift repetitive\n"
    "                   homography hot dust 16bit wrong noise parallax depthbreathing\n"
    "                   layers camera; and for fusion, see below, relief bristle blobs flat\n"
    "  -width=N -height=N -frames=N   [600 400 7]\n"
    "  -depth=1..4 -maxval=N          gray, gray+alpha, RGB, RGBA [3 255]\n"
    "  -reference=I     the frame whose pixels the truth counts in [N/2]\n"
    "  -seed=N          another subject and another camera [1]\n"
    "  -subject=FILE    a PNM photograph in place of the procedural subject\n"
    "  -texture=F       contrast of the fine detail [1]\n"
    "  -points=F        contrast of the finest points [1]\n"
    "  -repeat=PX       repeat the detail every PX pixels [0: not]\n"
    "  -defocus=PX      radius of the blur at the greatest distance from focus [0]\n"
    "  -breathing=PCT   the scale changes by up to this over the stack [0]\n"
    "  -rotate=DEG -shift=PX -perspective=PX   the largest of each, over the frames [0]\n"
    "  -wholeshift      shifts are whole pixels\n"
    "  -parallax=PX     through the stack the nearest point moves so far against the farthest [0]\n"
    "  -parallaxangle=DEG   the direction, from the right downwards, in which the far side moves "
    "[0]\n"
    "  -depthbreathing=PCT  through the stack their scales change so much against each other [0]\n"
    "  -relief=NAME     how the subject's depth runs: smooth, ramp (a tilted plane) or\n"
    "                   layers (four flat ones, the nearer ones with holes) [smooth]\n"
    "  -gain=F -gamma=F frames differ in light by up to this fraction [0]\n"
    "  -exposure=F      brightness of all frames [1]\n"
    "  -vignette=F      light lost in the corners [0]\n"
    "  -noise=LEVELS    standard deviation of the sensor's noise [0]\n"
    "  -mosaic          the sensor sees one colour a pixel (RGGB), with its noise and bad pixels;\n"
    "                   the two others are interpolated\n"
    "  -hot=N -dead=N -cluster2=N -cluster5=N   bad pixels, and hot clusters of 2x2 and 5x5 [0]\n"
    "  -levels=MIN,MAX  deviation of the bad pixels [16,120]\n"
    "  -dust=N          soft dark discs on the sensor [0]\n"
    "  -wrong=I:WHAT,...   frames that cannot be aligned: scene, dark, white, half\n"
    "The kinds for fusion make aligned frames of textured and plain things that hide each other, "
    "RGB\n"
    "with opacity (-depth=3: without), and in place of the tables\n"
    "  truth.pam   the subject with all of it in focus, 16 bits\n"
    "  edges.pam   white where the outline of a thing is within 20 pixels; without things, all\n"
    "  depth.pam   depth of what is seen, 0 (nearest) to 65535: frame i of n is focused at i / (n "
    "- 1)\n"
    "relief is a smooth surface, bristle hairs before another, blobs plates before one, flat a "
    "plate\n"
    "and hairs before a plain gradient. Hot pixels drift as if frames had been aligned. Only "
    "-width,\n"
    "-height, -frames, -depth, -maxval, -seed, -texture, -points, -gain, -noise, -hot and -levels\n"
    "count.\n";

/* In the order of enum relief. */
static const char *const relief_names[] = {"smooth", "ramp", "layers"};

static enum relief parse_relief(const char *name)
{
    for (size_t i = 0; i < sizeof relief_names / sizeof *relief_names; i++)
        if (!strcmp(name, relief_names[i]))
            return (enum relief)i;
    pm_error("-relief=%s is not one of those that the usage text lists", name);
    exit(1);
}

/* In the order of enum wrong. */
static const char *const wrong_names[] = {"", "scene", "dark", "white", "half"};

static void parse_wrong(struct options *options, const char *list)
{
    while (*list) {
        char *end;
        unsigned long index = strtoul(list, &end, 10);
        unsigned what = WRONG_SCENE;
        size_t length = strcspn(end, ",");
        while (what <= WRONG_HALF && (strlen(wrong_names[what]) + 1 != length || *end != ':' ||
                                      strncmp(end + 1, wrong_names[what], length - 1)))
            what++;
        if (end == list || index >= options->frames || what > WRONG_HALF)
            pm_error("-wrong=I:WHAT,...: %s is not a frame and one of scene, dark, white, half",
                     list);
        options->wrong[index] = (enum wrong)what;
        list = end + length + (end[length] == ',');
    }
}

static void check_options(const struct options *options)
{
    if (options->scene != NO_SCENE && options->depth < 3)
        pm_error("the kinds for fusion need -depth=3 or 4");
    if (options->width < 1 || options->height < 1 || options->frames < 1)
        pm_error("-width, -height and -frames must be at least 1");
    if (options->depth < 1 || options->depth > 4)
        pm_error("-depth must be 1 to 4");
    if (options->maxval < 1 || options->maxval > 65535)
        pm_error("-maxval must be 1 to 65535");
    if (options->reference < 0 || options->reference >= (int)options->frames)
        pm_error("-reference must be 0 to %u", options->frames - 1);
    if (options->mosaic && options->depth < 3)
        pm_error("-mosaic needs colours: -depth=3 or 4");
    if (options->mosaic && (options->width < 2 || options->height < 2))
        pm_error("-mosaic needs frames of 2x2 pixels or more");
    /* The reliefs rise by less than 9 over the width: see strip.c. */
    if (!(options_parallax(options) <= options->width / 20.0))
        pm_error("-parallax and -depthbreathing move depths by up to %.1f pixels against each "
                 "other; the limit is a twentieth of the width, %.1f",
                 options_parallax(options), options->width / 20.0);
}

double options_parallax(const struct options *options)
{
    double corner = hypot(options->width, options->height) / 2;
    return fabs((double)options->parallax) + fabs((double)options->depthbreathing) / 100 * corner;
}

/* Reads the options into OPTIONS; called once to learn the kind, and again to override its
   settings. */
static void read_options(struct options *options, int argc, const char **argv, char **levels,
                         char **relief, char **wrong)
{
    static optEntry entries[40];
    const char **args = alloc_array((size_t)argc + 1, sizeof *args);
    memcpy(args, argv, ((size_t)argc + 1) * sizeof *args);
    unsigned option_def_index = 0;
    optEntry *option_def = entries;
    OPTENT3(0, "kind", OPT_STRING, &options->kind, NULL, 0);
    OPTENT3(0, "width", OPT_UINT, &options->width, NULL, 0);
    OPTENT3(0, "height", OPT_UINT, &options->height, NULL, 0);
    OPTENT3(0, "frames", OPT_UINT, &options->frames, NULL, 0);
    OPTENT3(0, "depth", OPT_UINT, &options->depth, NULL, 0);
    OPTENT3(0, "maxval", OPT_UINT, &options->maxval, NULL, 0);
    OPTENT3(0, "reference", OPT_INT, &options->reference, NULL, 0);
    OPTENT3(0, "seed", OPT_UINT, &options->seed, NULL, 0);
    OPTENT3(0, "subject", OPT_STRING, &options->subject, NULL, 0);
    OPTENT3(0, "texture", OPT_FLOAT, &options->texture, NULL, 0);
    OPTENT3(0, "points", OPT_FLOAT, &options->points, NULL, 0);
    OPTENT3(0, "repeat", OPT_FLOAT, &options->repeat, NULL, 0);
    OPTENT3(0, "defocus", OPT_FLOAT, &options->defocus, NULL, 0);
    OPTENT3(0, "breathing", OPT_FLOAT, &options->breathing, NULL, 0);
    OPTENT3(0, "rotate", OPT_FLOAT, &options->rotate, NULL, 0);
    OPTENT3(0, "shift", OPT_FLOAT, &options->shift, NULL, 0);
    OPTENT3(0, "wholeshift", OPT_FLAG, NULL, &options->wholeshift, 0);
    OPTENT3(0, "parallax", OPT_FLOAT, &options->parallax, NULL, 0);
    OPTENT3(0, "parallaxangle", OPT_FLOAT, &options->parallaxangle, NULL, 0);
    OPTENT3(0, "depthbreathing", OPT_FLOAT, &options->depthbreathing, NULL, 0);
    OPTENT3(0, "relief", OPT_STRING, relief, NULL, 0);
    OPTENT3(0, "perspective", OPT_FLOAT, &options->perspective, NULL, 0);
    OPTENT3(0, "gain", OPT_FLOAT, &options->gain, NULL, 0);
    OPTENT3(0, "gamma", OPT_FLOAT, &options->gamma, NULL, 0);
    OPTENT3(0, "exposure", OPT_FLOAT, &options->exposure, NULL, 0);
    OPTENT3(0, "vignette", OPT_FLOAT, &options->vignette, NULL, 0);
    OPTENT3(0, "noise", OPT_FLOAT, &options->noise, NULL, 0);
    OPTENT3(0, "mosaic", OPT_FLAG, NULL, &options->mosaic, 0);
    OPTENT3(0, "hot", OPT_UINT, &options->hot, NULL, 0);
    OPTENT3(0, "dead", OPT_UINT, &options->dead, NULL, 0);
    OPTENT3(0, "cluster2", OPT_UINT, &options->cluster2, NULL, 0);
    OPTENT3(0, "cluster5", OPT_UINT, &options->cluster5, NULL, 0);
    OPTENT3(0, "levels", OPT_STRING, levels, NULL, 0);
    OPTENT3(0, "dust", OPT_UINT, &options->dust, NULL, 0);
    OPTENT3(0, "wrong", OPT_STRING, wrong, NULL, 0);
    optStruct3 table = {.opt_table = entries};
    errno = 0;
    pm_optParseOptions3(&argc, (char **)args, table, sizeof table, 0);
    if (argc != 2) {
        fputs(usage, stderr);
        exit(1);
    }
    options->dir = args[1];
    free(args);
}

struct options options_parse(int argc, const char **argv)
{
    struct options options = {.width = 600,
                              .height = 400,
                              .frames = 7,
                              .depth = 3,
                              .maxval = 255,
                              .reference = -1,
                              .seed = 1,
                              .texture = 1,
                              .points = 1,
                              .exposure = 1,
                              .level_min = 16,
                              .level_max = 120};
    char *levels = NULL, *relief = NULL, *wrong = NULL;
    struct options first = options;
    read_options(&first, argc, argv, &levels, &relief, &wrong);
    if (first.kind && !kinds_known(first.kind))
        pm_error("-kind=%s is not one of those that the usage text lists", first.kind);
    if (first.kind) {
        options.width = first.width;
        kinds_apply(&options, first.kind);
    }
    read_options(&options, argc, argv, &levels, &relief, &wrong);
    if (relief)
        options.relief = parse_relief(relief);
    if (options.reference == -1)
        options.reference = (int)(options.frames / 2);
    check_options(&options);
    if (levels && (sscanf(levels, "%f,%f", &options.level_min, &options.level_max) != 2 ||
                   options.level_min > options.level_max))
        pm_error("-levels=MIN,MAX: %s is not two numbers in order", levels);
    options.wrong = alloc_zeroed(options.frames, sizeof *options.wrong);
    if (wrong)
        parse_wrong(&options, wrong);
    else if (options.kind && !strcmp(options.kind, "wrong"))
        kinds_wrong(&options);
    return options;
}
