/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "gnuplot.h"
#include "message.h"
#include "output.h"
#include "tempfile.h"

extern char **environ;

struct gnuplot {
    char *terminal;
    struct tempfile *file; /* NULL: the drawing is for standard output */
    FILE *commands;
};

/* The size of the terminal, at most 30 rows high; 100 by 30 characters without a terminal, or on a
   very small one. */
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

/* gnuplot's name for the terminal that draws to PATH, or NULL; the caller frees it. */
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
        message_error("%s: a plot's name ends in .pdf, .png or .svg; \"-\" draws it as text", path);
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
        message_error("gnuplot is not installed, so the plot cannot be drawn (Debian's package: "
                      "gnuplot-nox)");
    if (error)
        message_error("gnuplot cannot be started: %s", strerror(error));
    return process;
}

/* Keeps the commands in a file until they are complete, so that a gnuplot that dies breaks no
   pipe. */
struct gnuplot *gnuplot_open(const char *path)
{
    gnuplot_check_path(path);
    struct gnuplot *plot = alloc_zeroed(1, sizeof *plot);
    plot->terminal = terminal_of(path);
    plot->commands = tmpfile();
    if (!plot->commands)
        message_error("a temporary file for gnuplot's commands cannot be made: %s",
                      strerror(errno));
    if (strcmp(path, "-") != 0)
        plot->file = tempfile_create(path);
    fprintf(plot->commands, "set terminal %s\n", plot->terminal);
    return plot;
}

FILE *gnuplot_stream(struct gnuplot *plot)
{
    return plot->commands;
}

/* gnuplot ignores errors of its standard output, so it draws to a pipe, and we write and check. */
static void copy_drawing(int from, FILE *to)
{
    char block[4096];
    ssize_t count;
    while ((count = read(from, block, sizeof block)) > 0)
        fwrite(block, 1, (size_t)count, to);
}

static void check_status(int status)
{
    if (WIFSIGNALED(status))
        message_error("gnuplot was ended by signal %d; the plot was not made", WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        message_error("gnuplot failed with status %d; the plot was not made", WEXITSTATUS(status));
}

void gnuplot_draw(struct gnuplot *plot)
{
    int ends[2], status = 0;
    if (ferror(plot->commands) || fflush(plot->commands) != 0)
        message_error("gnuplot's commands could not be written to a temporary file: %s",
                      strerror(errno));
    rewind(plot->commands);
    if (pipe(ends) != 0)
        message_error("a pipe from gnuplot cannot be made: %s", strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid_t process = start(fileno(plot->commands), ends[1]);
    close(ends[1]);
    copy_drawing(ends[0], plot->file ? tempfile_stream(plot->file) : stdout);
    close(ends[0]);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    check_status(status);
    if (plot->file)
        tempfile_flush(plot->file);
    else
        output_check_stdout();
}

void gnuplot_close(struct gnuplot *plot)
{
    fclose(plot->commands);
    if (plot->file)
        tempfile_commit(plot->file);
    free(plot->terminal);
    free(plot);
}
