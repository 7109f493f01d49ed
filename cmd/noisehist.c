/*
 * noisehist - count and plot noisy pixels against the threshold, to choose it by eye
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
#include "frame.h"
#include "gnuplot.h"
#include "histogram.h"
#include "map.h"
#include "message.h"
#include "output.h"
#include "threshold.h"

static const char synopsis[] =
    "noisehist [-range=MIN,MAX] [-threshold=R,G,B] [-target=N|R,G,B] [-plot=FILE] [-log] [map]";

enum { LEVEL_MAX = 255, COLORS_MAX = 3 };

#define TARGET_MAX 4000000000U

/* All the information the user supplied on the command line. */
struct cmdline {
    unsigned first, last;    /* thresholds of the table, in levels */
    bool marked;             /* -threshold was given */
    double levels[3];        /* thresholds to mark */
    const char *target_text; /* NULL: no target */
    unsigned target_count;   /* 1: target[0] is for all pixels; 3: one for each colour */
    uint64_t target[3];      /* at most this many are noisy */
    const char *plot;        /* file to draw to, "-" for text, or NULL */
    bool log;                /* logarithmic counts */
    char *const *operands;
    unsigned operand_count;
};

/* Noisy pixels by threshold: counts[t][c] by colour, and in any colour. */
struct counts {
    unsigned colors;
    uint64_t by_color[LEVEL_MAX + 1][COLORS_MAX];
    uint64_t any[LEVEL_MAX + 1];
};

static void parse_range(struct cmdline *cmd, const char *text)
{
    double ends[2];
    if (cmdline_reals("range", text, ends, 2) != 2 || ends[0] < 0 || ends[1] > LEVEL_MAX ||
        ends[0] > ends[1] || ends[0] != floor(ends[0]) || ends[1] != floor(ends[1]))
        message_error(
            "-range=%s: two whole thresholds are needed, MIN,MAX, 0 to %d, the smaller first", text,
            LEVEL_MAX);
    cmd->first = (unsigned)ends[0];
    cmd->last = (unsigned)ends[1];
}

static void widen_range(struct cmdline *cmd)
{
    for (unsigned c = 0; cmd->marked && c < COLORS_MAX; c++) {
        unsigned below = (unsigned)floor(cmd->levels[c]), above = (unsigned)ceil(cmd->levels[c]);
        cmd->first = below < cmd->first ? below : cmd->first;
        cmd->last = above > cmd->last ? above : cmd->last;
    }
}

static void parse_target(struct cmdline *cmd)
{
    double values[3];
    cmd->target_count = cmdline_reals("target", cmd->target_text, values, 3);
    for (unsigned i = 0; i < cmd->target_count; i++) {
        if (values[i] < 0 || values[i] > TARGET_MAX || values[i] != floor(values[i]))
            message_error("-target=%s: a number of noisy pixels is whole, 0 to %u",
                          cmd->target_text, TARGET_MAX);
        cmd->target[i] = (uint64_t)values[i];
    }
    if (cmd->target_count == 2)
        message_error("-target=%s: one number for all pixels is needed, or three, one for each "
                      "colour",
                      cmd->target_text);
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    const char *range, *threshold;
    const struct option options[] = {
        {"range", NULL, &range},    {"threshold", NULL, &threshold},
        {"plot", NULL, &cmd->plot}, {"target", NULL, &cmd->target_text},
        {"log", &cmd->log, NULL},
    };
    cmdline_parse("noisehist", synopsis, options, sizeof options / sizeof options[0], &argc, argv);
    parse_range(cmd, range ? range : "5,30");
    cmd->marked = threshold != NULL;
    if (threshold)
        cmdline_levels("threshold", threshold, cmd->levels);
    widen_range(cmd);
    if (cmd->target_text) {
        parse_target(cmd);
        cmdline_without_effect("range", range != NULL, "with -target, which prints no table");
        cmdline_without_effect("threshold", cmd->marked, "with -target, which proposes one");
        cmdline_without_effect("plot", cmd->plot != NULL, "with -target, which draws nothing");
    }
    cmdline_without_effect("log", cmd->log && !cmd->plot, "without -plot");
    if (cmd->plot)
        gnuplot_check_path(cmd->plot);
    if (argc > 2)
        message_error("one deviation map is wanted; \"%s\" is one too many", argv[2]);
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
}

