/* SPDX-License-Identifier: MIT */

/*
 * Registers small frames. The first bytes are the header below, the rest samples, repeated when
 * they run out; each frame begins STEP bytes after the one before it, so that frames are displaced
 * against each other. The figures of frames not refused must be finite.
 */

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "fuzz.h"
#include "sequence.h"

enum { LEAST_SIDE = 24, SIDES = 48, FRAMES = 2 };

/* The bytes before the samples. */
enum { WAY, MODELS, KIND, COLUMNS, ROWS, STEP, HEADER };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

struct stack {
    const uint8_t *header, *samples;
    size_t count; /* of samples, at least 1 */
};

static struct frame make_frame(const struct stack *stack, unsigned number)
{
    const uint8_t *header = stack->header;
    struct frame frame = {.width = LEAST_SIDE + header[COLUMNS] % SIDES,
                          .height = LEAST_SIDE + header[ROWS] % SIDES,
                          .depth = 1 + header[KIND] % 4,
                          .maxval = header[KIND] & 4 ? 65535 : 255};
    static char name[] = "frame";
    frame.name = name;
    frame_alloc(&frame);
    size_t bytes = frame_raster_bytes(&frame), from = number * header[STEP];
    for (size_t i = 0; i < bytes; i++)
        frame.raster[i] = stack->samples[(i + from) % stack->count];
    return frame;
}

static void check_placed(const struct placed *placed)
{
    if (placed->failed)
        return;
    for (int i = 0; i < 9; i++)
        assert(isfinite(placed->transform.m[i / 3][i % 3]));
    assert(placed->transform.m[2][2] == 1);
    assert(isfinite(placed->error) && placed->error >= 0);
    assert(placed->best.share >= 0 && placed->best.share <= 1 && placed->best.ncc >= 0);
}

static void work(void *argument)
{
    const struct stack *stack = argument;
    static const struct register_models models[] = {
        {TRANSFORM_SIMILARITY, TRANSFORM_HOMOGRAPHY}, {TRANSFORM_SHIFT, TRANSFORM_SHIFT},
        {TRANSFORM_SIMILARITY, TRANSFORM_SIMILARITY}, {TRANSFORM_AFFINE, TRANSFORM_AFFINE},
        {TRANSFORM_HOMOGRAPHY, TRANSFORM_HOMOGRAPHY},
    };
    enum sequence_way way = (enum sequence_way)(stack->header[WAY] % 3);
    struct sequence *sequence = NULL;
    for (unsigned k = 0; k <= FRAMES; k++) {
        struct frame frame = make_frame(stack, k);
        if (k == 0)
            sequence = sequence_open(
                &frame, models[stack->header[MODELS] % (sizeof models / sizeof models[0])], way);
        else
            sequence_add(sequence, &frame);
        frame.name = NULL;
        frame_free(&frame);
    }
    if (way == SEQUENCE_TOGETHER)
        sequence_solve(sequence);
    for (unsigned k = 0; k < FRAMES; k++)
        check_placed(sequence_frame(sequence, k));
    sequence_free(sequence);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count <= HEADER)
        return 0;
    struct stack stack = {bytes, bytes + HEADER, count - HEADER};
    fuzz_run(work, &stack);
    return 0;
}
