/* SPDX-License-Identifier: MIT */

#ifndef RELIGHT_H
#define RELIGHT_H

#include "color.h"
#include "frame.h"

/*
 * A change of light, prepared for the rows of frames of one geometry: each channel goes through its
 * curve of top + 1 values in steps; the curve of lumi changes R, G and B. Results are rounded half
 * up and clipped; opacity stays. Change and write a few rows at a time, so that they stay in the
 * cache.
 */
struct relight;

/* For rows of FRAME; the curves must outlive the result, which relight_free() frees. */
struct relight *relight_open(enum color_space space, double *const curves[COLOR_CHANNELS_MAX],
                             const struct frame *frame);

/* Changes the COUNT rows at ROWS, in place. */
void relight_rows(const struct relight *relight, const struct frame *frame, unsigned char *rows,
                  unsigned count);

void relight_free(struct relight *relight);

#endif
