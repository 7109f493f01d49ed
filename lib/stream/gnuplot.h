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
 * A plot whose terminal is set by the ending of PATH, .pdf, .png or .svg; "-" draws as text on
 * standard output, in colours where that is a terminal. Another ending ends the program.
 */
struct gnuplot *gnuplot_open(const char *path);

FILE *gnuplot_stream(struct gnuplot *plot);

/* Runs gnuplot over what was written there. The drawing is complete then, or the program ends with
   an error. */
void gnuplot_draw(struct gnuplot *plot);

/* Puts the file in place and frees PLOT. */
void gnuplot_close(struct gnuplot *plot);

/* Ends the program where PATH is no name that gnuplot_open() takes. */
void gnuplot_check_path(const char *path);

#endif
