/* SPDX-License-Identifier: MIT */

#ifndef HALVING_H
#define HALVING_H

#include <stdbool.h>

#include "image.h"
#include "rolling.h"

/*
 * The steps of a Gaussian pyramid (Burt and Adelson, The Laplacian Pyramid as a Compact Image Code,
 * 1983), with the binomial kernel w = [1 4 6 4 1]/16 in each direction, borders mirrored without
 * repeating the edge. Sample i of a level lies at sample 2 i of the next finer one.
 *
 *     halving:   coarse[i] = sum over k = -2..2 of w[k] fine[2 i + k],  of n samples (n + 1)/2
 *     doubling:  fine[i] = 2 sum over k of w[k] z[i + k],  z[2 j] = coarse[j], z = 0 between,
 *                so 1 6 1 /8 of the coarse samples at even i and 4 4 /8 at odd
 *
 * Halving takes the fine image row by row and holds five rows of it. The rows FIRST..END-1 of the
 * coarse image need the fine ones from 2 FIRST - 2 to 2 END, as far as there are any:
 *
 *     halving_begin(&halving, &coarse, first, end);
 *     while (halving_wants(&halving)) {
 *         fill(halving_next(&halving), halving.fine.got);
 *         halving_push(&halving);
 *     }
 */
struct halving {
    unsigned width, planes; /* of the fine image */
    struct rolling fine;
    unsigned made, end;         /* the next row of the coarse image, and behind the last one */
    const struct image *coarse; /* where they go; not owned */
    float *sum;                 /* a padded row */
};

/* For fine images of that geometry. */
void halving_alloc(struct halving *halving, unsigned width, unsigned height, unsigned planes);
void halving_free(struct halving *halving);

/* Begins an image whose half goes to COARSE, as many planes of half the size: its rows FIRST to
   END-1. */
void halving_begin(struct halving *halving, const struct image *coarse, unsigned first,
                   unsigned end);

/* Whether those rows need one more. */
bool halving_wants(const struct halving *halving);

/* Where the next fine row is to be put: plane after plane; and that it is there. */
float *halving_next(const struct halving *halving);
void halving_push(struct halving *halving);

/* Halves FINE, of the geometry that halving is for, to the rows FIRST..END-1 of COARSE. */
void halving_band(struct halving *halving, const struct image *fine, const struct image *coarse,
                  unsigned first, unsigned end);

/* Half of N samples. */
unsigned halving_size(unsigned n);

/* Row ROW of the doubled image, WIDTH x HEIGHT, of the first PLANES planes of COARSE, to OUT, which
   has room for one sample more. WORK has room for a row of COARSE and two samples. */
void doubling_row(const struct image *coarse, unsigned planes, unsigned width, unsigned height,
                  unsigned row, float *work, float *out);

#endif
