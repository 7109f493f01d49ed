/* SPDX-License-Identifier: MIT
 *
 * makemosaic: what a sensor under a colour filter array makes of a stack of developed frames, with
 * defects that are known.
 *
 * With linear light L = (sample / maxval)^2.2, the gain g of the sample's colour, the black level
 * B, the white level W and the full well of F = 50000 * 100 / ISO electrons, a sample is
 *
 *     B + g L (W - B) + shot and read noise + noise of quantisation + defect
 *
 * rounded, 0 to W, where shot and read noise has the variance of g L F + 2.5^2 electrons, and that
 * of quantisation the standard deviation 1. Defects are at the same places in all frames, one a
 * square of a grid, at a random place in it. The noise does not depend on them, so that frames
 * without are the same but for the defects.
 */

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <netpbm/pm.h>
#include <netpbm/shhopt.h>

#include "alloc.h"
#include "frame.h"
#include "input.h"
#include "message.h"

#include "makestack/random.h"

static const char usage[] =
    "usage: makemosaic [options] DIR FRAME...\n"
    "Makes the directory DIR and writes a mosaic for each frame into it, DIR/0000.pgm and so on, "
    "of\n"
    "maxval 65535 as raw converters have it, and pixels.tsv: x y channel kind defect, the planted\n"
    "samples; those of one cluster have one number as their defect. Options and their defaults:\n"
    "  -pattern=rggb|xtrans  [rggb]\n"
    "  -iso=N                noise [100]\n"
    "  -black=N -white=N     levels [512 16383]\n"
    "  -gains=R,G,B          of the colours [0.5,0.9,0.6]\n"
    "  -defects=LIST         kinds, taken in turn: a number is added, in per cent of full scale;\n"
    "                        saturated, dead, half (of the light); none [none]\n"
    "  -shape=NAME           single, pair, square (2x2) or column (of ten) [single]\n"
    "  -grid=PX              side of the squares that hold a defect each [12]\n"
    "  -seed=N               other noise and other places [1]\n";

enum { MAXVAL = 65535, KINDS_MAX = 20, COLUMN = 10 };

/* Purposes of random numbers; noise has one a frame. */
enum { DEFECTS, NOISE };

struct options {
    const char *pattern, *shape, *dir;
    unsigned iso, black, white, grid, seed;
    double gains[3];
    unsigned kind_count;
    const char *kinds[KINDS_MAX];
};

/* A sample that deviates. */
struct defect {
    unsigned x, y, number;
    const char *kind;
};

struct defects {
    struct defect *list;
    size_t count;
    int32_t *at; /* of each sample of a frame: its index in the list, or -1 */
};

static unsigned channel_at(const struct options *options, unsigned x, unsigned y)
{
    static const char *const xtrans[] = {"GBGGRG", "RGRBGB", "GBGGRG",
                                         "GRGGBG", "BGBRGR", "GRGGBG"};
    if (strcmp(options->pattern, "xtrans") != 0)
        return x % 2 + y % 2;
    char letter = xtrans[y % 6][x % 6];
    return letter == 'R' ? 0 : letter == 'G' ? 1 : 2;
}

/* The samples of a defect: from its corner the right and down; returns how many. */
static unsigned shape_of(const char *shape, uint64_t *random, unsigned offsets[COLUMN][2])
{
    static const unsigned pairs[][2] = {{1, 0}, {0, 1}, {1, 1}, {2, 0}, {0, 2}};
    unsigned count = 1;
    memset(offsets, 0, COLUMN * sizeof *offsets);
    if (strcmp(shape, "pair") == 0) {
        memcpy(offsets[count++], pairs[random_below(random, 5)], sizeof pairs[0]);
    } else if (strcmp(shape, "square") == 0) {
        for (; count < 4; count++) {
            offsets[count][0] = count % 2;
            offsets[count][1] = count / 2;
        }
    } else if (strcmp(shape, "column") == 0) {
        for (; count < COLUMN; count++)
            offsets[count][1] = count;
    } else if (strcmp(shape, "single") != 0) {
        pm_error("-shape=%s: single, pair, square or column is wanted", shape);
    }
    return count;
}

