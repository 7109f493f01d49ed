/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "aligner.h"
#include "alloc.h"
#include "digest.h"
#include "pyramid.h"

struct aligner {
    struct frame header;
    struct digest digest;
    struct pyramid pyramid;
    struct registrar *registrar;
};

struct aligner *aligner_open(const struct frame *reference, enum transform_model model)
{
    struct aligner *aligner = alloc_zeroed(1, sizeof *aligner);
    aligner->header = *reference;
    aligner->header.raster = NULL;
    aligner->header.name = alloc_string(reference->name);
    aligner->digest = digest_of(reference->raster, frame_raster_bytes(reference));
    pyramid_build(&aligner->pyramid, reference);
    aligner->registrar = register_open(&aligner->pyramid, reference, model);
    return aligner;
}

bool aligner_fits(const struct aligner *aligner, const struct frame *frame)
{
    return frame_same_geometry(&aligner->header, frame);
}

void aligner_register(const struct aligner *aligner, const struct frame *frame,
                      struct registration *found)
{
    struct digest digest = digest_of(frame->raster, frame_raster_bytes(frame));
    if (digest_equal(&digest, &aligner->digest)) {
        *found = (struct registration){.transform = transform_identity(),
                                       .solved = true,
                                       .share = 1,
                                       .ncc = 1,
                                       .overlap = 1,
                                       .blocks = 1};
        return;
    }
    struct pyramid pyramid;
    pyramid_build(&pyramid, frame);
    register_frame(aligner->registrar, &pyramid, frame, found);
    pyramid_free(&pyramid);
}

const struct frame *aligner_reference(const struct aligner *aligner)
{
    return &aligner->header;
}

char *aligner_refusal(const struct aligner *aligner, const struct registration *found,
                      const char *else_try)
{
    const char *reference = aligner->header.name;
    switch (register_verdict(found)) {
    case REGISTER_GOOD:
        return NULL;
    case REGISTER_NO_BLOCKS:
        return alloc_printf("there is nothing in %s to register to: it is under 32x32 pixels, or "
                            "shows no detail.",
                            reference);
    case REGISTER_ELSEWHERE:
        return alloc_printf("only %.0f %% of %s lies within it (%.0f %% needed). Leave it out.",
                            100 * found->overlap, reference, 100 * REGISTER_LEAST_OVERLAP);
    case REGISTER_DISAGREES:
        break;
    }
    return alloc_printf("%.0f %% of its blocks agree with %s (%.0f %% needed), median NCC %.2f "
                        "(%.2f needed). If it is merely defocused try %s; otherwise leave it out.",
                        100 * found->share, reference, 100 * REGISTER_LEAST_SHARE, found->ncc,
                        REGISTER_LEAST_NCC, else_try);
}

void aligner_free(struct aligner *aligner)
{
    if (!aligner)
        return;
    register_close(aligner->registrar);
    pyramid_free(&aligner->pyramid);
    frame_free(&aligner->header);
    free(aligner);
}
