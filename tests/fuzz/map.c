/* SPDX-License-Identifier: MIT */

/* Marks and counts a deviation map at its threshold, which must agree; then repairs its noisy
   samples as if it were a frame, which must leave the rest unchanged. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fuzz.h"
#include "histogram.h"
#include "input.h"
#include "mask.h"
#include "repair.h"
#include "threshold.h"

enum { PIXELS_MAX = 1 << 12, LEVEL = 8, WINDOW = 3 }; /* more pixels would only cost time */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static struct frame frame_copy(const struct frame *frame)
{
    struct frame copy = *frame;
    copy.name = NULL;
    frame_alloc(&copy);
    memcpy(copy.raster, frame->raster, frame_raster_bytes(frame));
    return copy;
}

/* The mask of MAP at LIMITS; checks the number of noisy samples against the histogram. */
static struct frame mark(const struct frame *map, const unsigned limits[3])
{
    struct frame mask = {
        .width = map->width, .height = map->height, .depth = frame_colors(map), .maxval = 255};
    frame_alloc(&mask);
    uint16_t *samples = alloc_array(frame_row_samples(map), sizeof *samples);
    uint8_t *any = alloc_array(map->width, 1);
    uint64_t noisy = 0, above = 0;
    struct histogram histogram;
    for (unsigned c = 0; c < mask.depth; c++) {
        histogram_init(&histogram, map->maxval);
        for (unsigned row = 0; row < map->height; row++) {
            frame_get_row(map, row, samples);
            histogram_add(&histogram, samples + c, map->width, mask.depth);
        }
        above += histogram_above(&histogram, limits[c]);
        histogram_free(&histogram);
    }
    for (unsigned row = 0; row < map->height; row++) {
        uint8_t *marked = mask.raster + row * frame_row_bytes(&mask);
        frame_get_row(map, row, samples);
        threshold_row(samples, map->width, mask.depth, limits, marked, any);
        for (size_t i = 0; i < frame_row_samples(&mask); i++)
            noisy += marked[i] != 0;
    }
    assert(noisy == above);
    free(samples);
    free(any);
    return mask;
}

/* The least and the greatest of the samples of plane C of MAP that IMAGE does not mark. */
static void find_range(const struct frame *map, const struct frame *image, unsigned c,
                       unsigned *least, unsigned *most)
{
    *least = map->maxval;
    *most = 0;
    for (unsigned row = 0; row < map->height; row++)
        for (unsigned column = 0; column < map->width; column++) {
            unsigned sample = frame_get(map, column, row, c);
            if (frame_get(image, column, row, c) != 0)
                continue;
            *least = sample < *least ? sample : *least;
            *most = sample > *most ? sample : *most;
        }
}

/* Repairs MAP where IMAGE marks it by METHOD; checks that results lie within the range of the good
   samples. */
static void check_repair(const struct frame *map, const struct frame *image,
                         enum repair_method method)
{
    struct mask mask;
    mask_init(&mask, image);
    mask_add(&mask, image);
    struct frame repaired = frame_copy(map);
    struct repair *repair = repair_new(&mask, method, WINDOW);
    bool done = repair_frame(repair, &repaired);
    for (unsigned c = 0; c < map->depth; c++) {
        unsigned least, most;
        find_range(map, image, c, &least, &most);
        for (unsigned row = 0; row < map->height; row++)
            for (unsigned column = 0; column < map->width; column++) {
                unsigned sample = frame_get(&repaired, column, row, c);
                if (!done || frame_get(image, column, row, c) == 0)
                    assert(sample == frame_get(map, column, row, c));
                else
                    assert(sample >= least && sample <= most);
            }
    }
    frame_free(&repaired);
    repair_free(repair);
    mask_free(&mask);
}

static void work(void *argument)
{
    char *operands[] = {argument};
    struct input *in = input_open(operands, 1, NULL);
    struct frame map = {0};
    if (input_next(in, &map) && (size_t)map.width * map.height <= PIXELS_MAX) {
        frame_alloc(&map);
        input_rows(in, &map, map.raster, map.height);
    }
    double level = map.threshold > 0 ? map.threshold : LEVEL, levels[3] = {level, level, level};
    unsigned limits[3];
    if (map.raster && !frame_has_opacity(&map) &&
        threshold_limits(levels, frame_colors(&map), map.maxval, limits)) {
        struct frame image = mark(&map, limits);
        for (int method = REPAIR_MEMBRANE; method <= REPAIR_NEAREST; method++)
            check_repair(&map, &image, (enum repair_method)method);
        frame_free(&image);
    }
    input_close(in);
    frame_free(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    fuzz_run(work, (void *)(size_t)fuzz_file(bytes, count));
    return 0;
}
