/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "good.h"

/* The columns FIRST..END-1. */
struct run {
    unsigned first, end;
};

struct good {
    unsigned width, height;
    size_t *begin;            /* of each row's runs, and the end of the last's; height + 1 */
    unsigned *before, *after; /* of each row: the nearest with runs, itself or one above, below; */
    struct run *runs;         /* the height if there is none */
    size_t room;
};

/* The first column of ROW from X on that has BIT set, or WIDTH; eight at a time. */
static unsigned clean_end(const uint8_t *row, uint8_t bit, unsigned x, unsigned width)
{
    const uint64_t bits = UINT64_C(0x0101010101010101) * bit;
    for (uint64_t eight; x + sizeof eight <= width; x += (unsigned)sizeof eight) {
        memcpy(&eight, row + x, sizeof eight);
        if (eight & bits)
            break;
    }
    while (x < width && !(row[x] & bit))
        x++;
    return x;
}

/* The first column from X on that has BIT set in ROW, or is fully transparent in row Y of FRAME. */
static unsigned visible_end(const struct frame *frame, const uint8_t *row, uint8_t bit, unsigned x,
                            unsigned y)
{
    while (x < frame->width && !(row[x] & bit) && frame_get(frame, x, y, frame->depth - 1) > 0)
        x++;
    return x;
}

static void add_run(struct good *good, size_t count, unsigned first, unsigned end)
{
    good->runs = alloc_grow(good->runs, count, &good->room, sizeof *good->runs);
    good->runs[count] = (struct run){first, end};
}

struct good *good_new(const struct frame *frame, const uint8_t *noisy, uint8_t bit)
{
    unsigned width = frame->width, height = frame->height;
    struct good *good = alloc_zeroed(1, sizeof *good);
    good->width = width;
    good->height = height;
    good->begin = alloc_array((size_t)height + 1, sizeof *good->begin);
    good->before = alloc_array(height, sizeof *good->before);
    good->after = alloc_array(height, sizeof *good->after);
    size_t count = 0;
    for (unsigned y = 0; y < height; y++) {
        const uint8_t *row = noisy + (size_t)y * width;
        good->begin[y] = count;
        for (unsigned x = 0; x < width; x++) {
            unsigned first = x;
            x = frame_has_opacity(frame) ? visible_end(frame, row, bit, x, y)
                                         : clean_end(row, bit, x, width);
            if (x > first)
                add_run(good, count++, first, x);
        }
    }
    good->begin[height] = count;
    for (unsigned y = 0, last = height; y < height; y++)
        good->before[y] = last = good->begin[y + 1] > good->begin[y] ? y : last;
    for (unsigned y = height, last = height; y-- > 0;)
        good->after[y] = last = good->begin[y + 1] > good->begin[y] ? y : last;
    return good;
}

void good_free(struct good *good)
{
    if (!good)
        return;
    free(good->begin);
    free(good->before);
    free(good->after);
    free(good->runs);
    free(good);
}

/* Walks the rows that have runs, the nearest to row Y first. */
struct rows {
    const struct good *good;
    unsigned y, before, after; /* the next on each side; the height: none */
};

static struct rows rows_from(const struct good *good, unsigned y)
{
    unsigned height = good->height;
    return (struct rows){good, y, good->before[y], y + 1 < height ? good->after[y + 1] : height};
}

/* The next row and its distance; false after the last. */
static bool next_row(struct rows *rows, unsigned *row, unsigned *away)
{
    unsigned height = rows->good->height;
    bool up = rows->before < height, down = rows->after < height;
    if (!up && !down)
        return false;
    if (up && (!down || rows->y - rows->before <= rows->after - rows->y)) {
        *row = rows->before;
        *away = rows->y - *row;
        rows->before = *row > 0 ? rows->good->before[*row - 1] : height;
    } else {
        *row = rows->after;
        *away = *row - rows->y;
        rows->after = *row + 1 < height ? rows->good->after[*row + 1] : height;
    }
    return true;
}

