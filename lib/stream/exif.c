/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "exif.h"

/*
 * A block is a TIFF file: its header tells where the first directory is. A directory is a count,
 * entries of a tag, a type, a count and a value or its offset, and the offset of the next one. The
 * first describes the photograph, the second the thumbnail; entries of the first lead to further
 * ones.
 */
enum { HEADER = 8, ENTRY = 12, VALUE = 8, SHORT = 3, LONG = 4 };
enum {
    WIDTH = 0x100,
    HEIGHT = 0x101,
    STRIP_OFFSET = 0x111,
    ORIENTATION = 0x112,
    STRIP_BYTES = 0x117,
    THUMBNAIL_OFFSET = 0x201,
    THUMBNAIL_BYTES = 0x202,
    EXIF_DIRECTORY = 0x8769,
    GPS_DIRECTORY = 0x8825,
    EXIF_WIDTH = 0xa002,
    EXIF_HEIGHT = 0xa003,
    INTEROPERABILITY_DIRECTORY = 0xa005,
};

struct block {
    unsigned char *bytes;
    size_t count;
    bool big_endian;
};

/* A directory: where its first entry is, and how many lie within the block; at 0 none is there. */
struct directory {
    size_t at, entries;
};

static size_t number(const struct block *block, size_t at, unsigned bytes)
{
    size_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | block->bytes[at + (block->big_endian ? i : bytes - 1 - i)];
    return value;
}

static void store(const struct block *block, size_t at, unsigned bytes, size_t value)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        block->bytes[at + (block->big_endian ? bytes - 1 - i : i)] = (unsigned char)value;
}

static bool is_block(const unsigned char *block, size_t count)
{
    return count >= HEADER + 2 && (memcmp(block, "II*", 4) == 0 || memcmp(block, "MM\0*", 4) == 0);
}

static struct directory directory(const struct block *block, size_t at)
{
    if (at < HEADER || at > block->count - 2)
        return (struct directory){0};
    size_t entries = number(block, at, 2), fit = (block->count - at - 2) / ENTRY;
    return (struct directory){at + 2, entries < fit ? entries : fit};
}

/* Where the entry of TAG is; 0: there is none. */
static size_t find(const struct block *block, struct directory in, unsigned tag)
{
    for (size_t i = 0; i < in.entries; i++)
        if (number(block, in.at + i * ENTRY, 2) == tag)
            return in.at + i * ENTRY;
    return 0;
}

/* The value of TAG, one whole number, or OTHERWISE. */
static size_t value(const struct block *block, struct directory in, unsigned tag, size_t otherwise)
{
    size_t at = find(block, in, tag), type = at ? number(block, at + 2, 2) : 0;
    return type == SHORT  ? number(block, at + VALUE, 2)
           : type == LONG ? number(block, at + VALUE, 4)
                          : otherwise;
}

unsigned exif_orientation(const unsigned char *bytes, size_t count)
{
    const struct block block = {(unsigned char *)(size_t)bytes, count, count > 0 && *bytes == 'M'};
    if (!is_block(bytes, count))
        return 0;
    struct directory first = directory(&block, number(&block, 4, 4));
    size_t at = find(&block, first, ORIENTATION);
    size_t orientation =
        at && number(&block, at + 2, 2) == SHORT ? number(&block, at + VALUE, 2) : 0;
    return orientation <= 8 ? (unsigned)orientation : 0;
}

/* ---- what changes ---- */

/* Sets TAG, if the directory has it and it is a whole number. */
static void set(const struct block *block, struct directory in, unsigned tag, unsigned to)
{
    size_t at = find(block, in, tag), type = at ? number(block, at + 2, 2) : 0;
    if (type != SHORT && type != LONG)
        return;
    type = to > 0xffff ? LONG : type;
    store(block, at + 2, 2, type);
    store(block, at + 4, 4, 1);
    store(block, at + VALUE, type == LONG ? 4 : 2, to);
}

static bool overlap(uint64_t from, uint64_t to, uint64_t begin, uint64_t bytes)
{
    return begin < to && begin + bytes > from;
}

/* Whether neither DIRECTORY nor what its entries point at overlaps the bytes FROM to TO. */
static bool leaves(const struct block *block, struct directory in, size_t from, size_t to)
{
    static const unsigned char type_bytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
    if (in.at && overlap(from, to, in.at - 2, in.entries * ENTRY + 6))
        return false;
    for (size_t i = 0; i < in.entries; i++) {
        size_t at = in.at + i * ENTRY, type = number(block, at + 2, 2);
        uint64_t bytes =
            (uint64_t)number(block, at + 4, 4) * (type < sizeof type_bytes ? type_bytes[type] : 1);
        if (bytes > 4 && overlap(from, to, number(block, at + VALUE, 4), bytes))
            return false;
    }
    return true;
}

/* Whether the bytes FROM to TO are of none of the directories that describe the photograph. */
static bool is_free(const struct block *block, struct directory first, size_t from, size_t to)
{
    struct directory exif = directory(block, value(block, first, EXIF_DIRECTORY, 0));
    struct directory gps = directory(block, value(block, first, GPS_DIRECTORY, 0));
    struct directory more = directory(block, value(block, exif, INTEROPERABILITY_DIRECTORY, 0));
    return leaves(block, first, from, to) && leaves(block, exif, from, to) &&
           leaves(block, gps, from, to) && leaves(block, more, from, to);
}

static bool is_zero(const unsigned char *bytes, size_t count)
{
    while (count > 0 && bytes[count - 1] == 0)
        count--;
    return count == 0;
}

/* Takes the link from the directory FIRST to the thumbnail's, and the thumbnail. Returns the
   block's new count. */
static size_t remove_thumbnail(const struct block *block, struct directory first)
{
    size_t link = first.at + first.entries * ENTRY;
    if (!first.at || link > block->count - 4)
        return block->count;
    struct directory second = directory(block, number(block, link, 4));
    store(block, link, 4, 0);
    size_t begin = value(block, second, THUMBNAIL_OFFSET, value(block, second, STRIP_OFFSET, 0));
    size_t bytes = value(block, second, THUMBNAIL_BYTES, value(block, second, STRIP_BYTES, 0));
    if (begin < HEADER || begin > block->count || bytes > block->count - begin)
        return block->count;
    size_t end = begin + bytes;
    if (is_zero(block->bytes + end, block->count - end) &&
        is_free(block, first, begin, block->count))
        return begin;
    if (is_free(block, first, begin, end))
        memset(block->bytes + begin, 0, bytes);
    return block->count;
}

size_t exif_patch(unsigned char *bytes, size_t count, unsigned width, unsigned height)
{
    const struct block block = {bytes, count, count > 0 && *bytes == 'M'};
    if (!is_block(bytes, count))
        return 0;
    struct directory first = directory(&block, number(&block, 4, 4));
    struct directory exif = directory(&block, value(&block, first, EXIF_DIRECTORY, 0));
    set(&block, first, ORIENTATION, 1);
    set(&block, first, WIDTH, width);
    set(&block, first, HEIGHT, height);
    set(&block, exif, EXIF_WIDTH, width);
    set(&block, exif, EXIF_HEIGHT, height);
    return remove_thumbnail(&block, first);
}
