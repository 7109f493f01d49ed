/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "message.h"
#include "name.h"
#include "numbers.h"
#include "transform_table.h"

enum { NUMBERS = 13, JUMP_OTHERS = 2, LINE_BYTES = 1 << 20 /* the longest line, with its NUL */ };

#define JUMP_LEAST 0.01 /* 1 % of scale, .6 degrees */
#define JUMP_FACTOR 5   /* times the median of the others */

static const char header[] =
    "frame\tm11\tm12\tm13\tm21\tm22\tm23\tm31\tm32\tm33\terror\tscatter\tshare\tncc";

/* Where in the table a name is. */
struct place {
    const char *name; /* of the row, or to look for */
    unsigned row;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

struct aligned *transform_table_add(struct transform_table *table, const char *name)
{
    table->rows = alloc_grow(table->rows, table->count, &table->room, sizeof *table->rows);
    struct aligned *row = &table->rows[table->count];
    *row = (struct aligned){
        .name = alloc_string(name), .failed = true, .transform = transform_identity()};
    struct place *place = alloc_array(1, sizeof *place);
    *place = (struct place){row->name, table->count++};
    struct place **found = tsearch(place, &table->by_name, compare_names);
    if (!found)
        message_error("out of memory: a name could not be added to %u", table->count);
    if (*found != place)
        free(place);
    return row;
}

const struct aligned *transform_table_find(const struct transform_table *table, const char *name)
{
    const struct place wanted = {.name = name};
    struct place **found = tfind(&wanted, &table->by_name, compare_names);
    return found ? &table->rows[(*found)->row] : NULL;
}

void transform_table_free(struct transform_table *table)
{
    while (table->by_name) {
        struct place *place = *(struct place **)table->by_name; /* the root */
        tdelete(place, &table->by_name, compare_names);
        free(place);
    }
    for (unsigned i = 0; i < table->count; i++)
        free(table->rows[i].name);
    free(table->rows);
    *table = (struct transform_table){0};
}

/* The change of scale (a factor) and rotation (radians) from frame I - 1 to I; false if one of them
   failed, or the origin of frame I - 1 lies at infinity in frame I. */
static bool change(const struct transform_table *table, unsigned i, double *scale, double *angle)
{
    const struct aligned *before = &table->rows[i - 1], *row = &table->rows[i];
    struct transform back;
    if (before->failed || row->failed || !transform_invert(&before->transform, &back))
        return false;
    struct transform t = transform_compose(&row->transform, &back);
    double xx = t.m[0][0] + t.m[1][1], xy = t.m[1][0] - t.m[0][1];
    *scale = 0.5 * hypot(xx, xy);
    *angle = atan2(xy, xx);
    return isfinite(*scale);
}

bool transform_table_jump(const struct transform_table *table, unsigned i, double *scale,
                          double *degrees)
{
    double angle, *sizes;
    unsigned count = 0;
    if (i == 0 || !change(table, i, scale, &angle))
        return false;
    *degrees = angle * 180 / PI;
    double size = fmax(fabs(log(*scale)), fabs(angle));
    if (size < JUMP_LEAST)
        return false;
    sizes = alloc_array(table->count, sizeof *sizes);
    for (unsigned k = 1; k < table->count; k++) {
        double other, turn;
        if (k != i && change(table, k, &other, &turn))
            sizes[count++] = fmax(fabs(log(other)), fabs(turn));
    }
    bool jump = count >= JUMP_OTHERS && size > JUMP_FACTOR * median_of(sizes, count);
    free(sizes);
    return jump;
}

/* Parses the whole field AT as a decimal number; *END is its end. False if it is none: strtod()
   alone would skip blanks, and take hexadecimals and words. */
static bool parse_number(const char *at, char **end, double *number)
{
    size_t length = strcspn(at, "\t");
    *number = strtod(at, end);
    return length > 0 && strspn(at, "+-.0123456789eE") == length && *end == at + length;
}

/* Parses the fields after a row's name into ROW. */
static void parse_row(const char *path, unsigned line, char *fields, struct aligned *row)
{
    if (strcmp(fields, "failed") == 0)
        return;
    double number[NUMBERS];
    char *field = fields;
    for (int i = 0; i < NUMBERS; i++) {
        char *end;
        if (!parse_number(field, &end, &number[i]) || *end != (i < NUMBERS - 1 ? '\t' : '\0'))
            message_error("%s, line %u: frame %s needs 13 decimal numbers, or the word failed",
                          path, line, row->name);
        field = end + 1;
    }
    for (int i = 0; i < 9; i++)
        row->transform.m[i / 3][i % 3] = number[i] / number[8];
    row->error = number[9];
    row->scatter = number[10];
    row->share = number[11];
    row->ncc = number[12];
    for (int i = 0; i < NUMBERS; i++)
        if (!isfinite(number[i]))
            message_error("%s, line %u: frame %s has a number that is not finite", path, line,
                          row->name);
    struct transform inverse;
    if (!transform_invert(&row->transform, &inverse))
        message_error("%s, line %u: the matrix of frame %s is singular", path, line, row->name);
    row->failed = false;
}

/* Reads the next line of FILE, without its end, into TEXT, which has room for LINE_BYTES; false
   after the last. LINE is its number. */
static bool read_line(FILE *file, const char *path, unsigned line, char *text)
{
    size_t length = 0;
    int byte;
    while ((byte = getc(file)) != EOF && byte != '\n') {
        if (byte == '\0')
            message_error("%s, line %u: there is a NUL byte in it; a table is text", path, line);
        if (length + 1 == LINE_BYTES)
            message_error("%s, line %u is longer than the limit of %d bytes", path, line,
                          LINE_BYTES - 1);
        text[length++] = (char)byte;
    }
    if (ferror(file))
        message_error("%s cannot be read: %s", path, strerror(errno));
    bool there = byte != EOF || length > 0;
    while (length > 0 && text[length - 1] == '\r')
        length--;
    text[length] = '\0';
    return there;
}

void transform_table_read(const char *path, struct transform_table *table)
{
    FILE *file = fopen(path, "r");
    if (!file)
        message_error("%s cannot be read: %s", path, strerror(errno));
    char *text = alloc_array(LINE_BYTES, 1);
    for (unsigned line = 1; read_line(file, path, line, text); line++) {
        if (line == 1 && strcmp(text, header) != 0)
            message_error(
                "%s is no table of transforms: its first line is not that of framealign -save",
                path);
        char *fields = strchr(text, '\t');
        if (!fields)
            message_error("%s, line %u: there is no tab behind the frame's name", path, line);
        if (line == 1)
            continue;
        *fields++ = '\0';
        char *name = name_unescape(text);
        if (transform_table_find(table, name))
            message_error("%s, line %u: frame %s is there twice", path, line, name);
        parse_row(path, line, fields, transform_table_add(table, name));
        free(name);
    }
    if (table->count == 0)
        message_error("%s holds no transforms", path);
    free(text);
    fclose(file);
}

void transform_table_write(const struct transform_table *table, FILE *file)
{
    fprintf(file, "%s\n", header);
    for (unsigned i = 0; i < table->count; i++) {
        const struct aligned *row = &table->rows[i];
        char *name = name_escape(row->name);
        fputs(name, file);
        free(name);
        if (row->failed) {
            fputs("\tfailed\n", file);
            continue;
        }
        for (int k = 0; k < 9; k++)
            fprintf(file, "\t%.17g", row->transform.m[k / 3][k % 3]);
        fprintf(file, "\t%.4f\t%.3f\t%.3f\t%.3f\n", row->error, row->scatter, row->share, row->ncc);
    }
}