/* The first run of ROW that ends after column X, or the last run. */
static const struct run *run_at(const struct good *good, unsigned row, unsigned x)
{
    size_t low = good->begin[row], high = good->begin[row + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (good->runs[middle].end > x)
            high = middle;
        else
            low = middle + 1;
    }
    return &good->runs[low];
}

/* The distance from column X to the nearest columns of a row with runs; sets NEAREST, one or two of
   them. */
static unsigned nearest_columns(const struct good *good, unsigned row, unsigned x,
                                unsigned nearest[2], unsigned *count)
{
    const struct run *first = good->runs + good->begin[row];
    const struct run *end = good->runs + good->begin[row + 1];
    const struct run *right = run_at(good, row, x);
    *count = 1;
    if (right < end && right->first <= x) {
        nearest[0] = x;
        return 0;
    }
    unsigned to_right = right < end ? right->first - x : UINT32_MAX;
    unsigned to_left = right > first ? x - (right[-1].end - 1) : UINT32_MAX;
    nearest[0] = to_left <= to_right ? x - to_left : x + to_right;
    if (to_left == to_right)
        nearest[(*count)++] = x + to_right;
    return to_left < to_right ? to_left : to_right;
}

unsigned good_distance(const struct good *good, unsigned x, unsigned y)
{
    unsigned row, away, columns[2], count, least = UINT32_MAX;
    struct rows rows = rows_from(good, y);
    while (next_row(&rows, &row, &away) && away < least) {
        unsigned across = nearest_columns(good, row, x, columns, &count);
        unsigned distance = across > away ? across : away;
        least = distance < least ? distance : least;
    }
    return least;
}

size_t good_nearest(const struct good *good, unsigned x, unsigned y, const struct frame *frame,
                    unsigned color, uint64_t *sum)
{
    uint64_t least = UINT64_MAX, total = 0;
    size_t found = 0;
    unsigned row, away, columns[2], count;
    struct rows rows = rows_from(good, y);
    while (next_row(&rows, &row, &away) && (uint64_t)away * away <= least) {
        uint64_t across = nearest_columns(good, row, x, columns, &count);
        uint64_t distance = across * across + (uint64_t)away * away;
        if (distance < least)
            total = found = 0;
        if (distance > least)
            continue;
        least = distance;
        for (unsigned i = 0; i < count; i++, found++)
            total += frame_get(frame, columns[i], row, color);
    }
    *sum += total;
    return found;
}

/* Copies COUNT samples of plane COLOR of FRAME from X, Y on. */
static void copy_samples(const struct frame *frame, unsigned color, unsigned x, unsigned y,
                         size_t count, uint16_t *samples)
{
    size_t depth = frame->depth, bytes = frame_sample_bytes(frame);
    const unsigned char *at =
        frame->raster + y * frame_row_bytes(frame) + (x * depth + color) * bytes;
    if (bytes == 1)
        for (size_t i = 0; i < count; i++)
            samples[i] = at[i * depth];
    else
        for (size_t i = 0; i < count; i++)
            samples[i] = (uint16_t)(at[2 * i * depth] << 8 | at[2 * i * depth + 1]);
}

size_t good_around(const struct good *good, unsigned x, unsigned y, unsigned radius,
                   const struct frame *frame, unsigned color, uint16_t *samples)
{
    unsigned left = x > radius ? x - radius : 0;
    unsigned right = good->width - 1 - x > radius ? x + radius : good->width - 1;
    unsigned bottom = good->height - 1 - y > radius ? y + radius : good->height - 1;
    size_t count = 0;
    for (unsigned row = good->after[y > radius ? y - radius : 0]; row <= bottom;
         row = row < bottom ? good->after[row + 1] : good->height) {
        const struct run *end = good->runs + good->begin[row + 1];
        for (const struct run *run = run_at(good, row, left); run < end && run->first <= right;
             run++) {
            unsigned from = run->first > left ? run->first : left;
            unsigned to = run->end <= right ? run->end : right + 1;
            if (samples)
                copy_samples(frame, color, from, row, to - from, samples + count);
            count += to - from;
        }
    }
    return count;
}
