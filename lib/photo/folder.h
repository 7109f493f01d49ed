/* SPDX-License-Identifier: MIT */

#ifndef FOLDER_H
#define FOLDER_H

/*
 * The photographs of a directory: its files whose content is that of a photograph, readable or not,
 * in the natural order of their names, where numbers count by their value: img_8 before img_13.
 * Files whose names begin with a dot are left out silently; of the others, and of directories
 * below, which are not entered, one message tells. Of a raw file and a JPEG of one name, as cameras
 * write them together, the raw file is taken, with a message.
 */
struct folder {
    char **paths; /* owned */
    unsigned count;
};

/* Lists the directory PATH. Ends the program with a message if it cannot be read, holds no
   photograph, or holds other two of one name: two frames would have it. */
void folder_list(const char *path, struct folder *folder);

/* The COUNT operands of a program, directories replaced by what is in them; none are "-". */
void folder_collect(char *const *operands, unsigned count, struct folder *all);
void folder_free(struct folder *folder);

/* The natural order of A and B: less than 0, 0 or more, as strcmp(). */
int folder_compare(const char *a, const char *b);

#endif
