/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netpbm/pm.h>
#include <netpbm/shhopt.h>

#include "alloc.h"
#include "cmdline.h"
#include "descriptors.h"
#include "message.h"

/* The options that every program has, after its own. */
enum { QUIET, HELP, VERSION, PLAIN, COMMON };

static void check_printed(void)
{
    if (fflush(stdout) != 0)
        message_error("standard output could not be written: %s", strerror(errno));
}

static _Noreturn void print_version(const char *program)
{
    const char *argv[] = {program, "-version", NULL};
    int argc = 2;
    printf("%s: stackpbm %s\n", program, STACKPBM_VERSION);
    check_printed();
    pm_proginit(&argc, argv); /* prints libnetpbm's version and exits */
    exit(EXIT_SUCCESS);
}

static const struct option *find_option(const struct option *options, unsigned count,
                                        const char *name, size_t length)
{
    const struct option *found = NULL;
    for (unsigned i = 0; i < count; i++) {
        if (strncmp(options[i].name, name, length) != 0)
            continue;
        if (options[i].name[length] == '\0')
            return &options[i];
        if (found)
            message_error("-%.*s may mean -%s or -%s: give more letters", (int)length, name,
                          found->name, options[i].name);
        found = &options[i];
    }
    return found;
}

/* Adds VALUE to a list of values with room for it. */
static void list_value(const char **values, const char *value)
{
    while (*values)
        values++;
    *values = value;
}

/*
 * Refuses an abbreviation that matches several options, where shhopt takes the first. Skips the
 * values of options as shhopt does. Does what shhopt does not know: lists all values of an option
 * that may be repeated, of which shhopt keeps the last, and takes a value that may be left out off
 * the option, which is a flag for shhopt.
 */
static void look_through(const struct option *options, unsigned count, int argc, char **argv,
                         const struct option_list *lists, unsigned list_count)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0')
            continue;
        char *name = argv[i] + (argv[i][1] == '-' ? 2 : 1);
        size_t length = strcspn(name, "=");
        const struct option *option = find_option(options, count, name, length);
        if (!option || !option->text)
            continue;
        bool here = name[length] == '=';
        if (option->flag && here) {
            name[length] = '\0';
            *option->text = name + length + 1;
        }
        if (option->flag)
            continue;
        const char *value = here ? name + length + 1 : argv[++i];
        for (unsigned k = 0; k < list_count; k++)
            if (strcmp(option->name, lists[k].name) == 0)
                list_value(*lists[k].values, value);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct option *)a)->name, ((const struct option *)b)->name);
}

/* Runs libnetpbm's parser over OPTIONS. They are sorted, so that a name comes before all longer
   names that begin with it, and wins when given in full. */
static void run_shhopt(const struct option *options, unsigned count, int *argc, char **argv)
{
    optEntry *table = alloc_zeroed(count + 1, sizeof *table);
    unsigned int *flags = alloc_zeroed(count, sizeof *flags);
    char **texts = alloc_zeroed(count, sizeof *texts);
    for (unsigned i = 0; i < count; i++) {
        table[i].longName = options[i].name;
        table[i].type = options[i].flag ? OPT_FLAG : OPT_STRING;
        table[i].arg = options[i].flag ? (void *)&flags[i] : (void *)&texts[i];
    }
    table[count].type = OPT_END;
    optStruct3 parser = {.short_allowed = 0, .allowNegNum = 0, .opt_table = table};

    pm_optSetFatalFunc(message_error);
    errno = 0;
    pm_optParseOptions3(argc, argv, parser, sizeof parser, 0);
    for (unsigned i = 0; i < count; i++) {
        if (options[i].flag)
            *options[i].flag = flags[i] != 0;
        else
            *options[i].text = texts[i];
    }
    free(table);
    free(flags);
    free(texts);
}

