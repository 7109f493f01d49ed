/*
 * noisedetect - find the noisy pixels of a sensor from the frames of a focus stack
 *
 * SPDX-License-Identifier: MIT
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cfa.h"
#include "cmdline.h"
#include "comments.h"
#include "detection.h"
#include "deviation.h"
#include "frame.h"
#include "gauss.h"
#include "input.h"
#include "levels.h"
#include "map.h"
#include "message.h"
#include "mosaic.h"
#include "output.h"
#include "rowfiles.h"
#include "tempfile.h"
#include "threshold.h"

static const char synopsis[] =
    "noisedetect [-threshold=R,G,B] [-blur=N] [-statistic=mean|persistent] [-hot | -dead]\n"
    "           [-maxframes=N] [-planes | -map | -output=PREFIX] [-frommap] [frame ...]\n"
    "       noisedetect [-cfa=PATTERN] [-black=N] [-white=N] [-threshold=R,G,B] [-hot | -dead]\n"
    "           [-maxframes=N] [-planes | -map | -output=PREFIX] [mosaic ...]";

enum { MAXVAL_MAX = 65535 };

/* All the information the user supplied on the command line. */
struct cmdline {
    bool threshold;                     /* given; else the default of the map */
    double levels[3];                   /* thresholds, 0..255 */
    struct deviation_options deviation; /* -blur, -statistic, -hot, -dead, -cfa, -black, -white */
    const char *pattern;                /* of mosaics, in place of their headers'; or NULL */
    bool black, white;                  /* given, too */
    bool blur, statistic;
    unsigned max_frames; /* 1..DEVIATION_FRAMES_MAX; 0: all */
    bool planes;         /* the mask has one plane a colour */
    bool map;            /* the deviation map instead of a mask */
    const char *prefix;  /* files PREFIX-rgb.png ...; NULL: standard output */
    bool from_map;       /* the input is a deviation map */
    char *const *operands;
    unsigned operand_count;
};

static void set_levels(struct cmdline *cmd, double level)
{
    for (unsigned c = 0; c < 3; c++)
        cmd->levels[c] = level;
}

/* Of mosaics, whose statistic is their own. */
static void check_mosaic_options(const struct cmdline *cmd)
{
    cmdline_without_effect("blur", cmd->blur, "on mosaics, which have a rule of their own");
    cmdline_without_effect("statistic", cmd->statistic,
                           "on mosaics, which have a rule of their own");
}

static void check_levels(const struct deviation_options *deviation)
{
    if (deviation->white > 0 && deviation->white <= deviation->black)
        message_error("-white=%u is not above -black=%u", deviation->white, deviation->black);
}

/* -cfa, -black and -white, which override what the frames' headers say. */
static void parse_mosaic(struct cmdline *cmd, const char *black, const char *white)
{
    const char *error = cmd->pattern ? cfa_parse(&cmd->deviation.cfa, cmd->pattern) : NULL;
    if (error)
        message_error("-cfa=%s: %s", cmd->pattern, error);
    if (cmd->pattern)
        check_mosaic_options(cmd);
    cmd->black = black != NULL;
    cmd->white = white != NULL;
    if (black)
        cmd->deviation.black = cmdline_whole("black", black, 0, MAXVAL_MAX);
    if (white)
        cmd->deviation.white = cmdline_whole("white", white, 1, MAXVAL_MAX);
    check_levels(&cmd->deviation);
}

