/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netpbm/pm.h>

#include "alloc.h"
#include "ending.h"
#include "tempfile.h"

struct tempfile {
    char *path;
    char *temp; /* NULL: written in its place */
    FILE *stream;
    struct tempfile *next;
};

/* What is not yet in place. It outlives every scope because exit and signals clean it up; only
   the main thread changes it, with the signals blocked. */
static struct tempfile *pending;

static void remove_pending(void)
{
    for (const struct tempfile *file = pending; file; file = file->next)
        if (file->temp)
            unlink(file->temp);
}

/* PATH's directory with a name of its own: unique by process and number. */
static char *temporary_name(const char *path, unsigned number)
{
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int)(slash - path) + 1 : 0;
    return alloc_printf("%.*s.stackpbm-%ld-%u", directory, path, (long)getpid(), number);
}

/* Opens a new file of a name that nothing has, and sets FILE's temp to it; -1 with errno. */
static int open_beside(struct tempfile *file)
{
    for (unsigned number = 0;; number++) {
        file->temp = temporary_name(file->path, number);
        int descriptor = open(file->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
        free(file->temp);
    }
}

struct tempfile *tempfile_create(const char *path)
{
    static bool prepared;
    if (!prepared)
        ending_add(remove_pending);
    prepared = true;

    struct tempfile *file = alloc_zeroed(1, sizeof *file);
    file->path = alloc_string(path);
    struct stat there;
    bool special = stat(path, &there) == 0 && !S_ISREG(there.st_mode);
    sigset_t before;
    ending_block(&before);
    int descriptor = special ? open(path, O_WRONLY | O_CLOEXEC) : open_beside(file);
    if (descriptor >= 0)
        file->stream = fdopen(descriptor, "wb");
    if (!file->stream)
        pm_error("%s cannot be written: %s", path, strerror(errno));
    file->next = pending;
    pending = file;
    ending_allow(&before);
    return file;
}

FILE *tempfile_stream(struct tempfile *file)
{
    return file->stream;
}

const char *tempfile_name(const struct tempfile *file)
{
    return file->temp ? file->temp : file->path;
}

static _Noreturn void fail_to_write(const struct tempfile *file)
{
    pm_error("%s could not be written: %s", file->path,
             errno ? strerror(errno) : "the system did not say why");
    exit(EXIT_FAILURE); /* pm_error() does not return, but is not declared so */
}

void tempfile_flush(struct tempfile *file)
{
    errno = 0;
    if (fflush(file->stream) != 0 || ferror(file->stream))
        fail_to_write(file);
}

void tempfile_commit(struct tempfile *file)
{
    tempfile_flush(file);
    if (fclose(file->stream) != 0)
        fail_to_write(file);

    sigset_t before;
    ending_block(&before);
    if (file->temp && rename(file->temp, file->path) != 0)
        pm_error("%s cannot be put in place: %s", file->path, strerror(errno));
    struct tempfile **link = &pending;
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    ending_allow(&before);
    free(file->path);
    free(file->temp);
    free(file);
}
