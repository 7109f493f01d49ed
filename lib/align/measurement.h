/* SPDX-License-Identifier: MIT */

#ifndef MEASUREMENT_H
#define MEASUREMENT_H

#include <stdbool.h>

#include "block.h"
#include "transform.h"

/*
 * What the measured blocks of a level say about the parameters p of a model. Each block gives two
 * measurements, the components of its displacement d along the eigenvectors e of its normal matrix;
 * with J the model's Jacobian at the block's middle, e . d = e . J p + noise.
 *
 * If the subject has depth and the camera moved, no p fits all blocks. The one that counts is that
 * for the depth half-way between those in focus in the two frames: there the fused picture goes
 * over from one frame to the other. So each measurement has a vagueness, by which its misfit is
 * weighed,
 *
 *     I_median / I  (F_median / F)^5  (1 + (D / 0.05)^2)^(2 b)
 *
 * I is the block's information. F is the mean squared frequency of its detail, which blur lowers:
 * misfit counts less where detail is sharp, as the fused picture takes its detail there. D is 1 -
 * likeness NCC, less what is not seen. Half-way between the depths in focus both frames are blurred
 * alike, so there D is 0, apart from noise; elsewhere one of them is sharper.
 *
 * Where all of a plane is out of focus, D tells strong texture from faint and not depths. So b is
 * 0..1, by the evidence of depth: the eighth of the blocks with the least D is scattered about an
 * answer of its own less than the others are about theirs, by a factor of 1.3 to 2.3. F is that in
 * the reference if b is 0 and the smaller of those in both frames if it is 1, and between them
 * else.
 *
 * (Six made stacks with parallax: links between neighbours are wrong by 0.006 to 0.035 pixels in
 * the median, by 0.036 to 0.15 if F alone decides, and by 0.045 to 0.16 after SIFT and RANSAC.
 * Higher powers of F lose where everything is far out of focus.)
 */
struct measurement {
    double row[TRANSFORM_MAX_PARAMETERS]; /* e . J */
    double value;                         /* e . d, pixels */
    double variance;                      /* of its noise, pixels squared */
    double vagueness;
    double unlike; /* D */
    double weight; /* for measurements_fit(); 1 / variance at first */
    unsigned block;
    unsigned cell; /* of the image */
};

enum {
    MEASUREMENT_CELLS_ACROSS = 4, /* and down */
    MEASUREMENT_CELLS = MEASUREMENT_CELLS_ACROSS * MEASUREMENT_CELLS_ACROSS,
    MEASUREMENT_NO_CELL = MEASUREMENT_CELLS
};

/* The measurements of a block lie side by side. Coordinates are (x - cx) / unit and (y - cy) /
   unit, about -1..1, so that the normal matrix is well conditioned. */
struct measurements {
    enum transform_model model;
    unsigned parameters, count;
    double cx, cy, unit;
    struct measurement *rows;
    double *scratch; /* COUNT elements */
};

/* Which blocks a solution follows where not all agree. */
enum measurement_focus {
    MEASUREMENT_EVERYWHERE, /* all of the image: the vagueness is I's share alone */
    MEASUREMENT_HALF_WAY    /* those half-way between the depths in focus */
};

/* Makes two measurements of each of the COUNT measured blocks of a level of WIDTH x HEIGHT pixels
   that lie inside and have an NCC of at least 0.1. measurements_free() frees them. */
void measurements_make(struct measurements *measurements, enum transform_model model,
                       enum measurement_focus focus, const struct block *blocks, unsigned count,
                       unsigned width, unsigned height);
void measurements_free(struct measurements *measurements);

/* e . d - e . J p, in pixels. */
double measurement_residual(const struct measurements *measurements,
                            const struct measurement *measured, const double *p);

/* Weighted least squares over the measurements outside the cell LEFT_OUT; false if they do not
   determine P. */
bool measurements_fit(const struct measurements *measurements, unsigned left_out, double *p);

#endif
