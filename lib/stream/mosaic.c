/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "comments.h"
#include "message.h"
#include "mosaic.h"

bool mosaic_cfa(const struct frame *frame, const char *name, const char *option, struct cfa *cfa)
{
    char *pattern = option ? alloc_string(option) : comments_get(frame, "cfa");
    if (!pattern || (!option && frame_colors(frame) > 1)) {
        free(pattern);
        return false;
    }
    const char *error = cfa_parse(cfa, pattern);
    if (error && option)
        message_error("-cfa=%s: %s", pattern, error);
    if (error)
        message_error("%s: colour filters %s in its header: %s", name, pattern, error);
    char *misfit = cfa_misfit(cfa, frame);
    if (misfit)
        message_error("%s is no mosaic of %s%s: %s", name, option ? "-cfa=" : "", pattern, misfit);
    free(pattern);
    return true;
}
