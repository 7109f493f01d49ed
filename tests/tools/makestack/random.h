/* SPDX-License-Identifier: MIT */

#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

/*
 * Random numbers from a hash, so that each can be computed without those before it: a sequence
 * begins with STATE = random_hash(seed, number of the purpose), and each call advances it by one.
 * The numbers are the same on every machine.
 */

/* A number in which every bit depends on all bits of A and B. */
uint64_t random_hash(uint64_t a, uint64_t b);

/* Uniform between MIN and MAX. */
float random_in(uint64_t *state, float min, float max);

/* A whole number from 0 to N - 1; N is at least 1. */
unsigned random_below(uint64_t *state, unsigned n);

/* Of either sign, its size between MIN and MAX. */
float random_signed(uint64_t *state, float min, float max);

/* Close to Gaussian with standard deviation 1: the sum of four uniform numbers. */
float random_normal(uint64_t *state);

/* Gaussian with standard deviation 1, its tails too. */
double random_gaussian(uint64_t *state);

#endif
