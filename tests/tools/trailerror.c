/* SPDX-License-Identifier: MIT
 *
 * trailerror COUNT CLEAN PICTURE CLEANFRAME ... FRAME ...
 *
 * What hot pixels leave in a fused picture. The COUNT frames differ from as many clean ones by hot
 * pixels alone; CLEAN and PICTURE are fused of these and of those. Over the trail, which is the
 * samples of colours where any frame differs from its clean one by more than 20, prints how many
 * those are, mean and root mean square of the pictures' difference, and how many differ by more
 * than 60, in units of 1/255 of full scale: "count mean rms over60".
 */

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "frame.h"
#include "input.h"
#include "message.h"

/* Sample I of FRAME's colours, in 0..255. */
static double sample(const struct frame *frame, size_t i)
{
    unsigned colors = frame_colors(frame);
    size_t pixel = i / colors;
    unsigned value = frame_get(frame, (unsigned)(pixel % frame->width),
                               (unsigned)(pixel / frame->width), (unsigned)(i % colors));
    return 255.0 * value / frame->maxval;
}

static void mark_trail(char **clean, char **hot, unsigned count, bool *trail, size_t samples)
{
    struct input *a = input_open(clean, count, NULL), *b = input_open(hot, count, NULL);
    struct frame without = {0}, with = {0};
    while (input_read(a, &without) && input_read(b, &with))
        for (size_t i = 0; i < samples; i++)
            trail[i] |= fabs(sample(&with, i) - sample(&without, i)) > 20;
    input_close(a);
    input_close(b);
    frame_free(&without);
    frame_free(&with);
}

int main(int argc, char **argv)
{
    message_start("trailerror");
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    if (count == 0 || (unsigned)argc != 4 + 2 * count)
        message_error("usage: trailerror COUNT CLEAN PICTURE CLEANFRAME ... FRAME ...");
    struct frame clean = {0}, picture = {0};
    input_read_single(argv[2], &clean);
    input_read_single(argv[3], &picture);
    if (clean.width != picture.width || clean.height != picture.height ||
        frame_colors(&clean) != frame_colors(&picture))
        message_error("the pictures are not alike");
    size_t samples = (size_t)clean.width * clean.height * frame_colors(&clean);
    bool *trail = alloc_zeroed(samples, sizeof *trail);
    mark_trail(argv + 4, argv + 4 + count, count, trail, samples);

    double sum = 0, squares = 0;
    unsigned long marked = 0, over = 0;
    for (size_t i = 0; i < samples; i++) {
        if (!trail[i])
            continue;
        double off = fabs(sample(&clean, i) - sample(&picture, i));
        marked++;
        sum += off;
        squares += off * off;
        over += off > 60;
    }
    double most = marked > 0 ? (double)marked : 1;
    printf("%lu %.2f %.2f %lu\n", marked, sum / most, sqrt(squares / most), over);
    free(trail);
    frame_free(&clean);
    frame_free(&picture);
    return 0;
}
