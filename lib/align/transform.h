/* SPDX-License-Identifier: MIT */

#ifndef TRANSFORM_H
#define TRANSFORM_H

#include <stdbool.h>

/*
 * Plane projective transforms: row-major 3x3 matrices that take the pixel coordinates of one image
 * to those of another. Pixel centres lie at whole numbers, the first one at (0, 0), y runs down.
 * A transform is kept with m[2][2] = 1.
 */
struct transform {
    double m[3][3];
};

/* What a transform may do, in order of increasing freedom. */
enum transform_model {
    TRANSFORM_SHIFT,      /* 2 parameters */
    TRANSFORM_SIMILARITY, /* 4: shift, rotation, one scale */
    TRANSFORM_AFFINE,     /* 6 */
    TRANSFORM_HOMOGRAPHY  /* 8 */
};

enum { TRANSFORM_MAX_PARAMETERS = 8 };

/* The number of parameters of MODEL. */
unsigned transform_parameters(enum transform_model model);

struct transform transform_identity(void);
struct transform transform_shift(double dx, double dy);

/* Rotation by ANGLE (radians, from x to y) and magnification by SCALE about the point X, Y, which
   is then shifted by DX, DY. */
struct transform transform_similarity(double angle, double scale, double x, double y, double dx,
                                      double dy);

/* Where T takes the point X, Y. False where that is at or beyond infinity. */
bool transform_point(const struct transform *t, double x, double y, double *u, double *v);

/* First B, then A. */
struct transform transform_compose(const struct transform *a, const struct transform *b);

/* False if T is singular or not finite. */
bool transform_invert(const struct transform *t, struct transform *inverse);

/* Whether T is finite, keeps the corners of a WIDTH x HEIGHT image this side of infinity, and
   neither mirrors nor folds it. */
bool transform_usable(const struct transform *t, unsigned width, unsigned height);

/*
 * T between images enlarged by FACTOR: their pixel i lies at i / FACTOR of the images that T maps.
 * 1 / FACTOR undoes it.
 */
struct transform transform_finer(const struct transform *t, double factor);

/*
 * The displacement of X, Y by small parameters is linear in them: dx = p . jx, dy = p . jy. Writes
 * the rows JX and JY of transform_parameters(MODEL) elements.
 */
void transform_jacobian(enum transform_model model, double x, double y, double *jx, double *jy);

/*
 * The parameters of a small homography as displacements, in pixels, of an image of WIDTH x HEIGHT
 * pixels: x and y of transform_jacobian() are counted from the image's middle, in units of half its
 * longer side, and a parameter of 1 displaces by 1 pixel where its element of the Jacobian is 1.
 */
struct transform transform_from_parameters(const double h[TRANSFORM_MAX_PARAMETERS], unsigned width,
                                           unsigned height);
void transform_to_parameters(const struct transform *t, unsigned width, unsigned height,
                             double h[TRANSFORM_MAX_PARAMETERS]);

/* The parameters P of MODEL as those of a homography. */
void transform_embed(enum transform_model model, const double *p,
                     double h[TRANSFORM_MAX_PARAMETERS]);

/* The RMS displacement, in pixels, by the parameters H over a 9x9 grid that spans the image; and
   its RMS deviation, for parameters of covariance COV. */
double transform_rms(const double h[TRANSFORM_MAX_PARAMETERS], unsigned width, unsigned height);
double transform_rms_deviation(double cov[TRANSFORM_MAX_PARAMETERS][TRANSFORM_MAX_PARAMETERS],
                               unsigned width, unsigned height);

/* T made an exact similarity, if its elements differ from one's by no more than moves a corner of a
   WIDTH x HEIGHT image by TOLERANCE pixels; else T. */
struct transform transform_similar(const struct transform *t, unsigned width, unsigned height,
                                   double tolerance);

/* The similarity that takes the middle of a WIDTH x HEIGHT image to where T takes it, and rotates
   and magnifies as T does there. T is usable. */
struct transform transform_similarity_of(const struct transform *t, unsigned width,
                                         unsigned height);

/* T made a whole-pixel shift, if it is within TOLERANCE pixels of one at all corners of a WIDTH x
   HEIGHT image; else T. */
struct transform transform_whole(const struct transform *t, unsigned width, unsigned height,
                                 double tolerance);

/* The RMS distance between where A and B take the points of a 9x9 grid that spans a WIDTH x HEIGHT
   image; infinite if one of them takes a point to infinity. */
double transform_distance(const struct transform *a, const struct transform *b, unsigned width,
                          unsigned height);

#endif