static void add_defect(struct defects *defects, const struct options *options,
                       const struct frame *frame, unsigned left, unsigned top, unsigned number,
                       uint64_t *random)
{
    unsigned offsets[COLUMN][2], tall = strcmp(options->shape, "column") == 0 ? COLUMN : 4;
    unsigned x = left + random_below(random, options->grid > 4 ? options->grid - 4 : 1);
    unsigned y = top + random_below(random, options->grid > tall ? options->grid - tall : 1);
    unsigned count = shape_of(options->shape, random, offsets);
    for (unsigned i = 0; i < count; i++) {
        struct defect defect = {x + offsets[i][0], y + offsets[i][1], number,
                                options->kinds[number % options->kind_count]};
        if (defect.x >= frame->width || defect.y >= frame->height)
            continue;
        defects->at[(size_t)defect.y * frame->width + defect.x] = (int32_t)defects->count;
        defects->list[defects->count++] = defect;
    }
}

static struct defects plant(const struct options *options, const struct frame *frame)
{
    size_t pixels = (size_t)frame->width * frame->height;
    struct defects defects = {.list = alloc_array(pixels, sizeof *defects.list),
                              .at = alloc_array(pixels, sizeof *defects.at)};
    memset(defects.at, 255, pixels * sizeof *defects.at);
    uint64_t random = random_hash(options->seed, DEFECTS);
    unsigned number = 0;
    for (unsigned y = 0; y < frame->height && options->kind_count; y += options->grid)
        for (unsigned x = 0; x < frame->width; x += options->grid)
            add_defect(&defects, options, frame, x, y, number++, &random);
    return defects;
}

static double with_defect(const struct options *options, const char *kind, double light,
                          double noise)
{
    double scale = options->white - options->black;
    if (strcmp(kind, "saturated") == 0)
        return scale;
    if (strcmp(kind, "dead") == 0)
        return 0;
    if (strcmp(kind, "half") == 0)
        return light / 2 + noise;
    return light + noise + strtod(kind, NULL) / 100 * scale;
}

/* The mosaic of FRAME, the INDEX-th. */
static void expose(const struct options *options, const struct defects *defects,
                   const struct frame *frame, unsigned index, struct frame *mosaic)
{
    double scale = options->white - options->black, well = 50000 * 100.0 / options->iso;
    double *linear = alloc_array(frame->maxval + 1, sizeof *linear);
    for (unsigned v = 0; v <= frame->maxval; v++)
        linear[v] = pow((double)v / frame->maxval, 2.2);
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    uint16_t *row = alloc_array(frame->width, sizeof *row);
    uint64_t random = random_hash(options->seed, NOISE + index);
    for (unsigned y = 0; y < frame->height; y++) {
        frame_get_row(frame, y, samples);
        for (unsigned x = 0; x < frame->width; x++) {
            unsigned channel = channel_at(options, x, y);
            unsigned plane = frame_colors(frame) == 3 ? channel : 0;
            double light =
                options->gains[channel] * linear[samples[(size_t)x * frame->depth + plane]];
            double noise =
                sqrt(light * well + 2.5 * 2.5) / well * scale * random_gaussian(&random) +
                random_gaussian(&random);
            int32_t at = defects->at[(size_t)y * frame->width + x];
            double value = at < 0
                               ? light * scale + noise
                               : with_defect(options, defects->list[at].kind, light * scale, noise);
            value = floor(options->black + value + 0.5);
            row[x] = (uint16_t)(value < 0 ? 0 : value > options->white ? options->white : value);
        }
        frame_put_row(mosaic, y, row);
    }
    free(linear);
    free(samples);
    free(row);
}

