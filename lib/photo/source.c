/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "message.h"
#include "source.h"

/* What FILE still holds, in a file of its own that can be read at any place; closes FILE. NULL if
   that fails. */
static FILE *copy_file(FILE *file)
{
    char bytes[1 << 14];
    FILE *copy = tmpfile();
    size_t count;
    while (copy && (count = fread(bytes, 1, sizeof bytes, file)) > 0)
        if (fwrite(bytes, 1, count, copy) != count)
            break;
    bool whole = copy && !ferror(file) && feof(file) && fflush(copy) == 0 && !ferror(copy);
    int error = errno;
    if (file != stdin)
        fclose(file);
    if (whole) {
        rewind(copy);
        return copy;
    }
    if (copy)
        fclose(copy);
    errno = error;
    return NULL;
}

static bool is_regular(FILE *file)
{
    struct stat status;
    return fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) && ftello(file) == 0;
}

/* Whether PATH has the ending of a camera's raw files. */
static bool is_named_raw(const char *path)
{
    static const char *const endings[] = {".crw", ".cr2", ".cr3", ".nef", ".nrw", ".arw",
                                          ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw"};
    const char *ending = strrchr(path, '.');
    for (unsigned i = 0; ending && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(ending, endings[i]) == 0)
            return true;
    return false;
}

/* Tells the kind of SOURCE by its first bytes, which are read again later. A stream on standard
   input must not wait for more than its first byte. NULL, or what is wrong. */
static char *look(struct source *source)
{
    unsigned char head[KIND_BYTES];
    if (!is_regular(source->file)) {
        int byte = getc(source->file);
        if (byte != EOF)
            ungetc(byte, source->file);
        if (source->standard && (byte == 'P' || byte == 0x89 || byte == EOF)) {
            source->kind.reader = KIND_STREAM;
            return NULL;
        }
        source->file = copy_file(source->file);
        if (!source->file)
            return alloc_printf("cannot be read: %s", strerror(errno));
    }
    errno = 0;
    size_t count = fread(head, 1, sizeof head, source->file);
    if (ferror(source->file))
        return alloc_printf("cannot be read: %s", strerror(errno));
    rewind(source->file);
    source->kind = kind_of(head, count);
    if (count == 0)
        return alloc_string("is empty");
    if (source->kind.reader == KIND_OTHER)
        return alloc_printf("no photograph that framein knows: it begins with byte 0x%02x",
                            head[0]);
    /* The preview is what recovery finds of a raw file that was cut off or lost: no 16 bits, no
       mosaic, and light of its own in each frame. */
    if (source->kind.reader == KIND_JPEG && is_named_raw(source->path))
        return alloc_string("is a JPEG by its content, though it is called like a camera raw file: "
                            "it may be the preview of one that is lost. If it is meant to be "
                            "developed so, end its name with .jpg");
    return NULL;
}

char *source_open(const char *path, struct source *source)
{
    bool standard = strcmp(path, "-") == 0;
    *source = (struct source){
        .path = path, .label = standard ? "standard input" : path, .standard = standard};
    if (standard && isatty(STDIN_FILENO))
        message_error("standard input is a terminal: name photographs or a directory of them");
    source->file = standard ? stdin : fopen(path, "rb");
    return source->file ? look(source) : alloc_printf("cannot be read: %s", strerror(errno));
}

void source_close(struct source *source)
{
    if (source->file && source->file != stdin)
        fclose(source->file);
}
