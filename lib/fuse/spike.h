/* SPDX-License-Identifier: MIT */

#ifndef SPIKE_H
#define SPIKE_H

/*
 * Hot pixels that were left, told from detail. A spike is by how much a sample lies outside the
 * range of the ring around it: see ring.h. As hot pixels are of one colour, and detail mostly of
 * all, spikes are divided:
 *
 *     s       a colour's spike: its sample less the sample clipped to its ring's range
 *     shared  what the colours' spikes have in common: the least of them, 0 where signs differ
 *     own     s - shared
 *     room    2 times the least range of the colours' rings, 0.5 times that in gray, at most 50
 *
 *     calm    clipped + shared where that is within the room, fading to clipped at twice the room
 *     kept    clipped + shared + own / (1 + (the largest own / 26)^8)
 *     trust   1 / (1 + (the largest s / 24)^4), at least 1/64; in gray s / 8, at least 1/512
 *
 * in levels of 255. In gray, where all is shared, kept is the frame.
 */

/* Of a row of COLORS, in levels, and its rings from LOW to HIGH, PLANES (1 or 3) of WIDTH samples
   one after the other: CALM and KEPT as many, and TRUST of the WIDTH pixels. */
void spike_divide(const float *colors, const float *low, const float *high, unsigned planes,
                  unsigned width, float *calm, float *kept, float *trust);

#endif
