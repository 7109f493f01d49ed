/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdint.h>

#include "random.h"
#include "view.h"

#define PI 3.14159265358979f

/*
 * The truth of frame INDEX: from the reference's pixels to its own. Scale, rotation and perspective
 * are about the middle of the frame; one part of each grows steadily through the stack, as focus
 * breathing does, another is random. The reference's is the identity.
 */
static struct matrix frame_transform(const struct options *options, unsigned index)
{
    if ((int)index == options->reference)
        return (struct matrix){{1, 0, 0, 0, 1, 0, 0, 0, 1}};
    uint64_t random = random_hash(random_hash(options->seed, 100), index);
    float along = ((float)index - (float)options->reference) / fmaxf(1, (float)options->frames / 2);
    float scale = 1 + options->breathing / 100 * along;
    float angle = options->rotate * PI / 180 * (0.6f * along + random_in(&random, -0.4f, 0.4f));
    float dx = options->shift * (0.5f * along + random_in(&random, -0.5f, 0.5f));
    float dy = options->shift * (0.3f * along + random_in(&random, -0.5f, 0.5f));
    if (options->wholeshift) {
        dx = roundf(dx);
        dy = roundf(dy);
    }
    double cx = (options->width - 1) / 2.0, cy = (options->height - 1) / 2.0;
    /* A corner at (cx, cy) is moved by about h . (cx, cy) times its distance from the middle. */
    double h = options->perspective / (cx * cx + cy * cy) / 2;
    double px = h * (double)random_signed(&random, 0.5f, 1);
    double py = h * (double)random_signed(&random, 0.5f, 1);
    if (options->wrong[index] == WRONG_HALF)
        dx += (float)(options->width / 2);

    double c = (double)(scale * cosf(angle)), s = (double)(scale * sinf(angle));
    struct matrix centre = {{1, 0, -cx, 0, 1, -cy, 0, 0, 1}};
    struct matrix turn = {{c, -s, 0, s, c, 0, 0, 0, 1}};
    struct matrix tilt = {{1, 0, 0, 0, 1, 0, px, py, 1}};
    struct matrix back = {{1, 0, cx + (double)dx, 0, 1, cy + (double)dy, 0, 0, 1}};
    struct matrix m = matrix_multiply(back, matrix_multiply(tilt, matrix_multiply(turn, centre)));
    return matrix_normalise(m);
}

/* What depth adds to the plane's transform, in VIEW. */
static void set_parallax(const struct options *options, unsigned index, struct view *view)
{
    double along = ((double)index - options->reference) / fmax(1, options->frames - 1.0);
    double angle = (double)options->parallaxangle * 3.14159265358979 / 180;
    view->zoom = along * (double)options->depthbreathing / 100;
    view->shift_u =
        along * (double)options->parallax * cos(angle) - view->zoom * (options->width - 1) / 2;
    view->shift_v =
        along * (double)options->parallax * sin(angle) - view->zoom * (options->height - 1) / 2;
    view->reach = fabs(along) * options_parallax(options) / 2;
}

struct view view_make(const struct options *options, unsigned index)
{
    uint64_t random = random_hash(random_hash(options->seed, 800), index);
    float gain = 1 + options->gain * random_in(&random, -1, 1);
    float gamma = 1 + options->gamma * random_in(&random, -1, 1);
    struct view view = {.to_frame = frame_transform(options, index),
                        .focus = options->frames > 1 ? (float)index / (float)(options->frames - 1)
                                                     : 0.5f,
                        .gain = (int)index == options->reference ? 1 : gain,
                        .gamma = (int)index == options->reference ? 1 : gamma};
    if (options->wrong[index] == WRONG_DARK)
        view.gain = 0;
    if (options->wrong[index] == WRONG_WHITE)
        view.gain = 1e6f;
    view.to_subject = matrix_inverse(view.to_frame);
    set_parallax(options, index, &view);
    return view;
}

struct matrix view_at_depth(const struct view *view, double depth)
{
    double beyond = depth - 0.5, scale = 1 + beyond * view->zoom;
    struct matrix move = {
        {scale, 0, beyond * view->shift_u, 0, scale, beyond * view->shift_v, 0, 0, 1}};
    return matrix_normalise(matrix_multiply(view->to_frame, move));
}

void view_undo_parallax(const struct view *view, double depth, double *u, double *v)
{
    double beyond = depth - 0.5, scale = 1 + beyond * view->zoom;
    *u = (*u - beyond * view->shift_u) / scale;
    *v = (*v - beyond * view->shift_v) / scale;
}
