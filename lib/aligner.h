/* SPDX-License-Identifier: MIT */

#ifndef ALIGNER_H
#define ALIGNER_H

#include <stdbool.h>

#include "frame.h"
#include "register.h"
#include "transform.h"

/*
 * Registers whole frames to one reference, of whose raster nothing needs to be kept: of it the
 * aligner holds a gray pyramid and a digest. A frame that equals the reference sample by sample is
 * seen to do so, and has the identity without any estimate.
 */
struct aligner;

/* The caller frees it. */
struct aligner *aligner_open(const struct frame *reference, enum transform_model model);

/* Whether FRAME has the reference's width, height, depth and maxval, as it must have here: */
bool aligner_fits(const struct aligner *aligner, const struct frame *frame);
void aligner_register(const struct aligner *aligner, const struct frame *frame,
                      struct registration *found);

/* The reference's geometry and name; no raster. */
const struct frame *aligner_reference(const struct aligner *aligner);

/* Why FOUND cannot be trusted, with its figures, for a message; ELSE_TRY is what may help a frame
   that is merely defocused. The caller frees it; NULL where FOUND can be trusted. */
char *aligner_refusal(const struct aligner *aligner, const struct registration *found,
                      const char *else_try);

void aligner_free(struct aligner *aligner);

#endif