void cmdline_parse_lists(const char *program, const char *synopsis, const struct option *options,
                         unsigned count, int *argc, char **argv, const struct option_list *lists,
                         unsigned list_count)
{
    descriptors_fill_standard();
    message_start(program);
    alloc_return_large();
    bool common[COMMON] = {false};
    const char *last; /* of a list's values, all of which look_through() lists */
    unsigned total = count + COMMON;
    struct option *all = alloc_array(total + list_count, sizeof *all);
    memcpy(all, options, count * sizeof *all);
    all[count + QUIET] = (struct option){"quiet", &common[QUIET], NULL};
    all[count + HELP] = (struct option){"help", &common[HELP], NULL};
    all[count + VERSION] = (struct option){"version", &common[VERSION], NULL};
    /* Netpbm's programs take it, and ignore it where they write PAM, as ours do. */
    all[count + PLAIN] = (struct option){"plain", &common[PLAIN], NULL};
    for (unsigned i = 0; i < list_count; i++) {
        *lists[i].values = alloc_zeroed((size_t)*argc + 1, sizeof **lists[i].values);
        all[total++] = (struct option){lists[i].name, NULL, &last};
    }
    for (unsigned i = 0; i < total; i++)
        if (all[i].text)
            *all[i].text = NULL;
    qsort(all, total, sizeof *all, by_name);

    look_through(all, total, *argc, argv, lists, list_count);
    run_shhopt(all, total, argc, argv);
    free(all);
    if (common[HELP]) {
        printf("usage: %s\nThe manual page %s(1) says more.\n", synopsis, program);
        check_printed();
        exit(EXIT_SUCCESS);
    }
    if (common[VERSION])
        print_version(program);
    if (common[QUIET])
        message_silence();
}

void cmdline_parse(const char *program, const char *synopsis, const struct option *options,
                   unsigned count, int *argc, char **argv)
{
    cmdline_parse_lists(program, synopsis, options, count, argc, argv, NULL, 0);
}

void cmdline_parse_named(const char *program, const char *synopsis, const struct option *options,
                         unsigned count, int *argc, char **argv, const char ***names)
{
    const struct option_list list = {"name", names};
    cmdline_parse_lists(program, synopsis, options, count, argc, argv, &list, 1);
    cmdline_check_names(*names, argv + 1, (unsigned)*argc - 1);
}

void cmdline_check_names(const char *const *names, char *const *operands, unsigned count)
{
    for (unsigned i = 0; names[i]; i++)
        if (names[i][0] == '\0')
            message_error("-name: the name is empty");
    cmdline_without_effect("name", names[0] && !cmdline_reads_stdin(operands, count),
                           "on files, which name their frames");
}

unsigned cmdline_whole(const char *option, const char *text, unsigned min, unsigned max)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end)
        message_error("-%s=%s: a whole number from %u to %u is needed", option, text, min, max);
    if (errno || value < min || value > max)
        message_error("-%s=%s is outside its range, %u to %u", option, text, min, max);
    return (unsigned)value;
}

unsigned cmdline_reals(const char *option, const char *text, double *values, unsigned most)
{
    unsigned count = 0;
    for (const char *at = text;; at++) {
        char *end;
        if (count == most)
            message_error("-%s=%s: at most %u numbers are wanted", option, text, most);
        double value = strtod(at, &end);
        bool decimal = strspn(at, "+-.0123456789eE") >= (size_t)(end - at);
        if (end == at || !decimal || !isfinite(value) || (*end && *end != ','))
            message_error("-%s=%s: a number is needed at \"%s\"; several have commas between them",
                          option, text, at);
        values[count++] = value;
        if (!*end)
            return count;
        at = end;
    }
}

void cmdline_levels(const char *option, const char *text, double levels[3])
{
    unsigned count = cmdline_reals(option, text, levels, 3);
    if (count == 2)
        message_error("-%s=%s: one threshold for all colours is needed, or three", option, text);
    for (unsigned c = 0; c < 3; c++) {
        if (count == 1)
            levels[c] = levels[0];
        if (levels[c] < 0 || levels[c] > 255)
            message_error("-%s=%s: a threshold is in levels, 0 to 255", option, text);
    }
}

int cmdline_choice(const char *option, const char *text, const struct choice *choices,
                   int otherwise)
{
    if (!text)
        return otherwise;
    char *list = alloc_string("");
    for (const struct choice *choice = choices; choice->word; choice++) {
        if (strcmp(text, choice->word) == 0) {
            free(list);
            return choice->value;
        }
        char *longer = alloc_printf("%s%s%s", list, choice > choices ? ", " : "", choice->word);
        free(list);
        list = longer;
    }
    message_error("-%s=%s: one of these words is needed: %s", option, text, list);
}

bool cmdline_reads_stdin(char *const *operands, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(operands[i], "-") == 0)
            return true;
    return count == 0;
}

void cmdline_without_effect(const char *option, bool given, const char *because)
{
    if (given)
        message_error("-%s has no effect %s: leave it out", option, because);
}
