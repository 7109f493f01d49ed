/* SPDX-License-Identifier: MIT */

#ifndef RELIGHT_H
#define RELIGHT_H

#include "color.h"
#include "frame.h"

/*
 * A change of light, made ready for the rows of frames of one geometry: each channel goes through
 * its curve of top + 1 values in steps; lumi's goes over R, G and B. Results are rounded half up
 * and clipped; opacity stays. A few rows at a time, changed and written, stay in the cache on the
 * way.
 */
struct relight;

/* For rows of FRAME; the curves must outlive what it returns, which relight_free() frees. */
struct relight *relight_open(enum color_space space, double *const curves[COLOR_CHANNELS_MAX],
                             const struct frame *frame);

/* Changes the COUNT rows at ROWS, in place. */
void relight_rows(const struct relight *relight, const struct frame *frame, unsigned char *rows,
                  unsigned count);

void relight_free(struct relight *relight);

#endif
