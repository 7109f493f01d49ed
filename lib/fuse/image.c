/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "image.h"

void image_alloc(struct image *image, unsigned width, unsigned height, unsigned planes)
{
    *image = (struct image){.width = width, .height = height, .planes = planes};
    image->samples = alloc_zeroed(alloc_product(image_row_samples(image), height), sizeof(float));
}

void image_free(struct image *image)
{
    free(image->samples);
    *image = (struct image){0};
}

double image_bytes(unsigned width, unsigned height, unsigned planes)
{
    return (double)sizeof(float) * width * height * planes;
}