static FILE *create(const char *dir, const char *name)
{
    char *path = alloc_printf("%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    if (!file)
        pm_error("%s: %s", path, strerror(errno));
    free(path);
    return file;
}

static void close_checked(FILE *file)
{
    if (fflush(file) || ferror(file) || fclose(file))
        pm_error("a file could not be written");
}

static void save(const struct options *options, const struct frame *mosaic, unsigned index)
{
    char name[32];
    snprintf(name, sizeof name, "%04u.pgm", index);
    FILE *file = create(options->dir, name);
    fprintf(file, "P5\n%u %u\n%u\n", mosaic->width, mosaic->height, mosaic->maxval);
    fwrite(mosaic->raster, 1, frame_raster_bytes(mosaic), file);
    close_checked(file);
}

static void save_defects(const struct options *options, const struct defects *defects)
{
    FILE *file = create(options->dir, "pixels.tsv");
    fprintf(file, "x\ty\tchannel\tkind\tdefect\n");
    for (size_t i = 0; i < defects->count; i++) {
        const struct defect *defect = &defects->list[i];
        fprintf(file, "%u\t%u\t%u\t%s\t%u\n", defect->x, defect->y,
                channel_at(options, defect->x, defect->y), defect->kind, defect->number);
    }
    close_checked(file);
}

static void make_mosaics(const struct options *options, char *const *operands, unsigned count)
{
    struct frame frame = {0}, mosaic = {0};
    struct defects defects = {0};
    struct input *in = input_open(operands, count, NULL);
    for (unsigned index = 0; input_read(in, &frame); index++) {
        if (index == 0) {
            mosaic = (struct frame){
                .width = frame.width, .height = frame.height, .depth = 1, .maxval = MAXVAL};
            frame_alloc(&mosaic);
            defects = plant(options, &frame);
            save_defects(options, &defects);
        }
        expose(options, &defects, &frame, index, &mosaic);
        save(options, &mosaic, index);
    }
    input_close(in);
    frame_free(&frame);
    frame_free(&mosaic);
    free(defects.list);
    free(defects.at);
}

static void parse_kinds(struct options *options, char *list)
{
    if (strcmp(list, "none") == 0)
        return;
    for (char *kind = strtok(list, ","); kind; kind = strtok(NULL, ",")) {
        char *end;
        strtod(kind, &end);
        if (*end && strcmp(kind, "saturated") && strcmp(kind, "dead") && strcmp(kind, "half"))
            pm_error("-defects: %s is none of saturated, dead, half and numbers", kind);
        if (options->kind_count == KINDS_MAX)
            pm_error("-defects: at most %d kinds", KINDS_MAX);
        options->kinds[options->kind_count++] = kind;
    }
}

int main(int argc, const char **argv)
{
    struct options options = {.pattern = "rggb",
                              .shape = "single",
                              .iso = 100,
                              .black = 512,
                              .white = 16383,
                              .grid = 12,
                              .seed = 1,
                              .gains = {0.5, 0.9, 0.6}};
    const char *gains = NULL, *defects = NULL;
    static optEntry entries[20];
    optEntry *option_def = entries;
    unsigned option_def_index = 0;
    message_start("makemosaic");
    pm_optSetFatalFunc(pm_error);
    OPTENT3(0, "pattern", OPT_STRING, &options.pattern, NULL, 0);
    OPTENT3(0, "iso", OPT_UINT, &options.iso, NULL, 0);
    OPTENT3(0, "black", OPT_UINT, &options.black, NULL, 0);
    OPTENT3(0, "white", OPT_UINT, &options.white, NULL, 0);
    OPTENT3(0, "gains", OPT_STRING, &gains, NULL, 0);
    OPTENT3(0, "defects", OPT_STRING, &defects, NULL, 0);
    OPTENT3(0, "shape", OPT_STRING, &options.shape, NULL, 0);
    OPTENT3(0, "grid", OPT_UINT, &options.grid, NULL, 0);
    OPTENT3(0, "seed", OPT_UINT, &options.seed, NULL, 0);
    optStruct3 table = {.opt_table = entries};
    errno = 0;
    pm_optParseOptions3(&argc, (char **)argv, table, sizeof table, 0);
    if (argc < 3) {
        fputs(usage, stderr);
        return 1;
    }
    if (gains &&
        sscanf(gains, "%lf,%lf,%lf", &options.gains[0], &options.gains[1], &options.gains[2]) != 3)
        pm_error("-gains=%s: three numbers are wanted", gains);
    if (options.white <= options.black || options.white > MAXVAL || !options.iso || !options.grid)
        pm_error("-black is below -white, which is at most %d; -iso and -grid are not 0", MAXVAL);
    char *list = alloc_string(defects ? defects : "none");
    parse_kinds(&options, list);
    options.dir = argv[1];
    if (mkdir(options.dir, 0777))
        pm_error("%s: %s", options.dir, strerror(errno));
    make_mosaics(&options, (char *const *)argv + 2, (unsigned)argc - 2);
    free(list);
    return 0;
}
