/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "alloc.h"
#include "keyframe.h"
#include "pyramid.h"

struct keyframe {
    struct frame header;
    struct digest digest;
    struct pyramid pyramid;
    struct registrar *registrar; /* NULL until the blocks are taken */
};

struct keyframe *keyframe_open(const struct frame *frame, const struct digest_key *digest_key)
{
    struct keyframe *key = alloc_zeroed(1, sizeof *key);
    key->header = *frame;
    key->header.raster = NULL;
    key->header.name = alloc_string(frame->name);
    key->digest = digest_of(digest_key, frame->raster, frame_raster_bytes(frame));
    pyramid_build(&key->pyramid, frame);
    return key;
}

void keyframe_take_blocks(struct keyframe *key, const struct frame *frame,
                          struct register_models models)
{
    key->registrar = register_open(&key->pyramid, frame, models);
}

bool keyframe_equal(const struct keyframe *a, const struct keyframe *b)
{
    return digest_equal(&a->digest, &b->digest);
}

void keyframe_register(struct keyframe *reference, const struct keyframe *key,
                       const struct frame *frame, const struct transform *guess,
                       struct registration *found)
{
    if (keyframe_equal(reference, key))
        *found = (struct registration){.transform = transform_identity(),
                                       .solved = true,
                                       .vouched = true,
                                       .share = 1,
                                       .ncc = 1,
                                       .overlap = 1,
                                       .blocks = 1};
    else
        register_frame(reference->registrar, &key->pyramid, frame, guess, found);
}

const struct frame *keyframe_header(const struct keyframe *key)
{
    return &key->header;
}

void keyframe_free(struct keyframe *key)
{
    if (!key)
        return;
    if (key->registrar)
        register_close(key->registrar);
    pyramid_free(&key->pyramid);
    frame_free(&key->header);
    free(key);
}
