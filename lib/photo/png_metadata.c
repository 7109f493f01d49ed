/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "alloc.h"
#include "message.h"
#include "png_metadata.h"
#include "profile.h"

/* A chunk is a length, a type, that many bytes, and a checksum (PNG specification, 5.3). */
enum { SIGNATURE = 8, LENGTH = 4, TYPE = 4, CHECKSUM = 4 };

/* Larger chunks are not read. */
enum { CHUNK_MAX = PROFILE_MAX };

static const struct {
    const char *type;
    unsigned bytes;
} small[CHUNKS] = {{"gAMA", 4}, {"cHRM", 32}, {"sRGB", 1}, {"cICP", 4}};

const char *png_metadata_type(enum metadata_chunk which)
{
    return small[which].type;
}

static unsigned long big_endian(const unsigned char *bytes)
{
    return (unsigned long)bytes[0] << 24 | (unsigned long)bytes[1] << 16 |
           (unsigned long)bytes[2] << 8 | bytes[3];
}

/* The LENGTH bytes of the chunk TYPE, which FILE is at; NULL if they are damaged. */
static unsigned char *read_chunk(FILE *file, const unsigned char *type, size_t length)
{
    unsigned char checksum[CHECKSUM];
    unsigned char *bytes = alloc_array(length + 1, 1);
    if (fread(bytes, 1, length, file) == length && fread(checksum, 1, CHECKSUM, file) == CHECKSUM &&
        crc32(crc32(0, type, TYPE), bytes, (uInt)length) == big_endian(checksum))
        return bytes;
    free(bytes);
    return NULL;
}

/* Unpacks COUNT bytes to UNPACKED, which has room for ROOM; returns how many there are. */
static size_t unpack(const unsigned char *bytes, size_t count, unsigned char *unpacked, size_t room)
{
    z_stream stream = {.next_in = (unsigned char *)(size_t)bytes,
                       .avail_in = (uInt)count,
                       .next_out = unpacked,
                       .avail_out = (uInt)room};
    if (inflateInit(&stream) != Z_OK)
        message_error("out of memory for a colour profile");
    int result = inflate(&stream, Z_FINISH);
    size_t got = room - stream.avail_out;
    inflateEnd(&stream);
    return result == Z_STREAM_END || result == Z_BUF_ERROR ? got : 0;
}

/* The profile of a chunk: a name, NUL, 0, and the packed profile, which begins with its length.
   Whether it is one. */
static bool take_profile(const unsigned char *bytes, size_t count, struct metadata *metadata)
{
    unsigned char head[LENGTH];
    const unsigned char *end = memchr(bytes, '\0', count);
    size_t name = end ? (size_t)(end - bytes) : count;
    if (name < 1 || name >= sizeof metadata->profile_name || name + 2 >= count || end[1] != 0)
        return false;
    const unsigned char *packed = bytes + name + 2;
    size_t left = count - name - 2;
    if (unpack(packed, left, head, LENGTH) != LENGTH || big_endian(head) > PROFILE_MAX)
        return false;
    size_t length = big_endian(head);
    unsigned char *profile = alloc_array(length + 1, 1);
    if (unpack(packed, left, profile, length + 1) != length || !profile_bytes(profile, length)) {
        free(profile);
        return false;
    }
    memcpy(metadata->profile_name, bytes, name);
    metadata->profile = profile;
    metadata->profile_bytes = length;
    return true;
}

/* Takes BYTES, of a chunk of TYPE, if METADATA has no such chunk yet. Whether they were right. */
static bool take_chunk(const unsigned char *type, unsigned char *bytes, size_t count,
                       struct metadata *metadata)
{
    if (memcmp(type, "iCCP", TYPE) == 0)
        return metadata->profile || take_profile(bytes, count, metadata);
    if (memcmp(type, "eXIf", TYPE) == 0 && !metadata->exif) {
        metadata->exif = alloc_array(count + 1, 1);
        memcpy(metadata->exif, bytes, count);
        metadata->exif_bytes = count;
    }
    for (unsigned i = 0; i < CHUNKS; i++) {
        if (memcmp(type, small[i].type, TYPE) != 0 || metadata->chunk_bytes[i])
            continue;
        if (count != small[i].bytes)
            return false;
        memcpy(metadata->chunks[i], bytes, count);
        metadata->chunk_bytes[i] = (unsigned)count;
    }
    return true;
}

static bool is_wanted(const unsigned char *type)
{
    bool wanted = memcmp(type, "iCCP", TYPE) == 0 || memcmp(type, "eXIf", TYPE) == 0;
    for (unsigned i = 0; i < CHUNKS; i++)
        wanted |= memcmp(type, small[i].type, TYPE) == 0;
    return wanted;
}

static bool is_text(const unsigned char *type)
{
    return memcmp(type, "tEXt", TYPE) == 0 || memcmp(type, "zTXt", TYPE) == 0 ||
           memcmp(type, "iTXt", TYPE) == 0;
}

char *png_metadata_read(FILE *file, const char *label, struct metadata *metadata)
{
    unsigned char head[LENGTH + TYPE] = "";
    const unsigned char *type = head + LENGTH;
    bool there = fseeko(file, SIGNATURE, SEEK_SET) == 0;
    while (there && memcmp(type, "IEND", TYPE) != 0) {
        if (fread(head, 1, sizeof head, file) != sizeof head)
            return alloc_string("the PNG is cut off");
        unsigned long length = big_endian(head);
        metadata->more |= is_text(type);
        if (!is_wanted(type) || length > CHUNK_MAX) {
            there = fseeko(file, (off_t)length + CHECKSUM, SEEK_CUR) == 0;
            continue;
        }
        unsigned char *bytes = read_chunk(file, type, length);
        if (!bytes || !take_chunk(type, bytes, length, metadata))
            message_note("%s: its chunk %.4s is damaged: it is left out", label,
                         (const char *)type);
        free(bytes);
        if (!bytes && feof(file))
            return alloc_string("the PNG is cut off");
    }
    return NULL;
}

unsigned char *png_metadata_profile(const struct metadata *metadata, size_t *count)
{
    const char *name = metadata->profile_name[0] ? metadata->profile_name : "ICC profile";
    size_t head = strlen(name) + 2;
    uLongf packed = compressBound((uLong)metadata->profile_bytes);
    unsigned char *bytes = alloc_zeroed(head + packed, 1);
    memcpy(bytes, name, strlen(name));
    if (compress(bytes + head, &packed, metadata->profile, (uLong)metadata->profile_bytes) != Z_OK)
        message_error("out of memory for a colour profile");
    *count = head + packed;
    return bytes;
}
