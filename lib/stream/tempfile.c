/* SPDX-License-Identifier: MIT */

#define _DEFAULT_SOURCE /* realpath() */
#include <errno.h>
#include <fnmatch.h>
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
    bool flushed;
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

/* The number of the open file that PLACE is in a process's /proc/N/fd, to which /dev/fd and
   /dev/stdout lead; else -1. What such a link is called may be no file's name any more. */
static int descriptor_named(const char *place)
{
    int length = directory_length(place);
    char *directory = alloc_printf("%.*s.", length, place);
    char *real = realpath(directory, NULL);
    bool found = real && fnmatch("/proc/*/fd", real, 0) == 0;
    free(real);
    free(directory);
    return found ? (int)strtol(place + length, NULL, 10) : -1;
}

/* The path that the symbolic links of PATH lead to, whether or not a file exists there; a link
   still if it is an open file of a process. */
static char *follow_links(const char *path)
{
    enum { LINKS_MAX = 40 };
    char *place = alloc_string(path), target[4096];
    for (int links = 0;; links++) {
        ssize_t length = readlink(place, target, sizeof target);
        if (length < 0 || descriptor_named(place) >= 0)
            return place; /* without a length: no link, or not there */
        if (links == LINKS_MAX || length == (ssize_t)sizeof target)
            message_error("%s cannot be written: %s", path, strerror(ELOOP));
        char *next = alloc_printf("%.*s%.*s", target[0] == '/' ? 0 : directory_length(place), place,
                                  (int)length, target);
        free(place);
        place = next;
    }
}

/* Creates a file of an unused name beside FILE's place, with no permissions but those in MODE, and
   sets FILE's temp to that name. Returns its descriptor, or -1 with errno. */
static int open_beside(struct tempfile *file, mode_t mode)
{
    for (unsigned number = 0;; number++) {
        file->temp = alloc_printf("%.*s.stackpbm-%ld-%u", directory_length(file->place),
                                  file->place, (long)getpid(), number);
        int descriptor = open(file->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
        free(file->temp);
        file->temp = NULL;
    }
}

/* Whether DESCRIPTOR is open for writing on the file of STATUS. */
static bool writes_to(int descriptor, const struct stat *status)
{
    struct stat own;
    return fstat(descriptor, &own) == 0 && own.st_dev == status->st_dev &&
           own.st_ino == status->st_ino && (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

/* What is open for writing on the file of STATUS: the descriptor NAMED, standard output or error;
   -1 if none is. */
static int open_already(int named, const struct stat *status)
{
    const int descriptors[] = {named, STDOUT_FILENO, STDERR_FILENO};
    for (unsigned i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        if (writes_to(descriptors[i], status))
            return descriptors[i];
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

/* Opens a file to be written in place: a special file, or one that is OPENED already unless that
   is -1. A FIFO waits for its reader. */
static int open_in_place(const char *path, int opened)
{
    return opened >= 0 ? fcntl(opened, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                       : open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
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
    int named = descriptor_named(file->place);
    int already = exists ? open_already(named, &there) : -1;
    bool in_place = exists && (!S_ISREG(there.st_mode) || named >= 0 || already >= 0);
    int descriptor = in_place ? open_in_place(path, already) : -1;
    sigset_t before;
    ending_block(&before);
    if (!in_place)
        descriptor = open_beside(file, exists ? there.st_mode & 0666 : 0666);
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
    file->flushed = true;
}

void tempfile_commit(struct tempfile *file)
{
    if (!file->flushed)
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
