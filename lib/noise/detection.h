/* SPDX-License-Identifier: MIT */

#ifndef DETECTION_H
#define DETECTION_H

#include <stdint.h>

#include "frame.h"

/* What is made of a deviation map, row by row: the map as a frame, or masks and counts. */
struct detection {
    struct frame map;    /* without raster where only masks are wanted */
    struct frame any;    /* the combined mask; without raster where the map is wanted */
    struct frame planes; /* the mask by colours; without raster unless wanted */
    unsigned colors;
    unsigned rows; /* taken so far */
    unsigned long noisy[3], noisy_any;
    uint8_t *marked; /* a row of planes */
};

enum detection_kind { DETECTION_MAP, DETECTION_MASK, DETECTION_PLANES /* and the combined mask */ };

/* For a map that has the header MAP: one plane or three. The caller ends it with
   detection_free(). */
void detection_init(struct detection *detection, const struct frame *map, enum detection_kind kind);
void detection_free(struct detection *detection);

/* Takes the next row of the map. In masks a sample of colour c is noisy where its deviation exceeds
   LIMITS[c]. */
void detection_row(struct detection *detection, const uint16_t *deviations,
                   const unsigned limits[3]);

/* One colour of the mask by colours as a frame of its own, which the caller frees. */
struct frame detection_plane(const struct detection *detection, unsigned color);

#endif