/* The largest sample of each pixel. */
static void join_colors(const uint16_t *samples, unsigned width, unsigned colors, uint16_t *most)
{
    for (size_t x = 0; x < width; x++) {
        most[x] = samples[x * colors];
        for (unsigned c = 1; c < colors; c++)
            most[x] = samples[x * colors + c] > most[x] ? samples[x * colors + c] : most[x];
    }
}

/* How many pixels of MAP exceed the limit of a colour. */
static uint64_t count_any(const struct frame *map, const unsigned limits[3])
{
    unsigned colors = frame_colors(map);
    uint16_t *samples = alloc_array(frame_row_samples(map), sizeof *samples);
    uint8_t *noisy = alloc_array(frame_row_samples(map), 1), *any = alloc_array(map->width, 1);
    uint64_t count = 0;
    for (unsigned row = 0; row < map->height; row++) {
        frame_get_row(map, row, samples);
        threshold_row(samples, map->width, colors, limits, noisy, any);
        for (unsigned x = 0; x < map->width; x++)
            count += any[x] != 0;
    }
    free(samples);
    free(noisy);
    free(any);
    return count;
}

static void count_noisy(const struct frame *map, struct counts *counts)
{
    struct histogram by_color[COLORS_MAX], any;
    unsigned colors = counts->colors = frame_colors(map);
    for (unsigned c = 0; c < colors; c++)
        histogram_init(&by_color[c], map->maxval);
    histogram_init(&any, map->maxval);
    uint16_t *samples = alloc_array(frame_row_samples(map), sizeof *samples);
    uint16_t *most = alloc_array(map->width, sizeof *most);
    for (unsigned row = 0; row < map->height; row++) {
        frame_get_row(map, row, samples);
        join_colors(samples, map->width, colors, most);
        for (unsigned c = 0; c < colors; c++)
            histogram_add(&by_color[c], samples + c, map->width, colors);
        histogram_add(&any, most, map->width, 1);
    }
    for (unsigned level = 0; level <= LEVEL_MAX; level++) {
        unsigned limit = threshold_limit(level, map->maxval);
        for (unsigned c = 0; c < colors; c++)
            counts->by_color[level][c] = histogram_above(&by_color[c], limit);
        counts->any[level] = histogram_above(&any, limit);
    }
    for (unsigned c = 0; c < colors; c++)
        histogram_free(&by_color[c]);
    histogram_free(&any);
    free(samples);
    free(most);
}

static void print_row(FILE *file, unsigned level, const struct counts *counts)
{
    fprintf(file, "%u", level);
    for (unsigned c = 0; c < counts->colors; c++)
        fprintf(file, "\t%llu", (unsigned long long)counts->by_color[level][c]);
    fprintf(file, "\t%llu\n", (unsigned long long)counts->any[level]);
}

static void print_table(const struct cmdline *cmd, const struct counts *counts)
{
    printf(counts->colors == 3 ? "threshold\tr\tg\tb\tany\n" : "threshold\tgray\tany\n");
    for (unsigned level = cmd->first; level <= cmd->last; level++)
        print_row(stdout, level, counts);
}

/* The smallest whole threshold of colour C with at most MOST noisy samples. */
static unsigned level_for(const struct counts *counts, unsigned c, uint64_t most)
{
    unsigned level = 0;
    while (counts->by_color[level][c] > most)
        level++;
    return level; /* at LEVEL_MAX nothing is noisy */
}

/* Sets LEVELS for at most MOST noisy samples a colour; returns the noisy pixels they give. */
static uint64_t try_most(const struct frame *map, const struct counts *counts, uint64_t most,
                         double levels[3])
{
    unsigned limits[3];
    for (unsigned c = 0; c < COLORS_MAX; c++)
        levels[c] = level_for(counts, c < counts->colors ? c : 0, most);
    threshold_limits(levels, counts->colors, map->maxval, limits);
    return count_any(map, limits);
}

/* Sets LEVELS for the largest m, the noisy samples allowed in each colour, that gives at most
   TARGET noisy pixels in all. Bisection finds m, as a larger m never gives fewer pixels; m need
   not exceed the target. */
