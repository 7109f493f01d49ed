/* SPDX-License-Identifier: MIT */

#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>

/*
 * An image of float samples: rows from the top, in each row one plane after the other, so that a
 * loop over a row of one plane, or of all, meets no gaps.
 */
struct image {
    unsigned width, height, planes;
    float *samples; /* owned, or NULL */
};

/* All samples are 0. */
void image_alloc(struct image *image, unsigned width, unsigned height, unsigned planes);
void image_free(struct image *image);

/* Bytes of an image of that geometry, which may be more than this machine can address. */
double image_bytes(unsigned width, unsigned height, unsigned planes);

/* Samples of a row, all planes, and where row ROW begins. */
static inline size_t image_row_samples(const struct image *image)
{
    return (size_t)image->width * image->planes;
}

static inline float *image_row(const struct image *image, unsigned row)
{
    return image->samples + row * image_row_samples(image);
}

#endif
