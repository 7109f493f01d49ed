/* SPDX-License-Identifier: MIT */

#ifndef DISC_H
#define DISC_H

/*
 * What a lens does to a plane out of focus: OUT is IN, WIDTH x HEIGHT, averaged over discs of
 * RADIUS pixels around each pixel; outside the border the edge is repeated. The rim of the disc is
 * smooth, so that radii between whole pixels differ as they should; under 0.3 nothing changes.
 */
void disc_blur(const float *in, float *out, int width, int height, float radius);

#endif
