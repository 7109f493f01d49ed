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
#include "raw.h"

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

static bool is_raw(const char *path)
{
    enum kind_reader reader = look(path);
    FILE *file = reader == KIND_RAW || reader == KIND_TIFF ? fopen(path, "rb") : NULL;
    char *error = NULL;
    struct raw *raw = file ? raw_open(file, path, reader == KIND_TIFF, &error) : NULL;
    bool found = raw || error; /* one that cannot be read is a raw file, too */
    free(error);
    if (raw)
        raw_close(raw);
    if (file)
        fclose(file);
    return found;
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

/* Of the files PATH and OTHER, of one name, the one to leave out: the JPEG that a camera wrote
   beside its raw file. NULL if they are no such pair. */
static char *lesser_of(char *path, char *other)
{
    if (look(path) == KIND_JPEG && is_raw(other))
        return path;
    return look(other) == KIND_JPEG && is_raw(path) ? other : NULL;
}

/* Leaves out the JPEGs beside raw files of their names. Ends the program at other files of one
   name. */
static void part_pairs(const char *path, struct folder *folder)
{
    unsigned kept = 0, all = folder->count;
    for (unsigned i = 0; i < all; i++) {
        char *here = folder->paths[i], *before = kept > 0 ? folder->paths[kept - 1] : NULL;
        char *name = name_from_path(here), *name_before = before ? name_from_path(before) : NULL;
        bool pair = before && strcmp(name, name_before) == 0;
        char *lesser = pair ? lesser_of(before, here) : NULL;
        if (pair && !lesser) {
            const char *ending = strrchr(here, '.');
            message_error("%s and %s would both be frame %s: name the files of one kind, as in "
                          "\"framein %s/*%s\"",
                          before, here, name, path, ending ? ending : "");
        }
        if (pair)
            kept--;
        folder->paths[kept++] = lesser == here ? before : here;
        free(name);
        free(name_before);
        free(lesser);
    }
    folder->count = kept;
    if (kept < all)
        message_note("%s: of a JPEG and a raw file of one name the raw file is taken: %u JPEGs are "
                     "left out",
                     path, all - kept);
}

static void add(struct folder *folder, size_t *room, char *path)
{
    folder->paths = alloc_grow(folder->paths, folder->count, room, sizeof *folder->paths);
    folder->paths[folder->count++] = path;
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
        add(folder, &room, alloc_printf("%s/%s", path, entry->d_name));
    }
    closedir(directory);
    if (folder->count > 0)
        qsort(folder->paths, folder->count, sizeof *folder->paths, compare_paths);
}

void folder_list(const char *path, struct folder *folder)
{
    list_all(path, folder);
    unsigned all = folder->count;
    if (all == 0)
        message_error("%s holds no photograph", path);
    folder->count = part(folder->paths, all);
    tell_left_out(path, folder->paths + folder->count, all - folder->count);
    for (unsigned i = folder->count; i < all; i++)
        free(folder->paths[i]);
    if (folder->count == 0)
        message_error("%s holds no photograph", path);
    part_pairs(path, folder);
}

void folder_collect(char *const *operands, unsigned count, struct folder *all)
{
    size_t room = 0;
    struct stat status;
    *all = (struct folder){0};
    for (unsigned i = 0; i < count; i++) {
        if (stat(operands[i], &status) != 0 || !S_ISDIR(status.st_mode)) {
            add(all, &room, alloc_string(operands[i]));
            continue;
        }
        struct folder folder;
        folder_list(operands[i], &folder);
        for (unsigned k = 0; k < folder.count; k++)
            add(all, &room, folder.paths[k]);
        free(folder.paths);
    }
    if (count == 0)
        add(all, &room, alloc_string("-"));
}

void folder_free(struct folder *folder)
{
    for (unsigned i = 0; i < folder->count; i++)
        free(folder->paths[i]);
    free(folder->paths);
    *folder = (struct folder){0};
}
