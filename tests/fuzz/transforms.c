/* SPDX-License-Identifier: MIT */

/* Writes and reads a table of transforms, which must stay the same, and warps a small frame by it,
   which must give valid samples. */

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "fuzz.h"
#include "coverage.h"
#include "transform_table.h"
#include "warp.h"

enum { WIDTH = 13, HEIGHT = 9, WARPED_MAX = 4, MAXVAL = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* A file, and the table read from it. */
struct table {
    const char *path;
    struct transform_table transforms;
};

static void read_table(void *argument)
{
    struct table *table = argument;
    transform_table_read(table->path, &table->transforms);
}

static void check_again(const struct transform_table *transforms)
{
    char *bytes;
    size_t size;
    FILE *file = open_memstream(&bytes, &size);
    transform_table_write(transforms, file);
    fclose(file);
    struct table again = {.path = fuzz_file(bytes, size)};
    bool ended = fuzz_run(read_table, &again);
    assert(ended && again.transforms.count == transforms->count);
    for (unsigned i = 0; i < transforms->count; i++) {
        const struct aligned *a = &transforms->rows[i], *b = &again.transforms.rows[i];
        assert(strcmp(a->name, b->name) == 0 && a->failed == b->failed);
        assert(memcmp(&a->transform, &b->transform, sizeof a->transform) == 0);
    }
    transform_table_free(&again.transforms);
    free(bytes);
}

static void check_warp(const struct frame *source, const struct transform *t,
                       enum warp_border border)
{
    struct warp_options options = {.border = border, .value = {1, 2, MAXVAL}, .sigma = 3};
    struct frame out = {0};
    warp_header(source, &options, WIDTH, HEIGHT, &out);
    frame_alloc(&out);
    warp_frame(source, t, &options, 0, 0, &out);
    for (unsigned row = 0; row < out.height; row++)
        for (unsigned column = 0; column < out.width; column++)
            for (unsigned plane = 0; plane < out.depth; plane++)
                assert(frame_get(&out, column, row, plane) <= MAXVAL);
    frame_free(&out);
}

static struct frame make_frame(void)
{
    struct frame frame = {.width = WIDTH, .height = HEIGHT, .depth = 3, .maxval = MAXVAL};
    frame_alloc(&frame);
    for (unsigned i = 0; i < WIDTH * HEIGHT * 3; i++)
        frame_put(&frame, i / 3 % WIDTH, i / 3 / WIDTH, i % 3, i * 89 % (MAXVAL + 1));
    return frame;
}

/* Does what framealign -apply does with the table. */
static void apply(void *argument)
{
    const struct transform_table *transforms = argument;
    struct frame frame = make_frame();
    struct coverage *common = coverage_all(WIDTH, HEIGHT);
    struct rectangle rectangle;
    unsigned warped = 0;
    for (unsigned i = 0; i < transforms->count; i++) {
        const struct aligned *row = &transforms->rows[i];
        double scale, degrees;
        if (transform_table_jump(transforms, i, &scale, &degrees))
            assert(scale >= 0 && fabs(degrees) <= 180);
        if (row->failed || !coverage_any(&row->transform, WIDTH, HEIGHT))
            continue;
        coverage_keep(common, &row->transform);
        if (warped++ < WARPED_MAX)
            for (int border = WARP_BLUR; border <= WARP_TRANSPARENT; border++)
                check_warp(&frame, &row->transform, (enum warp_border)border);
    }
    if (coverage_largest(common, &rectangle)) {
        assert(rectangle.width > 0 && rectangle.left + rectangle.width <= WIDTH);
        assert(rectangle.height > 0 && rectangle.top + rectangle.height <= HEIGHT);
    }
    coverage_free(common);
    frame_free(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct table table = {.path = fuzz_file(bytes, count)};
    if (!fuzz_run(read_table, &table))
        return 0;
    check_again(&table.transforms);
    fuzz_run(apply, &table.transforms);
    transform_table_free(&table.transforms);
    return 0;
}
