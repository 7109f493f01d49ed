/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "pixel_list.h"

/* Numbers have at most nine characters, so that sums of them fit a long of 32 bits; times need
   more. */
#define NUMBER "%9ld"
#define TIME "%18lld"

static struct pixel_entry block_at(long x, long y, long width, long height)
{
    return (struct pixel_entry){
        .shape = PIXEL_BLOCK, .x = x, .y = y, .width = width, .height = height};
}

/* Whether LINE ends at END, which is -1 if the scan stopped before it. */
static bool ends(const char *line, int end)
{
    return end >= 0 && line[end] == '\0';
}

static bool parse_pair(const char *line, struct pixel_entry *entry)
{
    int end = -1;
    *entry = block_at(0, 0, 1, 1);
    return sscanf(line, NUMBER " " NUMBER " %n", &entry->x, &entry->y, &end) == 2 &&
           ends(line, end);
}

static bool parse_dcraw(const char *line, struct pixel_entry *entry)
{
    long long time;
    int end = -1;
    *entry = block_at(0, 0, 1, 1);
    if (sscanf(line, NUMBER " " NUMBER " " TIME " %n", &entry->x, &entry->y, &time, &end) != 3)
        return false;
    entry->loses = time != 0;
    return ends(line, end);
}

static bool parse_siril(const char *line, struct pixel_entry *entry)
{
    char shape, kind;
    long first, second;
    int end = -1;
    if (sscanf(line, "%c " NUMBER " " NUMBER " %c %n", &shape, &first, &second, &kind, &end) != 4 ||
        !ends(line, end) || (kind != 'H' && kind != 'C'))
        return false;
    *entry = block_at(first, second, 1, 1);
    entry->loses = kind == 'C';
    if (shape == 'P')
        return true;
    entry->shape = shape == 'C' ? PIXEL_COLUMN : PIXEL_ROW;
    entry->y = first;
    return (shape == 'C' || shape == 'L') && second == 0;
}

static bool parse_jpegpixi(const char *line, struct pixel_entry *entry)
{
    long number[4] = {0};
    int count = 0;
    bool directed = line[0] != '2';
    if (strchr("2VvHh", line[0]) && line[1] == ':')
        line += 2;
    else
        directed = false;
    for (;; line++) {
        int end = -1;
        if (count == 4 || *line == ' ' || sscanf(line, NUMBER "%n", &number[count], &end) != 1 ||
            end < 0)
            return false;
        count++;
        line += end;
        if (*line != ',')
            break;
    }
    if (count < 2 || line[strspn(line, " \t")] != '\0')
        return false;
    long width = count > 2 ? number[2] : 1;
    *entry = block_at(number[0], number[1], width, count > 3 ? number[3] : width);
    entry->loses = directed;
    return entry->width > 0 && entry->height > 0;
}

static bool parse_origin(const char *line, struct pixel_entry *entry)
{
    int end = -1;
    return sscanf(line, NUMBER " %n", &entry->x, &end) == 1 && ends(line, end);
}

static bool parse_entry(enum pixel_list_format format, const char *text, struct pixel_entry *entry)
{
    switch (format) {
    case PIXEL_LIST_DCRAW:
        return parse_dcraw(text, entry);
    case PIXEL_LIST_SIRIL:
        return parse_siril(text, entry);
    case PIXEL_LIST_JPEGPIXI:
        return parse_jpegpixi(text, entry);
    default:
        return parse_pair(text, entry);
    }
}

enum pixel_line pixel_list_parse(enum pixel_list_format format, const char *line,
                                 struct pixel_entry *entry)
{
    static const char space[] = " \t\r\f\v";
    line += strspn(line, space);
    size_t length = strcspn(line, "#");
    while (length > 0 && strchr(space, line[length - 1]))
        length--;
    if (length == 0)
        return PIXEL_LINE_COMMENT;
    char *text = alloc_array(length + 1, 1);
    memcpy(text, line, length);
    text[length] = '\0';
    enum pixel_line kind = parse_entry(format, text, entry) ? PIXEL_LINE_ENTRY
                           : format == PIXEL_LIST_RAWTHERAPEE && parse_origin(text, entry)
                               ? PIXEL_LINE_ORIGIN
                               : PIXEL_LINE_WRONG;
    free(text);
    return kind;
}

