/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "depth_table.h"
#include "message.h"
#include "name.h"

const char *depth_table_ending(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && dot > name ? dot : name + strlen(name);
}

char *depth_table_beside(const char *path)
{
    return alloc_printf("%.*s.tsv", (int)(depth_table_ending(path) - path), path);
}

struct tempfile *depth_table_write(const char *path, char *const *names, const unsigned *samples,
                                   unsigned count)
{
    struct tempfile *table = tempfile_create(path);
    fprintf(tempfile_stream(table), "sample\tframe\n");
    for (unsigned i = 0; i < count; i++) {
        char *name = name_escape(names[i]);
        fprintf(tempfile_stream(table), "%u\t%s\n", samples[i], name);
        free(name);
    }
    tempfile_flush(table);
    return table;
}

unsigned depth_table_read(const char *path, char ***names)
{
    FILE *table = fopen(path, "r");
    if (!table)
        message_error("%s: %s", path, strerror(errno));
    char *line = NULL;
    unsigned count = 0;
    size_t line_room = 0, names_room = 0;
    ssize_t length;
    *names = NULL;
    for (unsigned row = 0; (length = getline(&line, &line_room, table)) >= 0; row++) {
        if (length > 0 && line[length - 1] == '\n')
            line[length - 1] = '\0';
        const char *tab = strchr(line, '\t');
        if (!tab || (row == 0 && strcmp(line, "sample\tframe") != 0))
            message_error("%s: line %u is not \"%s\": it is not the table that -depthmap writes",
                          path, row + 1, row == 0 ? "sample<tab>frame" : "SAMPLE<tab>NAME");
        if (row == 0)
            continue;
        *names = alloc_grow(*names, count, &names_room, sizeof **names);
        (*names)[count++] = alloc_string(tab + 1);
    }
    if (ferror(table) || count == 0)
        message_error("%s: it names no frame", path);
    free(line);
    fclose(table);
    return count;
}
