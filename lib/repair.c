/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "membrane.h"
#include "repair.h"
#include "simd.h"

void mask_init(struct mask *mask, const struct frame *image)
{
    *mask = (struct mask){
        .width = image->width,
        .height = image->height,
        .planes = frame_colors(image),
        .noisy = alloc_zeroed((size_t)image->width * image->height, 1),
    };
}

void mask_free(struct mask *mask)
{
    for (unsigned plane = 0; plane < 3; plane++)
        membrane_free(mask->membranes[plane]);
    free(mask->noisy);
    *mask = (struct mask){0};
}

/* What is set in any of the samples: 0 where all are 0, as in most rows of a mask. */
SIMD_CLONES
static uint16_t set_bits(const uint16_t *samples, size_t count)
{
    uint16_t bits = 0;
    for (size_t i = 0; i < count; i++)
        bits |= samples[i];
    return bits;
}

void mask_add(struct mask *mask, const struct frame *image)
{
    uint16_t *samples = alloc_array(frame_row_samples(image), sizeof *samples);
    for (unsigned row = 0; row < image->height; row++) {
        frame_get_row(image, row, samples);
        if (!set_bits(samples, frame_row_samples(image)))
            continue;
        uint8_t *noisy = mask->noisy + (size_t)row * mask->width;
        for (unsigned x = 0; x < mask->width; x++)
            for (unsigned c = 0; c < mask->planes; c++)
                noisy[x] |= (uint8_t)((samples[(size_t)x * image->depth + c] != 0) << c);
    }
    free(samples);
}

/* The index of the first noisy pixel from AT on, or END: most of a mask is zero, and looked at
   eight pixels at a time. */
static size_t next_noisy(const uint8_t *noisy, size_t at, size_t end)
{
    while (at < end) {
        uint64_t eight = 0;
        if (at + sizeof eight <= end)
            memcpy(&eight, noisy + at, sizeof eight);
        if (at + sizeof eight <= end && eight == 0)
            at += sizeof eight;
        else if (noisy[at])
            return at;
        else
            at++;
    }
    return end;
}

/* ROW with all bits spread RADIUS pixels to both sides. */
static void spread_row(const uint8_t *row, unsigned width, unsigned radius, uint8_t *spread)
{
    memset(spread, 0, width);
    for (size_t x = next_noisy(row, 0, width); x < width; x = next_noisy(row, x + 1, width)) {
        size_t last = width - 1 - x > radius ? x + radius : width - 1;
        for (size_t i = x > radius ? x - radius : 0; i <= last; i++)
            spread[i] |= row[x];
    }
}

SIMD_CLONES
static void join_rows(uint8_t *restrict into, const uint8_t *restrict row, size_t count)
{
    for (size_t i = 0; i < count; i++)
        into[i] |= row[i];
}

void mask_grow(struct mask *mask, unsigned radius)
{
    size_t width = mask->width, height = mask->height;
    uint8_t *grown = alloc_zeroed(width * height, 1);
    uint8_t *spread = alloc_array(width, 1);
    for (size_t row = 0; row < height; row++) {
        const uint8_t *noisy = mask->noisy + row * width;
        if (next_noisy(noisy, 0, width) == width)
            continue;
        spread_row(noisy, mask->width, radius, spread);
        size_t last = height - 1 - row > radius ? row + radius : height - 1;
        for (size_t i = row > radius ? row - radius : 0; i <= last; i++)
            join_rows(grown + i * width, spread, width);
    }
    free(spread);
    free(mask->noisy);
    mask->noisy = grown;
}

unsigned long mask_count(const struct mask *mask)
{
    unsigned long count = 0;
    size_t pixels = (size_t)mask->width * mask->height;
    for (size_t i = 0; i < pixels; i++)
        count += mask->noisy[i] != 0;
    return count;
}

bool mask_fits(const struct mask *mask, unsigned colors)
{
    return mask->planes == 1 || mask->planes == colors;
}

