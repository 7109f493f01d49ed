/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <string.h>

#include "alloc.h"
#include "cfa.h"

unsigned cfa_color(const struct cfa *cfa, unsigned x, unsigned y)
{
    return cfa->color[y % cfa->height][x % cfa->width];
}

/* The two rows of a word of four letters, RGGB for instance, which have no slash. */
static bool is_word(const char *text)
{
    static const char *const words[] = {"RGGB", "BGGR", "GRBG", "GBRG"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static const char *parse_row(struct cfa *cfa, const char *row, size_t length)
{
    static const char letters[] = "RGB";
    if (length == 0)
        return "a row has no letter";
    if (length > CFA_PERIOD_MAX || cfa->height == CFA_PERIOD_MAX)
        return "a period of at most 8x8 is wanted";
    if (cfa->height > 0 && length != cfa->width)
        return "the rows differ in length";
    for (size_t x = 0; x < length; x++) {
        const char *letter = strchr(letters, row[x]);
        if (!letter || !*letter)
            return "only the letters R, G and B, and slashes between the rows, are wanted";
        cfa->color[cfa->height][x] = (uint8_t)(letter - letters);
    }
    cfa->width = (unsigned)length;
    cfa->height++;
    return NULL;
}

static const char *parse_rows(struct cfa *cfa, const char *text)
{
    if (!strchr(text, '/') && !is_word(text))
        return "rows with slashes between them are wanted, as RG/GB, or RGGB, BGGR, GRBG or GBRG";
    const char *error = NULL;
    if (is_word(text)) {
        parse_row(cfa, text, 2);
        return parse_row(cfa, text + 2, 2);
    }
    for (const char *row = text; row && !error;) {
        const char *slash = strchr(row, '/');
        error = parse_row(cfa, row, slash ? (size_t)(slash - row) : strlen(row));
        row = slash ? slash + 1 : NULL;
    }
    return error;
}

/* Whether the pattern repeats after WIDTH columns and HEIGHT rows. */
static bool repeats(const struct cfa *cfa, unsigned width, unsigned height)
{
    for (unsigned y = 0; y < cfa->height; y++)
        for (unsigned x = 0; x < cfa->width; x++)
            if (cfa->color[y][x] != cfa->color[y % height][x % width])
                return false;
    return true;
}

/* Takes the smallest period that the pattern has. */
static void reduce(struct cfa *cfa)
{
    unsigned width = 1, height = 1;
    while (cfa->width % width != 0 || !repeats(cfa, width, cfa->height))
        width++;
    while (cfa->height % height != 0 || !repeats(cfa, cfa->width, height))
        height++;
    cfa->width = width;
    cfa->height = height;
}

/* Whether another sample of the colour at X, Y lies at most two rows and columns away. */
static bool has_company(const struct cfa *cfa, unsigned x, unsigned y)
{
    for (unsigned j = 0; j < 5; j++)
        for (unsigned i = 0; i < 5; i++)
            if ((i != 2 || j != 2) &&
                cfa_color(cfa, x + cfa->width * 2 + i - 2, y + cfa->height * 2 + j - 2) ==
                    cfa_color(cfa, x, y))
                return true;
    return false;
}

static const char *check(const struct cfa *cfa)
{
    unsigned seen = 0;
    for (unsigned y = 0; y < cfa->height; y++)
        for (unsigned x = 0; x < cfa->width; x++) {
            seen |= 1U << cfa_color(cfa, x, y);
            if (!has_company(cfa, x, y))
                return "a sample has no other of its colour within two rows and columns";
        }
    return seen == 7 ? NULL : "each of the colours R, G and B is wanted";
}

const char *cfa_parse(struct cfa *cfa, const char *text)
{
    *cfa = (struct cfa){0};
    const char *error = parse_rows(cfa, text);
    if (error)
        return error;
    reduce(cfa);
    return check(cfa);
}

char *cfa_misfit(const struct cfa *cfa, const struct frame *frame)
{
    if (frame_colors(frame) > 1)
        return alloc_string("it has colours, and a mosaic is gray: give raw frames, not developed "
                            "ones");
    if (frame_has_opacity(frame))
        return alloc_string("it has an opacity plane, which no mosaic has");
    if (frame->width < cfa->width || frame->height < cfa->height)
        return alloc_printf("it is %ux%u samples, less than a period, %ux%u", frame->width,
                            frame->height, cfa->width, cfa->height);
    return NULL;
}
