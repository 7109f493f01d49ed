/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "comments.h"
#include "folder.h"
#include "message.h"
#include "name.h"
#include "originals.h"

struct original {
    char *name;
    const char *path;   /* of the folder */
    struct stat status; /* all zero where it cannot be had: reading it will tell */
};

struct originals {
    struct folder folder;
    struct original *sorted; /* by name */
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct original *)a)->name, ((const struct original *)b)->name);
}

static void check_names(const struct originals *originals)
{
    for (unsigned i = 1; i < originals->folder.count; i++) {
        const struct original *a = &originals->sorted[i - 1], *b = &originals->sorted[i];
        if (strcmp(a->name, b->name) == 0)
            message_error(
                "-from: %s and %s would both be the original of frame %s: name one of them",
                a->path, b->path, b->name);
    }
}

struct originals *originals_new(const char *const *paths)
{
    unsigned count = 0;
    for (; paths[count]; count++)
        if (access(paths[count], R_OK) != 0)
            message_error("-from=%s cannot be read: %s", paths[count], strerror(errno));
    if (count == 0)
        return NULL;
    struct originals *originals = alloc_zeroed(1, sizeof *originals);
    struct folder *folder = &originals->folder;
    folder_collect((char *const *)(size_t)paths, count, folder);
    originals->sorted = alloc_array(folder->count, sizeof *originals->sorted);
    for (unsigned i = 0; i < folder->count; i++) {
        struct original *original = &originals->sorted[i];
        *original =
            (struct original){.name = name_from_path(folder->paths[i]), .path = folder->paths[i]};
        (void)stat(original->path, &original->status);
    }
    qsort(originals->sorted, folder->count, sizeof *originals->sorted, compare);
    check_names(originals);
    return originals;
}

void originals_free(struct originals *originals)
{
    if (!originals)
        return;
    for (unsigned i = 0; i < originals->folder.count; i++)
        free(originals->sorted[i].name);
    free(originals->sorted);
    folder_free(&originals->folder);
    free(originals);
}

static const char *find(const struct originals *originals, char *name)
{
    const struct original wanted = {.name = name};
    const struct original *found =
        bsearch(&wanted, originals->sorted, originals->folder.count, sizeof wanted, compare);
    return found ? found->path : NULL;
}

const char *originals_find(const struct originals *originals, const struct frame *frame,
                           const char **because)
{
    *because = NULL;
    const char *path = find(originals, frame->name);
    if (path)
        return path;
    char *reference = comments_get(frame, "reference");
    path = reference ? find(originals, reference) : NULL;
    free(reference);
    *because = path ? "the reference's" : "the middle one";
    return path ? path : originals->folder.paths[originals->folder.count / 2];
}

bool originals_hold(const struct originals *originals, const char *path)
{
    struct stat here;
    if (!originals || stat(path, &here) != 0)
        return false;
    for (unsigned i = 0; i < originals->folder.count; i++) {
        const struct stat *there = &originals->sorted[i].status;
        if (here.st_dev == there->st_dev && here.st_ino == there->st_ino)
            return true;
    }
    return false;
}