/* The samples of one plane of a frame, and which of them are noisy. */
struct plane {
    const struct frame *frame;
    const struct mask *mask;
    unsigned color;
    uint8_t bit; /* of the mask */
};

static bool is_good(const struct plane *plane, unsigned x, unsigned y)
{
    const struct frame *frame = plane->frame;
    if (plane->mask->noisy[(size_t)y * frame->width + x] & plane->bit)
        return false;
    return !frame_has_opacity(frame) || frame_get(frame, x, y, frame->depth - 1) > 0;
}

/* The window of RADIUS around X, Y, cut to the frame; all bounds are inside. */
struct window {
    unsigned left, top, right, bottom;
};

static struct window window_around(const struct frame *frame, unsigned x, unsigned y,
                                   unsigned radius)
{
    return (struct window){
        .left = x > radius ? x - radius : 0,
        .top = y > radius ? y - radius : 0,
        .right = frame->width - 1 - x > radius ? x + radius : frame->width - 1,
        .bottom = frame->height - 1 - y > radius ? y + radius : frame->height - 1,
    };
}

/* Whether a good sample lies on the edge of the window, or anywhere in it where it is a pixel. */
static bool edge_has_good(const struct plane *plane, const struct window *window)
{
    for (unsigned y = window->top; y <= window->bottom; y++)
        if (is_good(plane, window->left, y) || is_good(plane, window->right, y))
            return true;
    for (unsigned x = window->left; x <= window->right; x++)
        if (is_good(plane, x, window->top) || is_good(plane, x, window->bottom))
            return true;
    return false;
}

/* The smallest window from RADIUS up that holds a good sample, which the plane is known to have. */
static struct window window_with_good(const struct plane *plane, unsigned x, unsigned y,
                                      unsigned radius)
{
    unsigned nearest = 1;
    struct window window = window_around(plane->frame, x, y, nearest);
    while (!edge_has_good(plane, &window))
        window = window_around(plane->frame, x, y, ++nearest);
    return window_around(plane->frame, x, y, nearest > radius ? nearest : radius);
}

/* How far the window reaches from X, Y to any side. */
static unsigned furthest(const struct window *window, unsigned x, unsigned y)
{
    unsigned across = x - window->left > window->right - x ? x - window->left : window->right - x;
    unsigned down = y - window->top > window->bottom - y ? y - window->top : window->bottom - y;
    return across > down ? across : down;
}

/* The good samples of WINDOW, put into SAMPLES; returns how many. */
static size_t collect(const struct plane *plane, const struct window *window, uint16_t *samples)
{
    size_t count = 0;
    for (unsigned y = window->top; y <= window->bottom; y++)
        for (unsigned x = window->left; x <= window->right; x++)
            if (is_good(plane, x, y))
                samples[count++] = (uint16_t)frame_get(plane->frame, x, y, plane->color);
    return count;
}

static int compare_samples(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The middle sample, or the mean of the middle two; sorts SAMPLES. */
static unsigned median(uint16_t *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare_samples);
    unsigned low = samples[(count - 1) / 2], high = samples[count / 2];
    return (low + high + 1) / 2;
}

static unsigned mean(const uint16_t *samples, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += samples[i];
    return (unsigned)((2 * sum + count) / (2 * count));
}

/* The mean of the good samples at the smallest distance. Where the square up to R holds one, the
   nearest may still be outside of it, but no further away than its corners. */
static unsigned nearest(const struct plane *plane, unsigned x, unsigned y)
{
    struct window window = window_with_good(plane, x, y, 1);
    unsigned reach = furthest(&window, x, y);
    window = window_around(plane->frame, x, y, reach + reach / 2 + 1);
    uint64_t least = UINT64_MAX, sum = 0, count = 0;
    for (unsigned j = window.top; j <= window.bottom; j++)
        for (unsigned i = window.left; i <= window.right; i++) {
            int64_t dx = (int64_t)i - x, dy = (int64_t)j - y;
            uint64_t distance = (uint64_t)(dx * dx + dy * dy);
            if (distance > least || !is_good(plane, i, j))
                continue;
            if (distance < least)
                sum = count = 0;
            least = distance;
            sum += frame_get(plane->frame, i, j, plane->color);
            count++;
        }
    return (unsigned)((2 * sum + count) / (2 * count));
}

