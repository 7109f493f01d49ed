/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "good.h"
#include "mosaic_repair.h"

/* How far good samples are searched for one by one; nearly always they are at hand. */
enum { REACH = 8 };

/* Of patterns other than Bayer's: the window reaches so far; WEIGHT is the least multiple of all
   squared distances in it, 1, 2, 4, 5 and 8. */
enum { WINDOW = 2, WEIGHT = 40 };

struct mosaic_repair {
    const struct mask *mask;
    struct cfa cfa;
    bool possible;                 /* each colour that has noisy samples has good ones */
    struct good *good[CFA_COLORS]; /* of that colour, once there was none within reach */
};

static bool is_noisy(const struct mosaic_repair *repair, unsigned x, unsigned y, unsigned color)
{
    const struct mask *mask = repair->mask;
    unsigned bit = mask->planes == 1 ? 1U : 1U << color;
    return mask->noisy[(size_t)y * mask->width + x] & bit;
}

/* How many samples of COLOR a mosaic has. */
static uint64_t count_samples(const struct mosaic_repair *repair, unsigned color)
{
    const struct cfa *cfa = &repair->cfa;
    unsigned width = repair->mask->width, height = repair->mask->height;
    uint64_t count = 0;
    for (unsigned y = 0; y < cfa->height && y < height; y++)
        for (unsigned x = 0; x < cfa->width && x < width; x++)
            if (cfa_color(cfa, x, y) == color)
                count += (uint64_t)((width - 1 - x) / cfa->width + 1) *
                         ((height - 1 - y) / cfa->height + 1);
    return count;
}

static bool is_possible(const struct mosaic_repair *repair)
{
    const struct mask *mask = repair->mask;
    uint64_t noisy[CFA_COLORS] = {0};
    size_t end = (size_t)mask->width * mask->height;
    for (size_t at = mask_next(mask, 0); at < end; at = mask_next(mask, at + 1)) {
        unsigned x = (unsigned)(at % mask->width), y = (unsigned)(at / mask->width);
        unsigned color = cfa_color(&repair->cfa, x, y);
        noisy[color] += is_noisy(repair, x, y, color);
    }
    for (unsigned color = 0; color < CFA_COLORS; color++)
        if (noisy[color] > 0 && noisy[color] == count_samples(repair, color))
            return false;
    return true;
}

struct mosaic_repair *mosaic_repair_new(const struct mask *mask, const struct cfa *cfa)
{
    struct mosaic_repair *repair = alloc_zeroed(1, sizeof *repair);
    repair->mask = mask;
    repair->cfa = *cfa;
    repair->possible = is_possible(repair);
    return repair;
}

void mosaic_repair_free(struct mosaic_repair *repair)
{
    if (!repair)
        return;
    for (unsigned color = 0; color < CFA_COLORS; color++)
        good_free(repair->good[color]);
    free(repair);
}

/* The good samples that are nearest so far. */
struct nearest {
    unsigned distance; /* squared */
    unsigned count;
    uint64_t sum;
};

/* Looks at the sample that lies I columns and J rows from X, Y, if there is one. */
static void look(const struct mosaic_repair *repair, const struct frame *frame, unsigned x,
                 unsigned y, int i, int j, struct nearest *nearest)
{
    unsigned distance = (unsigned)(i * i + j * j), color = cfa_color(&repair->cfa, x, y);
    int64_t column = (int64_t)x + i, row = (int64_t)y + j;
    if (distance > nearest->distance || column < 0 || row < 0 || column >= frame->width ||
        row >= frame->height)
        return;
    unsigned at_x = (unsigned)column, at_y = (unsigned)row;
    if (cfa_color(&repair->cfa, at_x, at_y) != color || is_noisy(repair, at_x, at_y, color))
        return;
    if (distance < nearest->distance)
        *nearest = (struct nearest){.distance = distance};
    nearest->count++;
    nearest->sum += frame_get(frame, at_x, at_y, 0);
}

/* Searches square after square around X, Y; all samples nearer than its square's radius are known.
   False where none is that near. */
static bool find_nearest(const struct mosaic_repair *repair, const struct frame *frame, unsigned x,
                         unsigned y, struct nearest *nearest)
{
    *nearest = (struct nearest){.distance = UINT32_MAX};
    for (int radius = 1; radius <= REACH; radius++) {
        for (int j = -radius; j <= radius; j++)
            for (int i = -radius; i <= radius; i += abs(j) == radius ? 1 : 2 * radius)
                look(repair, frame, x, y, i, j, nearest);
        if (nearest->distance <= (unsigned)(radius * radius))
            return true;
    }
    return false;
}

/* Where the good samples of COLOR are. */
static const struct good *good_of(struct mosaic_repair *repair, const struct frame *frame,
                                  unsigned color)
{
    if (repair->good[color])
        return repair->good[color];
    uint8_t *other = alloc_array((size_t)frame->width * frame->height, 1), *at = other;
    for (unsigned y = 0; y < frame->height; y++)
        for (unsigned x = 0; x < frame->width; x++)
            *at++ = cfa_color(&repair->cfa, x, y) != color || is_noisy(repair, x, y, color);
    repair->good[color] = good_new(frame, other, 1);
    free(other);
    return repair->good[color];
}

/* The weighted mean of a window: where distances differ as they do within X-Trans, the nearest
   alone are too few, often two of the eight that are near. */
static bool take_window(const struct mosaic_repair *repair, const struct frame *frame, unsigned x,
                        unsigned y, uint64_t *count, uint64_t *sum)
{
    for (int j = -WINDOW; j <= WINDOW; j++)
        for (int i = -WINDOW; i <= WINDOW; i++) {
            struct nearest one = {.distance = UINT32_MAX};
            if (i != 0 || j != 0)
                look(repair, frame, x, y, i, j, &one);
            unsigned weight = one.count > 0 ? WEIGHT / one.distance : 0;
            *count += weight;
            *sum += weight * one.sum;
        }
    return *count > 0;
}

static unsigned repaired(struct mosaic_repair *repair, const struct frame *frame, unsigned x,
                         unsigned y, unsigned color)
{
    struct nearest nearest;
    uint64_t count = 0, sum = 0;
    bool bayer = repair->cfa.width <= 2 && repair->cfa.height <= 2;
    if (!bayer && take_window(repair, frame, x, y, &count, &sum))
        return (unsigned)((2 * sum + count) / (2 * count));
    if (find_nearest(repair, frame, x, y, &nearest)) {
        count = nearest.count;
        sum = nearest.sum;
    } else {
        count = good_nearest(good_of(repair, frame, color), x, y, frame, 0, &sum);
    }
    return (unsigned)((2 * sum + count) / (2 * count));
}

bool mosaic_repair_frame(struct mosaic_repair *repair, struct frame *frame)
{
    const struct mask *mask = repair->mask;
    size_t end = (size_t)mask->width * mask->height;
    if (!repair->possible)
        return false;
    for (size_t at = mask_next(mask, 0); at < end; at = mask_next(mask, at + 1)) {
        unsigned x = (unsigned)(at % mask->width), y = (unsigned)(at / mask->width);
        unsigned color = cfa_color(&repair->cfa, x, y);
        if (is_noisy(repair, x, y, color))
            frame_put(frame, x, y, 0, repaired(repair, frame, x, y, color));
    }
    return true;
}
