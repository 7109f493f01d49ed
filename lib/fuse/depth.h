/* SPDX-License-Identifier: MIT */

#ifndef DEPTH_H
#define DEPTH_H

#include "image.h"

/*
 * Which frames are sharp at each pixel of a level of the pyramid, in numbers of frames, collected
 * frame by frame. At a pixel the energy rises and falls with the distance from the focus, once for
 * each thing that is seen there, and near an outline that is more than one. So the three highest
 * peaks of the energy over the frames are kept. Between frames a peak lies at the vertex of the
 * parabola through the logarithms of three energies, that of the peak and its neighbours' (shape
 * from focus: Nayar and Nakagawa, IEEE PAMI 16, 1994, whose Gaussian that is).
 */
struct depth;

enum { DEPTH_PEAKS = 3 };

/* For a level of WIDTH x HEIGHT. The caller ends it with depth_free(). */
struct depth *depth_new(unsigned width, unsigned height);
void depth_free(struct depth *depth);

/* The bytes that it takes. */
double depth_bytes(unsigned width, unsigned height);

/* The next frame has this ENERGY and OPACITY in row ROW; where it is less than half opaque its
   energy counts a twentieth. WORK is room for a row. Frame INDEX, which goes up, was added. */
void depth_add_row(struct depth *depth, unsigned row, const float *energy, const float *opacity,
                   float *work);
void depth_added(struct depth *depth, unsigned index);

/* All frames were added. */
void depth_end(struct depth *depth);

/* What is known of row ROW: the positions of the highest peak, the second and the third, in numbers
   of frames; how far the energy is above its mean over the frames there, as a difference of natural
   logarithms, -HUGE_VALF where there is no such peak. */
const float *depth_position(const struct depth *depth, unsigned peak, unsigned row);
void depth_height(const struct depth *depth, unsigned peak, unsigned row, float *height);

#endif
