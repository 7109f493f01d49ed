/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <netpbm/pm.h>

#include "alloc.h"
#include "median.h"
#include "name.h"
#include "transforms.h"

enum { NUMBERS = 13, JUMP_OTHERS = 2, LINE_BYTES = 1 << 20 /* the longest line, with its NUL */ };

#define JUMP_LEAST 0.01 /* 1 % of scale, .6 degrees */
#define JUMP_FACTOR 5   /* the median of the others, that is */
#define DEGREES 57.29577951308232

static const char header[] =
    "frame\tm11\tm12\tm13\tm21\tm22\tm23\tm31\tm32\tm33\terror\tscatter\tshare\tncc";

/* Where in the table a name is. */
struct place {
    const char *name; /* of the row, or of what is looked for */
    unsigned row;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

struct aligned *transforms_add(struct transforms *transforms, const char *name)
{
    if (transforms->count == transforms->room) {
        transforms->room = transforms->room ? 2 * transforms->room : 64;
        struct aligned *rows = alloc_array(transforms->room, sizeof *rows);
        if (transforms->count)
            memcpy(rows, transforms->rows, transforms->count * sizeof *rows);
        free(transforms->rows);
        transforms->rows = rows;
    }
    struct aligned *row = &transforms->rows[transforms->count];
    *row = (struct aligned){
        .name = alloc_string(name), .failed = true, .transform = transform_identity()};
    struct place *place = alloc_array(1, sizeof *place);
    *place = (struct place){row->name, transforms->count++};
    struct place **found = tsearch(place, &transforms->by_name, compare_names);
    if (!found)
        pm_error("out of memory: a name could not be added to %u", transforms->count);
    if (*found != place)
        free(place);
    return row;
}

const struct aligned *transforms_find(const struct transforms *transforms, const char *name)
{
    const struct place wanted = {.name = name};
    struct place **found = tfind(&wanted, &transforms->by_name, compare_names);
    return found ? &transforms->rows[(*found)->row] : NULL;
}

void transforms_free(struct transforms *transforms)
{
    while (transforms->by_name) {
        struct place *place = *(struct place **)transforms->by_name; /* the root */
        tdelete(place, &transforms->by_name, compare_names);
        free(place);
    }
    for (unsigned i = 0; i < transforms->count; i++)
        free(transforms->rows[i].name);
    free(transforms->rows);
    *transforms = (struct transforms){0};
}

/* The change of scale (a factor) and rotation (radians) from frame I - 1 to I; false if one of them
   failed. */
static bool change(const struct transforms *transforms, unsigned i, double *scale, double *angle)
{
    const struct aligned *before = &transforms->rows[i - 1], *row = &transforms->rows[i];
    struct transform back;
    if (before->failed || row->failed || !transform_invert(&before->transform, &back))
        return false;
    struct transform t = transform_compose(&row->transform, &back);
    double xx = t.m[0][0] + t.m[1][1], xy = t.m[1][0] - t.m[0][1];
    *scale = 0.5 * hypot(xx, xy);
    *angle = atan2(xy, xx);
    return true;
}

bool transforms_jump(const struct transforms *transforms, unsigned i, double *scale,
                     double *degrees)
{
    double angle, *sizes;
    unsigned count = 0;
    if (i == 0 || !change(transforms, i, scale, &angle))
        return false;
    *degrees = angle * DEGREES;
    double size = fmax(fabs(log(*scale)), fabs(angle));
    if (size < JUMP_LEAST)
        return false;
    sizes = alloc_array(transforms->count, sizeof *sizes);
    for (unsigned k = 1; k < transforms->count; k++) {
        double other, turn;
        if (k != i && change(transforms, k, &other, &turn))
            sizes[count++] = fmax(fabs(log(other)), fabs(turn));
    }
    bool jump = count >= JUMP_OTHERS && size > JUMP_FACTOR * median_of(sizes, count);
    free(sizes);
    return jump;
}

/* The decimal number that the field AT holds from end to end; *END is behind it. False where there
   is none: strtod() would skip blanks, and take hexadecimals and words. */
static bool parse_number(const char *at, char **end, double *number)
{
    size_t length = strcspn(at, "\t");
    *number = strtod(at, end);
    return length > 0 && strspn(at, "+-.0123456789eE") == length && *end == at + length;
}

/* The fields of a row behind its name into ROW. */
static void parse_row(const char *path, unsigned line, char *fields, struct aligned *row)
{
    if (strcmp(fields, "failed") == 0)
        return;
    double number[NUMBERS];
    char *field = fields;
    for (int i = 0; i < NUMBERS; i++) {
        char *end;
        if (!parse_number(field, &end, &number[i]) || *end != (i < NUMBERS - 1 ? '\t' : '\0'))
            pm_error("%s, line %u: frame %s needs 13 decimal numbers, or the word failed", path,
                     line, row->name);
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
            pm_error("%s, line %u: the matrix of frame %s is not finite", path, line, row->name);
    struct transform inverse;
    if (!transform_invert(&row->transform, &inverse))
        pm_error("%s, line %u: the matrix of frame %s is singular", path, line, row->name);
    row->failed = false;
}

/* The next line of FILE, without its end, into TEXT, which has room for LINE_BYTES; false behind
   the last. LINE is its number. */
static bool read_line(FILE *file, const char *path, unsigned line, char *text)
{
    size_t length = 0;
    int byte;
    while ((byte = getc(file)) != EOF && byte != '\n') {
        if (byte == '\0')
            pm_error("%s, line %u: there is a NUL byte in it; a table is text", path, line);
        if (length + 1 == LINE_BYTES)
            pm_error("%s, line %u is longer than the limit of %d bytes", path, line,
                     LINE_BYTES - 1);
        text[length++] = (char)byte;
    }
    if (ferror(file))
        pm_error("%s cannot be read: %s", path, strerror(errno));
    bool there = byte != EOF || length > 0;
    while (length > 0 && text[length - 1] == '\r')
        length--;
    text[length] = '\0';
    return there;
}

void transforms_read(const char *path, struct transforms *transforms)
{
    FILE *file = fopen(path, "r");
    if (!file)
        pm_error("%s cannot be read: %s", path, strerror(errno));
    char *text = alloc_array(LINE_BYTES, 1);
    for (unsigned line = 1; read_line(file, path, line, text); line++) {
        if (line == 1 && strcmp(text, header) != 0)
            pm_error("%s is no table of transforms: its first line is not that of framealign -save",
                     path);
        char *fields = strchr(text, '\t');
        if (!fields)
            pm_error("%s, line %u: there is no tab behind the frame's name", path, line);
        if (line == 1)
            continue;
        *fields++ = '\0';
        char *name = name_unescape(text);
        if (transforms_find(transforms, name))
            pm_error("%s, line %u: frame %s is there twice", path, line, name);
        parse_row(path, line, fields, transforms_add(transforms, name));
        free(name);
    }
    if (transforms->count == 0)
        pm_error("%s holds no transforms", path);
    free(text);
    fclose(file);
}

void transforms_write(const struct transforms *transforms, FILE *file)
{
    fprintf(file, "%s\n", header);
    for (unsigned i = 0; i < transforms->count; i++) {
        const struct aligned *row = &transforms->rows[i];
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