const char *pixel_list_syntax(enum pixel_list_format format)
{
    static const char *const syntax[] = {
        "\"x y time\"", "\"P x y H\", \"C x 0 H\" or \"L y 0 H\", with C for H where it is cold",
        "\"x y\", and the first line may be a number alone, which is added to both",
        "\"X,Y\", \"X,Y,S\" or \"X,Y,SX,SY\", with \"2:\", \"V:\" or \"H:\" before it", "\"x y\""};
    return syntax[format];
}

const char *pixel_list_loss(enum pixel_list_format format)
{
    static const char *const losses[] = {
        "hold for photographs after a time only: a mask has no time, and marks them for all",
        "are cold: a mask does not tell cold from hot", "",
        "have a direction of repair, which a mask does not hold", ""};
    return losses[format];
}

/* Whether LENGTH pixels from FIRST on lie on an axis of SIZE pixels. */
static bool on_axis(long first, long length, unsigned size)
{
    return first >= 0 && first <= (long)size - length;
}

bool pixel_list_mark(struct mask *mask, const struct pixel_entry *entry)
{
    struct pixel_entry block = *entry;
    if (block.shape == PIXEL_COLUMN)
        block = block_at(entry->x, 0, 1, (long)mask->height);
    else if (block.shape == PIXEL_ROW)
        block = block_at(0, entry->y, (long)mask->width, 1);
    if (!on_axis(block.x, block.width, mask->width) ||
        !on_axis(block.y, block.height, mask->height))
        return false;
    for (long row = block.y; row < block.y + block.height; row++)
        memset(mask->noisy + (size_t)row * mask->width + block.x, 1, (size_t)block.width);
    return true;
}

struct pixel_list {
    unsigned width, height;
    uint8_t *left; /* pixels that no entry marks yet */
    bool blocks;   /* join pixels to the largest blocks */
    bool *whole_column, *whole_row;
    unsigned column, row; /* the next to look at */
    size_t at;            /* likewise, of pixels */
};

static void find_lines(struct pixel_list *list)
{
    for (unsigned x = 0; x < list->width; x++)
        list->whole_column[x] = true;
    for (unsigned y = 0; y < list->height; y++) {
        const uint8_t *row = list->left + (size_t)y * list->width;
        list->whole_row[y] = true;
        for (unsigned x = 0; x < list->width; x++)
            if (!row[x])
                list->whole_column[x] = list->whole_row[y] = false;
    }
}

struct pixel_list *pixel_list_new(const struct mask *mask, enum pixel_list_format format,
                                  bool lines)
{
    struct pixel_list *list = alloc_zeroed(1, sizeof *list);
    size_t pixels = (size_t)mask->width * mask->height;
    list->width = mask->width;
    list->height = mask->height;
    list->left = alloc_array(pixels, 1);
    memcpy(list->left, mask->noisy, pixels);
    list->blocks = format == PIXEL_LIST_JPEGPIXI;
    list->whole_column = alloc_zeroed(mask->width, sizeof *list->whole_column);
    list->whole_row = alloc_zeroed(mask->height, sizeof *list->whole_row);
    if (lines && format == PIXEL_LIST_SIRIL)
        find_lines(list);
    return list;
}

void pixel_list_free(struct pixel_list *list)
{
    if (!list)
        return;
    free(list->left);
    free(list->whole_column);
    free(list->whole_row);
    free(list);
}

/* Clears the pixels of BLOCK in LEFT; returns whether any was set. */
static bool take(struct pixel_list *list, const struct pixel_entry *block)
{
    bool any = false;
    for (long y = block->y; y < block->y + block->height; y++)
        for (long x = block->x; x < block->x + block->width; x++) {
            uint8_t *left = &list->left[(size_t)y * list->width + (size_t)x];
            any |= *left != 0;
            *left = 0;
        }
    return any;
}

