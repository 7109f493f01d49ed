/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "ending.h"
#include "message.h"
#include "tempfile.h"

struct tempfile {
    char *path;  /* for messages */
    char *place; /* what PATH's links lead to */
    char *temp;  /* beside PLACE; NULL: written in its place */
    FILE *stream;
    struct tempfile *next;
};

/* The files not yet in place. File-scope, because exit and signals clean them up; only the main
   thread changes the list, with the signals blocked. */
static struct tempfile *pending;

static void remove_pending(void)
{
    for (const struct tempfile *file = pending; file; file = file->next)
        if (file->temp)
            unlink(file->temp);
}

/* The length of PATH's directory, the slash included. */
static int directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) + 1 : 0;
}

/* The path that the symbolic links of PATH lead to, whether or not a file exists there. */
static char *follow_links(const char *path)
{
    enum { LINKS_MAX = 40 };
    char *place = alloc_string(path), target[4096];
    for (int links = 0;; links++) {
        ssize_t length = readlink(place, target, sizeof target);
        if (length < 0)
            return place; /* no link, or not there */
        if (links == LINKS_MAX || length == (ssize_t)sizeof target)
            message_error("%s cannot be written: %s", path, strerror(ELOOP));
        char *next = alloc_printf("%.*s%.*s", target[0] == '/' ? 0 : directory_length(place), place,
                                  (int)length, target);
        free(place);
        place = next;
    }
}

/* Creates a file of an unused name beside FILE's place and sets FILE's temp to that name. Returns
   its descriptor, or -1 with errno. */
static int open_beside(struct tempfile *file)
{
    for (unsigned number = 0;; number++) {
        file->temp = alloc_printf("%.*s.stackpbm-%ld-%u", directory_length(file->place),
                                  file->place, (long)getpid(), number);
        int descriptor = open(file->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
        free(file->temp);
        file->temp = NULL;
    }
}

/* The descriptor of standard output or error if that is open on the file of STATUS; -1: neither. */
static int standard_descriptor(const struct stat *status)
{
    struct stat own;
    for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++)
        if (fstat(descriptor, &own) == 0 && own.st_dev == status->st_dev &&
            own.st_ino == status->st_ino && (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY)
            return descriptor;
    return -1;
}

/* Gives a file the permissions of the one that it replaces, and its owner as far as we may. */
static void take_after(int descriptor, const struct stat *replaced)
{
    if (fchown(descriptor, replaced->st_uid, replaced->st_gid) != 0 &&
        fchown(descriptor, (uid_t)-1, replaced->st_gid) != 0)
        errno = 0; /* it stays ours */
    (void)fchmod(descriptor, replaced->st_mode & 0777);
}

/* Opens a file to be written in place: one that is also standard output or error (STANDARD), or a
   special file. A FIFO waits for its reader. */
static int open_in_place(const char *path, int standard)
{
    return standard >= 0 ? fcntl(standard, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                         : open(path, O_WRONLY | O_CLOEXEC);
}

struct tempfile *tempfile_create(const char *path)
{
    static bool prepared;
    if (!prepared)
        ending_add(remove_pending);
    prepared = true;

    struct tempfile *file = alloc_zeroed(1, sizeof *file);
    file->path = alloc_string(path);
    file->place = follow_links(path);
    struct stat there;
    bool exists = stat(path, &there) == 0;
    int standard = exists ? standard_descriptor(&there) : -1;
    bool in_place = exists && (!S_ISREG(there.st_mode) || standard >= 0);
    int descriptor = in_place ? open_in_place(path, standard) : -1;
    sigset_t before;
    ending_block(&before);
    if (!in_place)
        descriptor = open_beside(file);
    if (descriptor >= 0)
        file->stream = fdopen(descriptor, "wb");
    if (!file->stream)
        message_error("%s cannot be written: %s", path, strerror(errno));
    file->next = pending;
    pending = file;
    ending_allow(&before);
    if (exists && !in_place)
        take_after(descriptor, &there);
    return file;
}

FILE *tempfile_stream(struct tempfile *file)
{
    return file->stream;
}

static _Noreturn void fail_to_write(const struct tempfile *file)
{
    message_error("%s could not be written: %s", file->path, strerror(errno));
}

void tempfile_check(const struct tempfile *file)
{
    if (ferror(file->stream))
        fail_to_write(file);
}

void tempfile_flush(struct tempfile *file)
{
    tempfile_check(file);
    if (fflush(file->stream) != 0)
        fail_to_write(file);
    if (file->temp && fdatasync(fileno(file->stream)) != 0 && errno != EINVAL)
        fail_to_write(file);
}

void tempfile_commit(struct tempfile *file)
{
    tempfile_flush(file);
    if (fclose(file->stream) != 0)
        fail_to_write(file);

    sigset_t before;
    ending_block(&before);
    if (file->temp && rename(file->temp, file->place) != 0)
        message_error("%s cannot be put in place: %s", file->path, strerror(errno));
    struct tempfile **link = &pending;
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    ending_allow(&before);
    free(file->path);
    free(file->place);
    free(file->temp);
    free(file);
}
