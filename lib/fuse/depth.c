/* SPDX-License-Identifier: MIT */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "depth.h"
#include "numbers.h"

enum { REACH = 2, MAXVAL = 65535 };

struct depth {
    unsigned width, height;
    float *energy;   /* the greatest so far */
    uint32_t *index; /* of its frame */
};

struct depth *depth_new(unsigned width, unsigned height)
{
    struct depth *depth = alloc_zeroed(1, sizeof *depth);
    size_t pixels = alloc_product(width, height);
    *depth = (struct depth){.width = width,
                            .height = height,
                            .energy = alloc_zeroed(pixels, sizeof *depth->energy),
                            .index = alloc_zeroed(pixels, sizeof *depth->index)};
    return depth;
}

void depth_free(struct depth *depth)
{
    if (!depth)
        return;
    free(depth->energy);
    free(depth->index);
    free(depth);
}

double depth_bytes(unsigned width, unsigned height)
{
    return (double)(sizeof(float) + sizeof(uint32_t)) * width * height;
}

void depth_add_row(struct depth *depth, unsigned row, unsigned index, const float *energy,
                   const float *opacity)
{
    float *greatest = depth->energy + (size_t)row * depth->width;
    uint32_t *sharpest = depth->index + (size_t)row * depth->width;
    for (unsigned i = 0; i < depth->width; i++) {
        float counted = opacity[i] < 0.5f ? energy[i] * 0.05f : energy[i];
        if (counted > greatest[i]) {
            greatest[i] = counted;
            sharpest[i] = index;
        }
    }
}

/* The upper median of the indices around COLUMN, ROW. */
static unsigned smooth(const struct depth *depth, unsigned column, unsigned row)
{
    double around[(2 * REACH + 1) * (2 * REACH + 1)];
    unsigned count = 0;
    unsigned left = column > REACH ? column - REACH : 0, top = row > REACH ? row - REACH : 0;
    for (unsigned y = top; y <= row + REACH && y < depth->height; y++)
        for (unsigned x = left; x <= column + REACH && x < depth->width; x++)
            around[count++] = depth->index[(size_t)y * depth->width + x];
    return (unsigned)median_of(around, count);
}

unsigned depth_sample(unsigned index, unsigned count)
{
    return count < 2 ? 0 : (unsigned)((double)index * MAXVAL / (count - 1) + 0.5);
}

void depth_map(const struct depth *depth, unsigned factor, unsigned count, struct frame *map)
{
    map->depth = 1;
    map->maxval = MAXVAL;
    strcpy(map->tuple_type, "GRAYSCALE");
    frame_alloc(map);
    uint16_t *coarse = alloc_array(depth->width, sizeof *coarse);
    uint16_t *samples = alloc_array(map->width, sizeof *samples);
    unsigned from = depth->height; /* the row that COARSE is; none yet */
    for (unsigned row = 0; row < map->height; row++) {
        unsigned nearest = (row + factor / 2) / factor;
        nearest = nearest < depth->height ? nearest : depth->height - 1;
        for (unsigned x = 0; nearest != from && x < depth->width; x++)
            coarse[x] = (uint16_t)depth_sample(smooth(depth, x, nearest), count);
        from = nearest;
        for (unsigned column = 0; column < map->width; column++) {
            unsigned x = (column + factor / 2) / factor;
            samples[column] = coarse[x < depth->width ? x : depth->width - 1];
        }
        frame_put_row(map, row, samples);
    }
    free(coarse);
    free(samples);
}
