/* SPDX-License-Identifier: MIT */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the fuzz targets share. libFuzzer calls a target's LLVMFuzzerTestOneInput() with one input
 * after the other in one process. Where the library would end the program because of its input,
 * only the run ends here.
 */

/* Runs WORK(ARGUMENT). Returns whether it returned; false if it ended the program, and then frees
   its memory and closes its files. */
bool fuzz_run(void (*work)(void *argument), void *argument);

/* The path of a regular file of COUNT BYTES, which the next call overwrites. */
const char *fuzz_file(const void *bytes, size_t count);

/* Corrects the checksums of the PNG of COUNT BYTES, so that the code behind them is reached. */
void fuzz_mend_png(uint8_t *bytes, size_t count);

#endif
