/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "detection.h"
#include "threshold.h"

void detection_init(struct detection *detection, const struct frame *map, enum detection_kind kind)
{
    *detection = (struct detection){.map = *map, .colors = frame_colors(map)};
    detection->map.name = NULL;
    detection->map.raster = NULL;
    detection->planes = detection->map;
    detection->planes.maxval = 255;
    detection->planes.threshold = 0;
    detection->any = detection->planes;
    detection->any.depth = 1;
    strcpy(detection->any.tuple_type, "GRAYSCALE");
    if (kind == DETECTION_MAP)
        frame_alloc(&detection->map);
    else
        frame_alloc(&detection->any);
    if (kind == DETECTION_PLANES)
        frame_alloc(&detection->planes);
    detection->marked = alloc_array(frame_row_samples(map), 1);
}

void detection_free(struct detection *detection)
{
    frame_free(&detection->map);
    frame_free(&detection->any);
    frame_free(&detection->planes);
    free(detection->marked);
}

static void count_noisy(struct detection *detection, const uint8_t *noisy, const uint8_t *any)
{
    unsigned width = detection->any.width, colors = detection->colors;
    if (!memchr(any, 255, width))
        return;
    for (unsigned x = 0; x < width; x++) {
        detection->noisy_any += any[x] != 0;
        for (unsigned c = 0; c < colors; c++)
            detection->noisy[c] += noisy[(size_t)x * colors + c] != 0;
    }
}

void detection_row(struct detection *detection, const uint16_t *deviations,
                   const unsigned limits[3])
{
    unsigned row = detection->rows++;
    if (detection->map.raster) {
        frame_put_row(&detection->map, row, deviations);
        return;
    }
    struct frame *planes = &detection->planes, *any = &detection->any;
    uint8_t *noisy =
        planes->raster ? planes->raster + row * frame_row_bytes(planes) : detection->marked;
    uint8_t *noisy_any = any->raster + row * frame_row_bytes(any);
    threshold_row(deviations, any->width, detection->colors, limits, noisy, noisy_any);
    count_noisy(detection, noisy, noisy_any);
}

struct frame detection_plane(const struct detection *detection, unsigned color)
{
    struct frame plane = detection->any;
    frame_alloc(&plane);
    size_t pixels = (size_t)plane.width * plane.height;
    for (size_t i = 0; i < pixels; i++)
        plane.raster[i] = detection->planes.raster[i * detection->colors + color];
    return plane;
}
