/* SPDX-License-Identifier: MIT */

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "comments.h"
#include "name.h"

/* Those that travel with a frame. */
static const char *const travelling[] = {"orientation", "reference", "cfa", "black", "white"};

/* The value in the first line of TEXT if that is the comment KEY, PLUS if it goes on with it; else
   NULL. */
static const char *value_in(const char *text, const char *key, const char *plus)
{
    size_t length = strlen(key), more = strlen(plus);
    if (strncmp(text, key, length) != 0 || strncmp(text + length, plus, more) != 0)
        return NULL;
    text += length + more;
    return *text == ' ' ? text + 1 : NULL;
}

static const char *next_line(const char *text)
{
    text += strcspn(text, "\n");
    return text + (*text == '\n');
}

/* The value of KEY in TEXT, whose lines begin with PREFIX: the first line of that key, and those
   that go on with it. NULL if there is none or it is empty. */
static char *find(const char *text, const char *prefix, const char *key)
{
    char *escaped = alloc_array(strlen(text) + 1, 1), *end = escaped;
    for (const char *line = text; *line; line = next_line(line)) {
        if (strncmp(line, prefix, strlen(prefix)) != 0)
            continue;
        const char *value = value_in(line + strlen(prefix), key, end > escaped ? "+" : "");
        if (!value)
            continue;
        size_t length = strcspn(value, "\n");
        memcpy(end, value, length);
        end += length;
    }
    *end = '\0';
    char *value = *escaped ? name_unescape(escaped) : NULL;
    free(escaped);
    return value;
}

static double threshold_of(const char *text)
{
    double value = text ? strtod(text, NULL) : 0;
    return value > 0 && value <= 255 ? value : 0;
}

void comments_read(const char *text, struct frame *frame, char **name)
{
    text = text ? text : "";
    *name = find(text, " ", "frame");
    char *threshold = find(text, " ", "threshold");
    frame->threshold = threshold_of(threshold);
    free(threshold);
    frame->comments[0] = '\0';
    for (unsigned i = 0; i < sizeof travelling / sizeof travelling[0]; i++) {
        char *value = find(text, " ", travelling[i]);
        comments_set(frame, travelling[i], value);
        free(value);
    }
}

/* A line of a PAM header has at most 255 bytes, its end included. */
static void write_comment(FILE *file, const char *key, const char *value)
{
    enum { PIECE = 200 };
    char *escaped = name_escape(value);
    size_t length = strlen(escaped);
    for (size_t at = 0; at < length; at += PIECE)
        fprintf(file, "# %s%s %.*s\n", key, at ? "+" : "", PIECE, escaped + at);
    free(escaped);
}

void comments_write(FILE *file, const struct frame *frame)
{
    write_comment(file, "frame", frame->name ? frame->name : "");
    if (frame->threshold > 0)
        fprintf(file, "# threshold %g\n", frame->threshold);
    for (unsigned i = 0; i < sizeof travelling / sizeof travelling[0]; i++) {
        char *value = comments_get(frame, travelling[i]);
        if (value)
            write_comment(file, travelling[i], value);
        free(value);
    }
}

char *comments_get(const struct frame *frame, const char *key)
{
    return find(frame->comments, "", key);
}

void comments_set(struct frame *frame, const char *key, const char *value)
{
    char *to = frame->comments;
    for (const char *line = frame->comments, *next; *line; line = next) {
        next = next_line(line);
        size_t length = (size_t)(next - line);
        if (value_in(line, key, ""))
            continue;
        memmove(to, line, length);
        to += length;
    }
    *to = '\0';
    if (!value)
        return;
    char *escaped = name_escape(value);
    size_t room = sizeof frame->comments - (size_t)(to - frame->comments);
    if (strlen(key) + strlen(escaped) + 2 < room)
        snprintf(to, room, "%s %s\n", key, escaped);
    free(escaped);
}

bool comments_number(const struct frame *frame, const char *key, unsigned *number)
{
    char *text = comments_get(frame, key), *end = text;
    unsigned long value =
        text && *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : ULONG_MAX;
    bool fit = text && !*end && value <= 65535;
    if (fit)
        *number = (unsigned)value;
    free(text);
    return fit;
}

void comments_set_number(struct frame *frame, const char *key, unsigned number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    comments_set(frame, key, text);
}

char *comments_misfit(const struct frame *a, const struct frame *b)
{
    char *here = comments_get(a, "cfa"), *there = comments_get(b, "cfa"), *text = NULL;
    if (here && there && strcmp(here, there) != 0)
        text =
            alloc_printf("is a mosaic of the colour filters %s, the first one of %s: one stack has "
                         "one pattern",
                         here, there);
    free(here);
    free(there);
    return text;
}

unsigned comments_orientation(const struct frame *frame)
{
    char *text = comments_get(frame, "orientation");
    unsigned orientation =
        text && text[0] >= '1' && text[0] <= '8' && !text[1] ? (unsigned)(text[0] - '0') : 0;
    free(text);
    return orientation;
}

void comments_set_orientation(struct frame *frame, unsigned orientation)
{
    char value[] = {(char)('0' + orientation), '\0'};
    comments_set(frame, "orientation", orientation > 0 ? value : NULL);
}