static bool next_column(struct pixel_list *list, struct pixel_entry *entry)
{
    while (list->column < list->width) {
        long x = (long)list->column++;
        struct pixel_entry block = block_at(x, 0, 1, (long)list->height);
        if (list->whole_column[x] && take(list, &block)) {
            *entry = (struct pixel_entry){.shape = PIXEL_COLUMN, .x = x};
            return true;
        }
    }
    return false;
}

static bool next_row(struct pixel_list *list, struct pixel_entry *entry)
{
    while (list->row < list->height) {
        long y = (long)list->row++;
        struct pixel_entry block = block_at(0, y, (long)list->width, 1);
        if (list->whole_row[y] && take(list, &block)) {
            *entry = (struct pixel_entry){.shape = PIXEL_ROW, .y = y};
            return true;
        }
    }
    return false;
}

/* The length of the run of pixels left in ROW from AT on, at most MOST. */
static long run(const uint8_t *row, long at, long most)
{
    long length = 0;
    while (length < most && row[at + length])
        length++;
    return length;
}

/* The block of the run of pixels at X, Y and the rows below it in which its whole length is
   left. */
static struct pixel_entry largest_block(const struct pixel_list *list, long x, long y)
{
    const uint8_t *row = list->left + (size_t)y * list->width;
    struct pixel_entry block = block_at(x, y, run(row, x, (long)list->width - x), 1);
    while (y + block.height < (long)list->height &&
           run(row + (size_t)block.height * list->width, x, block.width) == block.width)
        block.height++;
    return block;
}

bool pixel_list_next(struct pixel_list *list, struct pixel_entry *entry)
{
    if (next_column(list, entry) || next_row(list, entry))
        return true;
    size_t end = (size_t)list->width * list->height;
    while (list->at < end && !list->left[list->at])
        list->at++;
    if (list->at == end)
        return false;
    long x = (long)(list->at % list->width), y = (long)(list->at / list->width);
    *entry = list->blocks ? largest_block(list, x, y) : block_at(x, y, 1, 1);
    take(list, entry);
    return true;
}

static void format_siril(const struct pixel_entry *entry, char line[PIXEL_LIST_LINE])
{
    if (entry->shape == PIXEL_COLUMN)
        snprintf(line, PIXEL_LIST_LINE, "C %ld 0 H", entry->x);
    else if (entry->shape == PIXEL_ROW)
        snprintf(line, PIXEL_LIST_LINE, "L %ld 0 H", entry->y);
    else
        snprintf(line, PIXEL_LIST_LINE, "P %ld %ld H", entry->x, entry->y);
}

static void format_jpegpixi(const struct pixel_entry *entry, char line[PIXEL_LIST_LINE])
{
    if (entry->width == 1 && entry->height == 1)
        snprintf(line, PIXEL_LIST_LINE, "%ld,%ld", entry->x, entry->y);
    else if (entry->width == entry->height)
        snprintf(line, PIXEL_LIST_LINE, "%ld,%ld,%ld", entry->x, entry->y, entry->width);
    else
        snprintf(line, PIXEL_LIST_LINE, "%ld,%ld,%ld,%ld", entry->x, entry->y, entry->width,
                 entry->height);
}

void pixel_list_format(enum pixel_list_format format, const struct pixel_entry *entry,
                       char line[PIXEL_LIST_LINE])
{
    switch (format) {
    case PIXEL_LIST_DCRAW:
        snprintf(line, PIXEL_LIST_LINE, "%ld %ld 0", entry->x, entry->y);
        break;
    case PIXEL_LIST_SIRIL:
        format_siril(entry, line);
        break;
    case PIXEL_LIST_JPEGPIXI:
        format_jpegpixi(entry, line);
        break;
    default:
        snprintf(line, PIXEL_LIST_LINE, "%ld %ld", entry->x, entry->y);
    }
}
