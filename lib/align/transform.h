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

/* What a transform may do besides shifting, in the order of their freedom. */
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

/* Whether T is finite and keeps a WIDTH x HEIGHT image's corners this side of infinity and its
   orientation, and does not fold it. */
bool transform_usable(const struct transform *t, unsigned width, unsigned height);

/*
 * The same map between images whose pixel i lies at i / FACTOR of the images that T is between; by
 * 1 / FACTOR it leads back.
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

/* Root of the mean squared displacement, in pixels, by the parameters H over a 9x9 grid that spans
   the image; and of its deviation, where their covariance is C. */
double transform_rms(const double h[TRANSFORM_MAX_PARAMETERS], unsigned width, unsigned height);
double transform_rms_deviation(double c[TRANSFORM_MAX_PARAMETERS][TRANSFORM_MAX_PARAMETERS],
                               unsigned width, unsigned height);

/* The similarity that T is, if its elements differ from one's by no more than moves a corner of a
   WIDTH x HEIGHT image by TOLERANCE pixels; else T. */
struct transform transform_similar(const struct transform *t, unsigned width, unsigned height,
                                   double tolerance);

/* The whole-pixel shift that T is, if it is within TOLERANCE pixels of one at all corners of a
   WIDTH x HEIGHT image; else T. */
struct transform transform_whole(const struct transform *t, unsigned width, unsigned height,
                                 double tolerance);

/* Root of the mean squared distance between what A and B do to the points of a 9x9 grid that
   spans a WIDTH x HEIGHT image; infinite if one of them takes a point to infinity. */
double transform_distance(const struct transform *a, const struct transform *b, unsigned width,
                          unsigned height);

#endif