static unsigned repaired_sample(const struct plane *plane, unsigned x, unsigned y,
                                enum repair_method method, unsigned radius)
{
    if (method == REPAIR_NEAREST)
        return nearest(plane, x, y);
    struct window window = window_with_good(plane, x, y, radius);
    size_t room = ((size_t)window.right - window.left + 1) * (window.bottom - window.top + 1);
    uint16_t *samples = alloc_array(room, sizeof *samples);
    size_t count = collect(plane, &window, samples);
    unsigned value = method == REPAIR_MEDIAN ? median(samples, count) : mean(samples, count);
    free(samples);
    return value;
}

static struct plane plane_of(const struct frame *frame, const struct mask *mask, unsigned color)
{
    return (struct plane){frame, mask, color, (uint8_t)(1 << (mask->planes == 1 ? 0 : color))};
}

static void repair_pixel(struct frame *frame, const struct mask *mask, unsigned x, unsigned y,
                         enum repair_method method, unsigned radius)
{
    if (frame_has_opacity(frame) && frame_get(frame, x, y, frame->depth - 1) == 0)
        return;
    for (unsigned color = 0; color < frame_colors(frame); color++) {
        struct plane plane = plane_of(frame, mask, color);
        if (mask->noisy[(size_t)y * mask->width + x] & plane.bit)
            frame_put(frame, x, y, color, repaired_sample(&plane, x, y, method, radius));
    }
}

/* Whether every colour has a good sample; nearly always the first pixel is one. */
static bool has_good(const struct frame *frame, const struct mask *mask)
{
    for (unsigned color = 0; color < frame_colors(frame); color++) {
        struct plane plane = plane_of(frame, mask, color);
        bool found = false;
        for (unsigned y = 0; y < frame->height && !found; y++)
            for (unsigned x = 0; x < frame->width && !found; x++)
                found = is_good(&plane, x, y);
        if (!found)
            return false;
    }
    return true;
}

/* Repairs the hole HOLE that has no good sample beside it. */
static void repair_enclosed(struct frame *frame, const struct plane *plane,
                            const struct membrane *membrane, size_t hole)
{
    for (size_t i = 0; i < membrane_pixels(membrane, hole); i++) {
        unsigned x, y;
        membrane_pixel(membrane, hole, i, &x, &y);
        if (!frame_has_opacity(frame) || frame_get(frame, x, y, frame->depth - 1) > 0)
            frame_put(frame, x, y, plane->color, nearest(plane, x, y));
    }
}

static void repair_holes(struct frame *frame, struct mask *mask, unsigned color)
{
    struct plane plane = plane_of(frame, mask, color);
    struct membrane **membrane = &mask->membranes[mask->planes == 1 ? 0 : color];
    if (!*membrane)
        *membrane = membrane_new(mask->noisy, plane.bit, mask->width, mask->height);
    for (size_t hole = 0; hole < membrane_holes(*membrane); hole++)
        if (!membrane_fill(*membrane, hole, frame, color))
            repair_enclosed(frame, &plane, *membrane, hole);
}

bool repair_frame(struct frame *frame, struct mask *mask, enum repair_method method,
                  unsigned window)
{
    size_t end = (size_t)mask->width * mask->height;
    size_t at = next_noisy(mask->noisy, 0, end);
    if (at == end)
        return true;
    if (!has_good(frame, mask))
        return false;
    if (method == REPAIR_MEMBRANE) {
        for (unsigned color = 0; color < frame_colors(frame); color++)
            repair_holes(frame, mask, color);
        return true;
    }
    for (; at < end; at = next_noisy(mask->noisy, at + 1, end))
        repair_pixel(frame, mask, (unsigned)(at % mask->width), (unsigned)(at / mask->width),
                     method, window / 2);
    return true;
}