static void check_combination(const struct cmdline *cmd, bool hot, bool dead, bool detects)
{
    if (hot && dead)
        message_error("-hot and -dead exclude each other; without either, both kinds are found");
    if (cmd->planes + cmd->map + (cmd->prefix != NULL) > 1)
        message_error("-planes, -map and -output exclude each other: each is another output");
    if (cmd->from_map && cmd->map)
        message_error("-map with -frommap would only copy the map");
    if (cmd->from_map && detects)
        message_error(
            "-frommap: the map is made; -blur, -statistic, -cfa, -black, -white, -maxframes, -hot "
            "and -dead belong to the run that makes it with -map");
    cmdline_without_effect("threshold", cmd->threshold && cmd->map, "with -map, which has none");
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    static const struct choice statistics[] = {
        {"mean", DEVIATION_MEAN}, {"persistent", DEVIATION_PERSISTENT}, {NULL, 0}};
    const char *threshold, *blur, *statistic, *max_frames, *black, *white;
    bool hot, dead;
    const struct option options[] = {
        {"threshold", NULL, &threshold}, {"blur", NULL, &blur},
        {"statistic", NULL, &statistic}, {"hot", &hot, NULL},
        {"dead", &dead, NULL},           {"maxframes", NULL, &max_frames},
        {"planes", &cmd->planes, NULL},  {"map", &cmd->map, NULL},
        {"output", NULL, &cmd->prefix},  {"frommap", &cmd->from_map, NULL},
        {"cfa", NULL, &cmd->pattern},    {"black", NULL, &black},
        {"white", NULL, &white},
    };
    cmdline_parse("noisedetect", synopsis, options, sizeof options / sizeof options[0], &argc,
                  argv);
    cmd->deviation.blur_size = blur ? cmdline_whole("blur", blur, 1, GAUSS_SIZE_MAX) : 5;
    if (cmd->deviation.blur_size % 2 == 0)
        message_error("-blur=%s: the kernel has a centre, so its size is odd", blur);
    cmd->deviation.statistic = (enum deviation_statistic)cmdline_choice(
        "statistic", statistic, statistics, DEVIATION_PERSISTENT);
    cmd->blur = blur != NULL;
    cmd->statistic = statistic != NULL;
    cmd->threshold = threshold != NULL;
    if (threshold)
        cmdline_levels("threshold", threshold, cmd->levels);
    cmd->deviation.side = hot ? DEVIATION_HOT : dead ? DEVIATION_DEAD : DEVIATION_BOTH;
    cmd->max_frames =
        max_frames ? cmdline_whole("maxframes", max_frames, 1, DEVIATION_FRAMES_MAX) : 0;
    if (cmd->prefix && !*cmd->prefix)
        message_error("-output: the prefix of the files' names is empty");
    check_combination(cmd, hot, dead,
                      blur || statistic || cmd->pattern || black || white || hot || dead ||
                          max_frames);
    parse_mosaic(cmd, black, white);
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
}

/* The levels of FRAME: what its header says of black and white, unless options say it for all. */
static struct levels levels_of(const struct cmdline *cmd, const struct frame *frame)
{
    struct levels levels = {cmd->deviation.black, cmd->deviation.white};
    if (!cmd->black)
        comments_number(frame, "black", &levels.black);
    if (!cmd->white)
        comments_number(frame, "white", &levels.white);
    return levels;
}

/* Adds all frames of IN, in order, in strips that stay in the processor's cache. FRAME holds the
   header of the first. A frame's own black and white count for it. */
static void add_stream(const struct cmdline *cmd, struct input *in, struct frame *frame,
                       struct deviation *deviation)
{
    enum { STRIP_BYTES = 128 << 10 };
    const struct levels first = levels_of(cmd, frame);
    unsigned char *strip =
        alloc_array(frame_strip_rows(frame, 0, STRIP_BYTES), frame_row_bytes(frame));
    do {
        if (deviation_frames(deviation) == DEVIATION_FRAMES_MAX)
            message_error("more than %d frames: use -maxframes", DEVIATION_FRAMES_MAX);
        struct levels own = levels_of(cmd, frame);
        if (own.white <= own.black)
            own = first;
        for (unsigned row = 0, rows; row < frame->height; row += rows) {
            rows = frame_strip_rows(frame, row, STRIP_BYTES);
            input_rows(in, frame, strip, rows);
            levels_fit(&own, &first, frame, strip, rows * frame_row_samples(frame));
            deviation_add(deviation, strip, rows);
        }
    } while (deviation_frames(deviation) != cmd->max_frames && input_next(in, frame));
    free(strip);
}

/* Adds COUNT rows from FROM on of all frames of FILES; BAND has room for them. */
static void add_band(struct rowfiles *files, unsigned from, unsigned count,
                     struct deviation *deviation, unsigned char *band)
{
    for (unsigned i = 0; i < rowfiles_count(files); i++) {
        rowfiles_rows(files, i, from, count, band);
        deviation_add(deviation, band, count);
    }
}

static void warn_if_dark(const struct cmdline *cmd, const struct deviation *deviation,
                         unsigned maxval)
{
    unsigned brightest = deviation_brightest(deviation);
    double level = deviation_level(&cmd->deviation, deviation_frames(deviation));
    if (brightest < maxval / 8.0)
        message_note("warning: the brightest sample of all frames is %u of %u. %g levels are %u of "
                     "them: a threshold may have to be lower by that (12-bit data in 16-bit files "
                     "is common)",
                     brightest, maxval, level, threshold_limit(level, maxval));
}

