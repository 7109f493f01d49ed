/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "comments.h"
#include "maskfile.h"
#include "mosaic.h"
#include "raw_repair.h"
#include "repair.h"

struct raw_repair {
    const char *path; /* of the mask */
    struct mask mask;
    struct frame first;    /* header of the first mosaic */
    struct repair *repair; /* of its kind; NULL: there was none yet */
};

struct raw_repair *raw_repair_new(const char *path, unsigned grow, unsigned max_pixels)
{
    struct raw_repair *repair = alloc_zeroed(1, sizeof *repair);
    repair->path = path;
    maskfile_read(path, &repair->mask);
    maskfile_check_count(path, &repair->mask, max_pixels);
    if (grow > 0)
        mask_grow(&repair->mask, grow);
    return repair;
}

void raw_repair_free(struct raw_repair *repair)
{
    if (!repair)
        return;
    repair_free(repair->repair);
    mask_free(&repair->mask);
    free(repair);
}

/* For mosaics like FRAME. NULL, or what is wrong. */
static char *prepare(struct raw_repair *repair, const struct frame *frame)
{
    struct cfa cfa;
    char *misfit = maskfile_misfit(repair->path, &repair->mask, frame);
    if (!misfit && repair->repair)
        misfit = comments_misfit(frame, &repair->first);
    if (misfit || repair->repair)
        return misfit;
    if (mosaic_cfa(frame, frame->name, NULL, &cfa))
        repair->repair = repair_new_mosaic(&repair->mask, &cfa);
    else if (mask_fits(&repair->mask, 1))
        repair->repair = repair_new(&repair->mask, REPAIR_MEMBRANE, 0);
    else
        return alloc_printf("the mask %s has 3 colour planes, but the camera is monochrome: use a "
                            "mask of one plane",
                            repair->path);
    repair->first = *frame;
    return NULL;
}

char *raw_repair(struct raw_repair *repair, struct raw *raw, char *name)
{
    struct frame frame = {.name = name};
    char *error = raw_mosaic(raw, &frame);
    if (!error)
        error = prepare(repair, &frame);
    if (error)
        return error;
    frame_alloc(&frame);
    for (unsigned y = 0; y < frame.height; y++)
        raw_row(raw, y, frame.raster + y * frame_row_bytes(&frame));
    if (repair_frame(repair->repair, &frame))
        raw_replace(raw, &frame);
    else
        error =
            alloc_printf("the mask %s marks every sample of a colour, so none is left to repair "
                         "from",
                         repair->path);
    free(frame.raster);
    return error;
}
