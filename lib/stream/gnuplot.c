/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netpbm/pm.h>

#include "alloc.h"
#include "gnuplot.h"
#include "tempfile.h"

extern char **environ;

struct gnuplot {
    struct tempfile *file; /* NULL: a drawing for standard output */
    FILE *drawing;         /* that drawing, until it is complete; else NULL */
    FILE *stream;
    pid_t process;
};

/* As wide as the terminal, and no higher; 100 by 30 characters where there is none. */
static char *text_terminal(void)
{
    enum { COLUMNS = 100, COLUMNS_MIN = 40, ROWS = 30, ROWS_MIN = 12 };
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return alloc_printf("dumb mono size %d,%d", COLUMNS, ROWS);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < COLUMNS_MIN ||
        size.ws_row < ROWS_MIN)
        return alloc_printf("dumb ansi size %d,%d", COLUMNS, ROWS);
    return alloc_printf("dumb ansi size %d,%d", size.ws_col,
                        size.ws_row > ROWS ? ROWS : size.ws_row - 1);
}

/* What gnuplot calls the terminal for a plot at PATH, or NULL; the caller frees it. */
static char *terminal_of(const char *path)
{
    static const struct {
        const char *ending, *terminal;
    } terminals[] = {
        {".pdf", "pdfcairo size 16cm,10cm"},
        {".png", "pngcairo size 1000,625"},
        {".svg", "svg size 1000,625 background '#ffffff'"},
    };
    if (strcmp(path, "-") == 0)
        return text_terminal();
    const char *dot = strrchr(path, '.');
    for (unsigned i = 0; dot && i < sizeof terminals / sizeof terminals[0]; i++)
        if (strcmp(dot, terminals[i].ending) == 0)
            return alloc_string(terminals[i].terminal);
    return NULL;
}

void gnuplot_check_path(const char *path)
{
    char *terminal = terminal_of(path);
    if (!terminal)
        pm_error("%s: a plot's name ends in .pdf, .png or .svg; \"-\" draws it as text", path);
    free(terminal);
}

/* Runs gnuplot with INPUT as its standard input and OUTPUT as its standard output. */
static pid_t start(int input, int output)
{
    char *argv[] = {(char[]){"gnuplot"}, NULL};
    posix_spawn_file_actions_t actions;
    pid_t process;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    int error = posix_spawnp(&process, "gnuplot", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT)
        pm_error("gnuplot is not installed, so the plot cannot be drawn (Debian's package: "
                 "gnuplot-nox)");
    if (error)
        pm_error("gnuplot cannot be started: %s", strerror(error));
    return process;
}

struct gnuplot *gnuplot_open(const char *path)
{
    gnuplot_check_path(path);
    struct gnuplot *plot = alloc_zeroed(1, sizeof *plot);
    int ends[2];
    if (pipe(ends) != 0)
        pm_error("a pipe to gnuplot cannot be made: %s", strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC); /* gnuplot must not hold the end it waits for */
    if (strcmp(path, "-") != 0)
        plot->file = tempfile_create(path);
    else if (!(plot->drawing = tmpfile()))
        pm_error("a temporary file cannot be made: %s", strerror(errno));
    plot->process =
        start(ends[0], fileno(plot->file ? tempfile_stream(plot->file) : plot->drawing));
    close(ends[0]);
    plot->stream = fdopen(ends[1], "w");
    if (!plot->stream)
        pm_error("a pipe to gnuplot cannot be opened: %s", strerror(errno));
    char *terminal = terminal_of(path);
    fprintf(plot->stream, "set terminal %s\n", terminal);
    free(terminal);
    return plot;
}

FILE *gnuplot_stream(struct gnuplot *plot)
{
    return plot->stream;
}

/* gnuplot does not look whether its standard output takes what it draws, so it never writes there.
 */
static void copy_to_stdout(FILE *drawing)
{
    char block[4096];
    size_t count;
    rewind(drawing);
    while ((count = fread(block, 1, sizeof block, drawing)) > 0)
        fwrite(block, 1, count, stdout);
    fclose(drawing);
}

void gnuplot_close(struct gnuplot *plot)
{
    int status = 0;
    fclose(plot->stream); /* what could not be written shows in gnuplot's status */
    while (waitpid(plot->process, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        pm_error("gnuplot failed; the plot was not made");
    if (plot->file)
        tempfile_commit(plot->file);
    else
        copy_to_stdout(plot->drawing);
    free(plot);
}