static void warn(const struct cmdline *cmd, const struct deviation *deviation, unsigned maxval)
{
    if (cmd->deviation.white == 0)
        warn_if_dark(cmd, deviation, maxval);
    if (deviation_looks_like_mosaic(deviation))
        message_note("warning: the frames look like mosaics, whose samples are of one colour each: "
                     "name their pattern with -cfa");
}

static void check_thresholds(const struct cmdline *cmd, const struct frame *frame)
{
    const double *levels = cmd->levels;
    bool equal = levels[0] == levels[1] && levels[1] == levels[2];
    if (frame_colors(frame) == 1 && !equal)
        message_error("frames are gray, and -threshold gives colours different values: give one");
}

/* Takes from FRAME, the first, which is called NAME and has only a header yet, what it says of
   itself as a mosaic and what no option says. */
static void take_mosaic(struct cmdline *cmd, const struct frame *frame, const char *name)
{
    struct deviation_options *deviation = &cmd->deviation;
    struct levels levels = levels_of(cmd, frame);
    bool mosaic = mosaic_cfa(frame, name, cmd->pattern, &deviation->cfa);
    const char *elsewhere = "on frames that are no mosaics: name their pattern with -cfa";
    cmdline_without_effect("black", cmd->black && !mosaic && levels.white == 0, elsewhere);
    cmdline_without_effect("white", cmd->white && !mosaic && frame_colors(frame) > 1, elsewhere);
    deviation->black = levels.black;
    deviation->white = levels.white;
    check_levels(deviation);
    if (deviation->white > frame->maxval)
        message_error("-white=%u is above the maxval of %s, %u: no sample reaches it",
                      deviation->white, name, frame->maxval);
    if (!mosaic) {
        check_thresholds(cmd, frame);
        return;
    }
    check_mosaic_options(cmd);
    deviation->statistic = DEVIATION_MOSAIC;
    if (deviation->white == 0)
        message_error("mosaics need -white=N, the sample value at which the sensor saturates: the "
                      "maxval of raw files says nothing of it. framein -mosaic writes it with the "
                      "frames");
}

/* Before the first row of a map that has the header MAP: what is wanted of it, and its LIMITS. */
static void begin_detection(struct cmdline *cmd, struct frame *map, struct detection *detection,
                            unsigned limits[3])
{
    bool colors = cmd->prefix && frame_colors(map) == 3;
    comments_set(map, "black", NULL);
    comments_set(map, "white", NULL);
    if (!cmd->threshold)
        set_levels(cmd, map->threshold);
    threshold_limits(cmd->levels, frame_colors(map), map->maxval, limits);
    detection_init(detection, map,
                   cmd->map                ? DETECTION_MAP
                   : cmd->planes || colors ? DETECTION_PLANES
                                           : DETECTION_MASK);
}

/* Takes all rows of the map that DEVIATION can give with this band. */
static void take_band(struct detection *detection, struct deviation *deviation,
                      const unsigned limits[3])
{
    uint16_t *row = alloc_array(frame_row_samples(&detection->map), sizeof *row);
    while (deviation_row(deviation, row))
        detection_row(detection, row, limits);
    free(row);
}

/* The rows of a band: few enough for its sums to stay in the processor's cache, and several times
   as many as the blur reads twice around it. */
static unsigned band_rows(const struct cmdline *cmd, const struct frame *frame)
{
    size_t bytes = cmd->deviation.statistic == DEVIATION_MEAN ? 512 << 10 : 128 << 10;
    return (unsigned)(bytes / frame_row_bytes(frame)) + 4 * cmd->deviation.blur_size;
}

/* Detects in files whose rows can be read in any order: band after band. */
static void detect_in_files(struct cmdline *cmd, struct rowfiles *files,
                            struct detection *detection)
{
    const struct frame *frame = rowfiles_geometry(files);
    unsigned limits[3], from, count, height = band_rows(cmd, frame);
    take_mosaic(cmd, frame, cmd->operands[0]);
    struct deviation *deviation = deviation_new(&cmd->deviation, frame, height);
    unsigned char *band = alloc_array(height + cmd->deviation.blur_size, frame_row_bytes(frame));
    for (unsigned row = 0; row < frame->height; row += height) {
        if (rowfiles_count(files) > 1)
            message_progress("row %u of %u", row, frame->height);
        deviation_begin(deviation, row, &from, &count);
        add_band(files, from, count, deviation, band);
        struct frame map = deviation_map(deviation);
        if (row == 0)
            begin_detection(cmd, &map, detection, limits);
        take_band(detection, deviation, limits);
    }
    message_progress_end();
    warn(cmd, deviation, frame->maxval);
    deviation_free(deviation);
    free(band);
}

