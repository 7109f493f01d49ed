/* SPDX-License-Identifier: MIT */

#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

/*
 * Opens what is closed of standard input, output and error, so that no file gets its number and
 * takes in messages or images: as /dev/null, the wrong way round, so that reading or writing fails.
 * To be called before any file is opened.
 */
void descriptors_fill_standard(void);

#endif
