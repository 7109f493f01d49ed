/* SPDX-License-Identifier: MIT */

#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

/*
 * Opens /dev/null in place of standard input, output and error where they are closed, so that no
 * other file gets their numbers and receives messages or images. Input is opened for writing and
 * the others for reading, so that using them fails. Call this before opening any file.
 */
void descriptors_fill_standard(void);

#endif
