/*
 * growingfile - read a frame whose file grows meanwhile, for tests
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: growingfile FILE
 *
 * Reads the first row of the frame in FILE, appends a byte to the file, and reads the second row.
 */

#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "rowfiles.h"

int main(int argc, char **argv)
{
    struct rowfiles *files = rowfiles_open(argv + 1, (unsigned)argc - 1);
    if (!files)
        return EXIT_FAILURE;
    unsigned char *row = alloc_array(1, frame_row_bytes(rowfiles_geometry(files)));
    rowfiles_rows(files, 0, 0, 1, row);
    FILE *file = fopen(argv[1], "a");
    if (!file || putc('\n', file) == EOF || fclose(file) != 0)
        return EXIT_FAILURE;
    rowfiles_rows(files, 0, 1, 1, row);
    free(row);
    rowfiles_free(files);
    return EXIT_SUCCESS;
}
