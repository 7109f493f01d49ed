/* SPDX-License-Identifier: MIT */

#ifndef CMDLINE_H
#define CMDLINE_H

#include <stdbool.h>

/*
 * The command line as Netpbm has it: -name=value, -name value, --name, options after operands,
 * "--" before operands that begin with a dash, and unambiguous abbreviations. Every program also
 * has -quiet, -help and -version. All functions end the program with status 1 and a message where
 * the user's text is wrong, and none of them touches a frame.
 */
struct option {
    const char *name;
    bool *flag;        /* set where the option is given; NULL for one that takes a value */
    const char **text; /* points at the value where it is given; NULL for a flag */
};

/*
 * Takes the COUNT options out of the command line; what stays in ARGV from 1 on are the operands.
 * SYNOPSIS is what -help prints. Also starts messages and libnetpbm under the name PROGRAM, and
 * opens the standard descriptors that are closed.
 */
void cmdline_parse(const char *program, const char *synopsis, const struct option *options,
                   unsigned count, int *argc, char **argv);

/* The value TEXT of -OPTION as a whole number in MIN..MAX. */
unsigned cmdline_whole(const char *option, const char *text, unsigned min, unsigned max);

/* As finite decimal numbers with commas between them, at most MOST; returns how many. */
unsigned cmdline_reals(const char *option, const char *text, double *values, unsigned most);

/* As thresholds in levels (1/255 of full scale), each 0..255: one for all colours, or three. */
void cmdline_levels(const char *option, const char *text, double levels[3]);

/* A word and what it stands for. */
struct choice {
    const char *word;
    int value;
};

/* As one of the words of CHOICES, which end with a NULL: its value; where TEXT is NULL, OTHERWISE.
 */
int cmdline_choice(const char *option, const char *text, const struct choice *choices,
                   int otherwise);

/* Whether standard input is read: there are no operands, or one of them is "-". */
bool cmdline_reads_stdin(char *const *operands, unsigned count);

/* Refuses a -name=NAME that names nothing: without standard input among the operands, or empty. */
void cmdline_name(const char *name, char *const *operands, unsigned count);

/* Ends the program with status 1 where -OPTION is GIVEN: it has no effect BECAUSE ... */
void cmdline_without_effect(const char *option, bool given, const char *because);

#endif
