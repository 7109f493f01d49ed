/* SPDX-License-Identifier: MIT */

/* A list of pixels, in each format: what it marks in a mask, written as a list of that format and
   read again, is the same mask. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mask.h"
#include "pixel_list.h"

enum { WIDTH = 40, HEIGHT = 30, PIXELS = WIDTH * HEIGHT };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static struct mask new_mask(void)
{
    struct mask mask;
    mask_init(&mask, &(struct frame){.width = WIDTH, .height = HEIGHT, .depth = 1});
    return mask;
}

/* Marks what the lines of TEXT say that are entries and lie inside. */
static void mark_lines(enum pixel_list_format format, char *text, struct mask *mask)
{
    struct pixel_entry entry;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (pixel_list_parse(format, line, &entry) == PIXEL_LINE_ENTRY)
            pixel_list_mark(mask, &entry);
}

static void check_again(enum pixel_list_format format, const struct mask *mask)
{
    struct mask again = new_mask();
    struct pixel_list *list = pixel_list_new(mask, format, true);
    struct pixel_entry wrote, read;
    char line[PIXEL_LIST_LINE];
    while (pixel_list_next(list, &wrote)) {
        pixel_list_format(format, &wrote, line);
        enum pixel_line kind = pixel_list_parse(format, line, &read);
        assert(kind == PIXEL_LINE_ENTRY);
        bool inside = pixel_list_mark(&again, &read);
        assert(inside);
    }
    assert(memcmp(again.noisy, mask->noisy, PIXELS) == 0);
    pixel_list_free(list);
    mask_free(&again);
}

/* The first byte is the format. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0)
        return 0;
    enum pixel_list_format format = bytes[0] % (PIXEL_LIST_PLAIN + 1);
    char *text = malloc(count);
    memcpy(text, bytes + 1, count - 1);
    text[count - 1] = '\0';
    struct mask mask = new_mask();
    mark_lines(format, text, &mask);
    check_again(format, &mask);
    mask_free(&mask);
    free(text);
    return 0;
}