static void levels_for_all(const struct frame *map, const struct counts *counts, uint64_t target,
                           double levels[3])
{
    uint64_t fits = 0, beyond = target + 1;
    while (beyond - fits > 1) {
        uint64_t middle = fits + (beyond - fits) / 2;
        if (try_most(map, counts, middle, levels) <= target)
            fits = middle;
        else
            beyond = middle;
    }
    try_most(map, counts, fits, levels);
}

/* Prints the thresholds for the target as noisedetect's option. */
static void print_target(const struct cmdline *cmd, const struct frame *map,
                         const struct counts *counts)
{
    double levels[3];
    if (cmd->target_count == 1)
        levels_for_all(map, counts, cmd->target[0], levels);
    else if (counts->colors == 1 &&
             (cmd->target[1] != cmd->target[0] || cmd->target[2] != cmd->target[0]))
        message_error("-target=%s is for three colours; the map is gray", cmd->target_text);
    else
        for (unsigned c = 0; c < COLORS_MAX; c++)
            levels[c] = level_for(counts, c < counts->colors ? c : 0, cmd->target[c]);
    if (counts->colors == 3)
        printf("-threshold=%g,%g,%g\n", levels[0], levels[1], levels[2]);
    else
        printf("-threshold=%g\n", levels[0]);
}

static bool nothing_noisy(const struct cmdline *cmd, const struct counts *counts)
{
    return counts->any[cmd->first] == 0; /* from there the counts only fall */
}

/* Draws the plot, but does not put it in place yet. On a logarithmic axis a count of 0 goes to its
   foot; gnuplot would leave it out. */
static struct gnuplot *draw(const struct cmdline *cmd, const struct counts *counts)
{
    static const char *const names[] = {"red", "green", "blue"};
    static const char *const lines[] = {"#cc0000", "#008800", "#0000cc"};
    bool text = strcmp(cmd->plot, "-") == 0;
    const char *style = text ? "lines" : "linespoints lw 2 pt 7 ps 0.4";
    const char *foot = cmd->log ? "0.8" : "0";
    bool gray = counts->colors == 1;
    struct gnuplot *plot = gnuplot_open(cmd->plot);
    FILE *to = gnuplot_stream(plot);
    fprintf(to, "$counts << EOD\n");
    for (unsigned level = cmd->first; level <= cmd->last; level++)
        print_row(to, level, counts);
    fprintf(to, "EOD\nset xlabel 'threshold'\nset %s 'number of noisy pixels'\n",
            text ? "title" : "ylabel"); /* gnuplot's text has no ylabel */
    fprintf(to, "set xrange [%u:%u]\nset grid lt 1 lc rgb '#dddddd'\nset key top right\n",
            cmd->first, cmd->last > cmd->first ? cmd->last : cmd->first + 1);
    fprintf(to, "set yrange [%s:%s]\n", foot, nothing_noisy(cmd, counts) ? "1" : "");
    if (cmd->log)
        fprintf(to, "set logscale y\n");
    for (unsigned c = 0; cmd->marked && c < counts->colors; c++)
        fprintf(to, "set arrow from %g, graph 0 to %g, graph 1 nohead dashtype 2 lc rgb '%s'\n",
                cmd->levels[c], cmd->levels[c], gray ? "#444444" : lines[c]);
    fprintf(to, "plot ");
    for (unsigned c = 0; c < counts->colors; c++)
        fprintf(to, "%s$counts using 1:($%u > 0 ? $%u : %s) with %s lc rgb '%s' title '%s'",
                c ? ", " : "", c + 2, c + 2, foot, style, gray ? "#444444" : lines[c],
                gray ? "gray" : names[c]);
    fprintf(to, "\n");
    gnuplot_draw(plot);
    return plot;
}

int main(int argc, char **argv)
{
    struct cmdline cmd = {0};
    struct frame map = {0};
    parse_cmdline(argc, argv, &cmd);
    struct counts *counts = alloc_zeroed(1, sizeof *counts);
    map_read(cmd.operands, cmd.operand_count, &map);
    count_noisy(&map, counts);
    if (cmd.target_text)
        print_target(&cmd, &map, counts);
    else if (!cmd.plot || strcmp(cmd.plot, "-") != 0)
        print_table(&cmd, counts);
    output_check_stdout();
    struct gnuplot *plot = cmd.plot ? draw(&cmd, counts) : NULL;
    output_flush_stdout();
    if (plot)
        gnuplot_close(plot);
    free(counts);
    frame_free(&map);
    return EXIT_SUCCESS;
}
