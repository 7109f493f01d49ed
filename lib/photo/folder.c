/* SPDX-License-Identifier: MIT */

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "alloc.h"
#include "folder.h"
#include "kind.h"
#include "message.h"
#include "name.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Compares the numbers at *A and *B, of any length, and advances both past them. */
static int compare_numbers(const char **a, const char **b)
{
    *a += strspn(*a, "0");
    *b += strspn(*b, "0");
    size_t length = strspn(*a, "0123456789"), other = strspn(*b, "0123456789");
    int order = length != other ? (length < other ? -1 : 1) : memcmp(*a, *b, length);
    *a += length;
    *b += other;
    return order;
}

int folder_compare(const char *a, const char *b)
{
    const char *from = a, *to = b;
    int order = 0;
    while (order == 0 && *a && *b) {
        if (is_digit(*a) && is_digit(*b)) {
            order = compare_numbers(&a, &b);
        } else {
            order = (unsigned char)*a - (unsigned char)*b;
            a++;
            b++;
        }
    }
    if (order == 0)
        order = (unsigned char)*a - (unsigned char)*b;
    return order != 0 ? order : strcmp(from, to); /* 07 and 7 */
}

/* By the frame's name first, so that two files of one name are neighbours. */
static int compare_paths(const void *a, const void *b)
{
    const char *path = *(char *const *)a, *other = *(char *const *)b;
    char *name = name_from_path(path), *other_name = name_from_path(other);
    int order = folder_compare(name, other_name);
    free(name);
    free(other_name);
    return order != 0 ? order : folder_compare(path, other);
}

/* What the file PATH is by its content; ends the program if it cannot be read. */
static enum kind_reader look(const char *path)
{
    unsigned char head[KIND_BYTES];
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return KIND_OTHER;
    errno = 0;
    FILE *file = fopen(path, "rb");
    size_t count = file ? fread(head, 1, sizeof head, file) : 0;
    if (!file || ferror(file))
        message_error("%s cannot be read: %s", path, strerror(errno));
    fclose(file);
    return kind_of(head, count).reader;
}

/* Moves the files of ALL that are no photographs behind the others; returns how many of these there
   are. */
static unsigned part(char **all, unsigned count)
{
    char **others = alloc_array(count, sizeof *others);
    unsigned photographs = 0;
    for (unsigned i = 0; i < count; i++)
        if (look(all[i]) == KIND_OTHER)
            others[i - photographs] = all[i];
        else
            all[photographs++] = all[i];
    for (unsigned i = photographs; i < count; i++)
        all[i] = others[i - photographs];
    free(others);
    return photographs;
}

/* Names the first of COUNT files of the directory PATH that are left out. */
static void tell_left_out(const char *path, char *const *left_out, unsigned count)
{
    enum { NAMED_MAX = 5 };
    char *names = NULL;
    for (unsigned i = 0; i < count && i < NAMED_MAX; i++) {
        char *before = names, *name = strrchr(left_out[i], '/') + 1;
        names = alloc_printf("%s%s%s", before ? before : "", before ? ", " : "", name);
        free(before);
    }
    if (count > 0)
        message_note("%s: left out, as no photographs: %s%s", path, names,
                     count > NAMED_MAX ? ", and more" : "");
    free(names);
}

static void check_names(const char *path, const struct folder *folder)
{
    for (unsigned i = 1; i < folder->count; i++) {
        char *before = name_from_path(folder->paths[i - 1]);
        char *name = name_from_path(folder->paths[i]);
        const char *ending = strrchr(folder->paths[i], '.');
        if (strcmp(before, name) == 0)
            message_error("%s and %s would both be frame %s: name the files of one kind, as in "
                          "\"framein %s/*%s\"",
                          folder->paths[i - 1], folder->paths[i], name, path, ending ? ending : "");
        free(before);
        free(name);
    }
}

/* All that is in the directory PATH, in order. */
static void list_all(const char *path, struct folder *folder)
{
    size_t room = 0;
    const struct dirent *entry;
    DIR *directory = opendir(path);
    if (!directory)
        message_error("%s cannot be read: %s", path, strerror(errno));
    *folder = (struct folder){0};
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        folder->paths = alloc_grow(folder->paths, folder->count, &room, sizeof *folder->paths);
        folder->paths[folder->count++] = alloc_printf("%s/%s", path, entry->d_name);
    }
    closedir(directory);
    if (folder->count > 0)
        qsort(folder->paths, folder->count, sizeof *folder->paths, compare_paths);
}

void folder_list(const char *path, struct folder *folder)
{
    list_all(path, folder);
    unsigned all = folder->count;
    folder->count = part(folder->paths, all);
    tell_left_out(path, folder->paths + folder->count, all - folder->count);
    for (unsigned i = folder->count; i < all; i++)
        free(folder->paths[i]);
    if (folder->count == 0)
        message_error("%s holds no photograph", path);
    check_names(path, folder);
}

void folder_free(struct folder *folder)
{
    for (unsigned i = 0; i < folder->count; i++)
        free(folder->paths[i]);
    free(folder->paths);
    *folder = (struct folder){0};
}