/* The same for frames that come one after the other: one band of all rows. */
static void detect_in_stream(struct cmdline *cmd, struct detection *detection)
{
    struct frame frame = {0};
    struct input *in = input_open(cmd->operands, cmd->operand_count, NULL);
    input_next(in, &frame);
    take_mosaic(cmd, &frame, frame.name);
    unsigned limits[3], from, count;
    struct deviation *deviation = deviation_new(&cmd->deviation, &frame, frame.height);
    deviation_begin(deviation, 0, &from, &count);
    add_stream(cmd, in, &frame, deviation);
    input_close(in);
    warn(cmd, deviation, frame.maxval);
    struct frame map = deviation_map(deviation);
    begin_detection(cmd, &map, detection, limits);
    take_band(detection, deviation, limits);
    deviation_free(deviation);
    frame_free(&frame);
}

static void detect(struct cmdline *cmd, struct detection *detection)
{
    unsigned count = cmd->operand_count;
    if (cmd->max_frames && cmd->max_frames < count)
        count = cmd->max_frames;
    struct rowfiles *files = rowfiles_open(cmd->operands, count);
    if (files && count <= DEVIATION_FRAMES_MAX)
        detect_in_files(cmd, files, detection);
    else
        detect_in_stream(cmd, detection);
    rowfiles_free(files);
}

/* Applies the thresholds to a map that an earlier run made. */
static void detect_from_map(struct cmdline *cmd, struct detection *detection)
{
    struct frame map = {0};
    unsigned limits[3];
    map_read(cmd->operands, cmd->operand_count, &map);
    check_thresholds(cmd, &map);
    if (map.threshold <= 0)
        map.threshold = deviation_level(&cmd->deviation, 1);
    begin_detection(cmd, &map, detection, limits);
    uint16_t *deviations = alloc_array(frame_row_samples(&map), sizeof *deviations);
    for (unsigned row = 0; row < map.height; row++) {
        frame_get_row(&map, row, deviations);
        detection_row(detection, deviations, limits);
    }
    free(deviations);
    frame_free(&map);
}

static void report(const struct cmdline *cmd, const struct detection *detection)
{
    if (cmd->map)
        return;
    if (detection->colors == 3)
        message_note("%lu noisy pixels (red %lu, green %lu, blue %lu) at threshold %g,%g,%g",
                     detection->noisy_any, detection->noisy[0], detection->noisy[1],
                     detection->noisy[2], cmd->levels[0], cmd->levels[1], cmd->levels[2]);
    else
        message_note("%lu noisy pixels at threshold %g", detection->noisy_any, cmd->levels[0]);
}

static struct tempfile *write_file(const char *prefix, const char *which, const struct frame *frame)
{
    char *path = alloc_printf("%s-%s.png", prefix, which);
    struct tempfile *file = output_png_file(path, frame);
    free(path);
    return file;
}

/* Writes all files before it puts the first in place. */
static void write_files(const char *prefix, const struct detection *detection)
{
    static const char *const colors[] = {"r", "g", "b"};
    struct tempfile *files[4];
    unsigned count = 0;
    for (unsigned c = 0; c < 3 && detection->colors == 3; c++) {
        struct frame plane = detection_plane(detection, c);
        files[count++] = write_file(prefix, colors[c], &plane);
        frame_free(&plane);
    }
    files[count++] = write_file(prefix, "rgb", &detection->any);
    for (unsigned i = 0; i < count; i++)
        tempfile_commit(files[i]);
}

static void write_stream(struct output *out, const struct cmdline *cmd,
                         const struct detection *detection)
{
    output_frame(out, cmd->map      ? &detection->map
                      : cmd->planes ? &detection->planes
                                    : &detection->any);
    output_close(out);
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {0};
    struct detection detection = {0};
    parse_cmdline(argc, argv, &cmd);
    struct output *out =
        cmd.prefix ? NULL : output_open(&(struct output_options){.option = "-output=PREFIX"});
    if (cmd.from_map)
        detect_from_map(&cmd, &detection);
    else
        detect(&cmd, &detection);
    report(&cmd, &detection);
    if (cmd.prefix)
        write_files(cmd.prefix, &detection);
    else
        write_stream(out, &cmd, &detection);
    detection_free(&detection);
    return EXIT_SUCCESS;
}
