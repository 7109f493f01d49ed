/* SPDX-License-Identifier: MIT
 *
 * peakmemory FILE COMMAND [ARGUMENT ...]: runs the command, writes the peak of its resident memory
 * in KiB to FILE, and ends with its status.
 */

#define _DEFAULT_SOURCE /* wait4() */
#include <stdio.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    perror(what);
    return 127;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: peakmemory FILE COMMAND [ARGUMENT ...]\n", stderr);
        return 127;
    }
    pid_t child = fork();
    if (child < 0)
        return fail("fork");
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(fail(argv[2]));
    }
    int status;
    struct rusage used;
    if (wait4(child, &status, 0, &used) < 0)
        return fail("wait4");
    FILE *file = fopen(argv[1], "w");
    if (!file || fprintf(file, "%ld\n", used.ru_maxrss) < 0 || fclose(file))
        return fail(argv[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
