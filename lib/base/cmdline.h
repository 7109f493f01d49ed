/* SPDX-License-Identifier: MIT */

#ifndef CMDLINE_H
#define CMDLINE_H

#include <stdbool.h>

/*
 * The command line as Netpbm has it: -name=value, -name value, --name, options after operands, "--"
 * before operands that begin with a dash, and unambiguous abbreviations. Every program also has
 * -quiet, -help and -version. Each function ends the program with status 1 and a message if the
 * user's text is wrong; none reads a frame.
 */
struct option {
    const char *name;
    bool *flag;        /* set where the option is given; NULL for one that needs a value */
    const char **text; /* points at the value where it is given; NULL for a flag. With a flag too:
                          the value may be left out, and stands behind "=" */
};

/* An option that may be repeated. VALUES gets its values in their order, NULL behind the last; the
   array is the caller's to free. */
struct option_list {
    const char *name;
    const char ***values;
};

/*
 * Removes the COUNT options from the command line, which leaves the operands in ARGV from 1 on.
 * -help prints SYNOPSIS. Also starts messages and libnetpbm under the name PROGRAM, and opens
 * standard descriptors that are closed.
 */
void cmdline_parse(const char *program, const char *synopsis, const struct option *options,
                   unsigned count, int *argc, char **argv);

/* The same with LIST_COUNT options that may be repeated, too. */
void cmdline_parse_lists(const char *program, const char *synopsis, const struct option *options,
                         unsigned count, int *argc, char **argv, const struct option_list *lists,
                         unsigned list_count);

/* The same for a program that reads frames from standard input: its one list is that of -name=NAME,
   the names of frames, which cmdline_check_names() checks. */
void cmdline_parse_named(const char *program, const char *synopsis, const struct option *options,
                         unsigned count, int *argc, char **argv, const char ***names);

/* Ends the program if one of NAMES is empty, or if no frame can get it because standard input is
   not read. */
void cmdline_check_names(const char *const *names, char *const *operands, unsigned count);

/* The value TEXT of -OPTION as a whole number in MIN..MAX. */
unsigned cmdline_whole(const char *option, const char *text, unsigned min, unsigned max);

/* Its value as finite decimal numbers with commas between them, at most MOST; returns how many. */
unsigned cmdline_reals(const char *option, const char *text, double *values, unsigned most);

/* Its value as thresholds in levels (1/255 of full scale), each 0..255: one for all colours, or
   three. */
void cmdline_levels(const char *option, const char *text, double levels[3]);

/* A word and what it stands for. */
struct choice {
    const char *word;
    int value;
};

/* The value of the word TEXT in CHOICES, a list that a NULL word ends; OTHERWISE if TEXT is
   NULL. */
int cmdline_choice(const char *option, const char *text, const struct choice *choices,
                   int otherwise);

/* Whether standard input is read: there are no operands, or one of them is "-". */
bool cmdline_reads_stdin(char *const *operands, unsigned count);

/* Ends the program with status 1 if -OPTION is GIVEN; the message says "has no effect BECAUSE". */
void cmdline_without_effect(const char *option, bool given, const char *because);

#endif
