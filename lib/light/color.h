/* SPDX-License-Identifier: MIT */

#ifndef COLOR_H
#define COLOR_H

#include <stdint.h>

/*
 * The channels in which the light of an image is measured and changed. Of samples R, G, B in
 * 0..maxval, with max and min the largest and smallest of the three and C = max - min:
 *
 *     gray   the one sample
 *     lumi   luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded half up
 *     rgb    R, G and B
 *     hsv    S = C / max and V = max (A. R. Smith, Color gamut transform pairs, 1978)
 *     hls    L = (max + min) / 2 and S = C / min(2 L, 2 maxval - 2 L) (G. H. Joblove and
 *            D. Greenberg, Color spaces for computer graphics, 1978)
 *
 * A channel's values are whole steps from 0 to its top, which stands for full scale: maxval for
 * samples, luma and V; 2 maxval for L, which makes L exact; COLOR_SATURATION_TOP for S.
 */
enum color_space { COLOR_GRAY, COLOR_LUMI, COLOR_RGB, COLOR_HSV, COLOR_HLS };

enum { COLOR_CHANNELS_MAX = 3, COLOR_SATURATION_TOP = 65535 };

/* The number of channels measured, the name of channel I, and its top. */
unsigned color_channels(enum color_space space);
const char *color_channel_name(enum color_space space, unsigned i);
unsigned color_top(enum color_space space, unsigned i, unsigned maxval);

/* Computes the values of channel I of lumi, hsv or hls for COUNT pixels of DEPTH samples each. The
   channels of the other spaces are the samples themselves. */
void color_values(enum color_space space, unsigned i, const uint16_t *samples, unsigned depth,
                  unsigned count, unsigned maxval, uint32_t *values);

/*
 * Changes S and V (hsv), or L and S (hls), of COUNT pixels in place, in floating point; hue stays.
 * LIGHT is the curve of V or L, from steps to steps, not rounded; RATIO, by steps of S, is the
 * factor for S. The result is rounded half up and clipped. Samples after the three colours stay.
 */
void color_change(enum color_space space, uint16_t *samples, unsigned depth, unsigned count,
                  unsigned maxval, const double *light, const double *ratio);

#endif
