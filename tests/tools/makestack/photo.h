/* SPDX-License-Identifier: MIT */

#ifndef PHOTO_H
#define PHOTO_H

#define PHOTO_LEVELS 6

/*
 * A photograph as the subject, at several blurs: planes of float one after the other, full scale 1.
 * Between two levels the blur is mixed from both, beyond the last it stays; outside its border the
 * photograph is mirrored.
 */
struct photo {
    int width, height;
    float scale, left, top;     /* photograph's pixel = scale * frame's pixel + left, top */
    float sigma[PHOTO_LEVELS];  /* photograph's pixels */
    float *level[PHOTO_LEVELS]; /* 3 planes of width * height */
};

/* Reads the PNM file NAME for frames of WIDTH x HEIGHT in its middle, with a tenth to spare; ends
   the program on failure. */
void photo_read(struct photo *photo, const char *name, unsigned width, unsigned height);

/* Frees what the photograph owns; an all-zero one is empty. */
void photo_free(struct photo *photo);

/* Adds to RGB the photograph at the frame's U, V through a blur of SIGMA pixels of the frame. */
void photo_at(const struct photo *p, float u, float v, float sigma, float rgb[3]);

#endif
