/* SPDX-License-Identifier: MIT */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the fuzz targets share. A target is libFuzzer's LLVMFuzzerTestOneInput(): it is called with
 * one input after the other in one process. The library ends the program where its input is at
 * fault; here that ends the run alone.
 */

/* Runs WORK(ARGUMENT). Returns whether it came to its end; false where it ended the program, and
   then all that it had allocated is freed and its files are closed. */
bool fuzz_run(void (*work)(void *argument), void *argument);

/* The path of a regular file of COUNT BYTES, which the next call overwrites. */
const char *fuzz_file(const void *bytes, size_t count);

#endif
