/* SPDX-License-Identifier: MIT */

#ifndef GNUPLOT_H
#define GNUPLOT_H

#include <stdio.h>

/*
 * A run of gnuplot that draws to a file or to standard output. The caller writes commands, and data
 * in here-documents, to gnuplot_stream(). No name of a file ever stands in a command.
 */
struct gnuplot;

/*
 * Starts gnuplot and sets the terminal by the ending of PATH, .pdf, .png or .svg; "-" draws as text
 * on standard output, in colours where that is a terminal. Another ending ends the program, and so
 * does gnuplot where it is not installed.
 */
struct gnuplot *gnuplot_open(const char *path);

FILE *gnuplot_stream(struct gnuplot *plot);

/* Ends the plot and frees PLOT; the file is there whole, or the program ends with an error. Text is
   in standard output's buffer, for the caller to flush and check. */
void gnuplot_close(struct gnuplot *plot);

/* Ends the program where PATH is no name that gnuplot_open() takes. */
void gnuplot_check_path(const char *path);

#endif
