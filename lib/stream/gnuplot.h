/* SPDX-License-Identifier: MIT */

#ifndef GNUPLOT_H
#define GNUPLOT_H

#include <stdio.h>

/*
 * A run of gnuplot that draws to a file or to standard output. The caller writes commands, and data
 * in here-documents, to gnuplot_stream(). No command contains a file name.
 */
struct gnuplot;

/*
 * Starts a plot in the format that the ending of PATH names, .pdf, .png or .svg; "-" draws as text
 * on standard output, in colours if that is a terminal. Ends the program for other endings.
 */
struct gnuplot *gnuplot_open(const char *path);

FILE *gnuplot_stream(struct gnuplot *plot);

/* Runs gnuplot over the commands. Ends the program unless the drawing is complete. */
void gnuplot_draw(struct gnuplot *plot);

/* Puts the file in place and frees PLOT. */
void gnuplot_close(struct gnuplot *plot);

/* Ends the program if gnuplot_open() does not take PATH. */
void gnuplot_check_path(const char *path);

#endif
