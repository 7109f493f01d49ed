/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "exiftool.h"
#include "message.h"

struct pair {
    char *original, *picture;
    bool exif, iptc;
};

struct exiftool {
    struct pair *pairs;
    size_t room;
    unsigned count;
};

struct exiftool *exiftool_new(void)
{
    return alloc_zeroed(1, sizeof(struct exiftool));
}

void exiftool_free(struct exiftool *call)
{
    for (unsigned i = 0; i < call->count; i++) {
        free(call->pairs[i].original);
        free(call->pairs[i].picture);
    }
    free(call->pairs);
    free(call);
}

unsigned exiftool_count(const struct exiftool *call)
{
    return call->count;
}

/* PATH as one that begins with no dash, which would be an option, and no @, which would be the
   picture itself. */
static char *safe_path(const char *path)
{
    return alloc_printf("%s%s", path[0] == '/' ? "" : "./", path);
}

/* A path as exiftool has it for originals, where %f and the like are parts of the picture's name,
   and %0f is none of its characters: behind a percent sign it parts that from what follows. */
static char *safe_pattern(const char *path)
{
    static const char parted[] = "%%0f";
    char *safe = safe_path(path);
    char *pattern = alloc_array(strlen(safe) + 1, sizeof parted), *to = pattern;
    for (const char *from = safe; *from; from++) {
        if (*from == '%') {
            memcpy(to, parted, sizeof parted - 1);
            to += sizeof parted - 1;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    free(safe);
    return pattern;
}

void exiftool_add(struct exiftool *call, const char *original, const char *picture, bool exif,
                  bool iptc)
{
    call->pairs = alloc_grow(call->pairs, call->count, &call->room, sizeof *call->pairs);
    call->pairs[call->count++] =
        (struct pair){safe_pattern(original), safe_path(picture), exif, iptc};
}

static void print_word(FILE *file, const char *word)
{
    bool odd = false;
    for (const char *c = word; *c; c++)
        odd |= (unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f;
    fputs(odd ? " $'" : " '", file);
    for (const char *c = word; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < ' ' || byte >= 0x7f)
            fprintf(file, "\\%03o", byte);
        else if (odd && (byte == '\'' || byte == '\\'))
            fprintf(file, "\\%c", byte);
        else if (byte == '\'')
            fputs("'\\''", file);
        else
            fputc(byte, file);
    }
    fputc('\'', file);
}

char *exiftool_text(const struct exiftool *call)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        message_error("out of memory for the call of exiftool");
    /* Without -config it would run the Perl of a .ExifTool_config in the current directory. */
    fputs("exiftool -config ''", file);
    for (unsigned i = 0; i < call->count; i++) {
        const struct pair *pair = &call->pairs[i];
        fprintf(file, "%s \\\n    -tagsFromFile", i > 0 ? " -execute" : "");
        print_word(file, pair->original);
        fprintf(file, " -all:all%s%s", pair->exif ? " --EXIF:all --MakerNotes:all" : "",
                pair->iptc ? "" : " --IPTC:all");
        print_word(file, pair->picture);
    }
    /* What tells of the original's own pixels stays there. */
    fputs(" \\\n    -common_args -q -q -m -overwrite_original --Orientation --IFD1:all"
          " --ThumbnailImage \\\n    --PhotoshopThumbnail --ExifImageWidth --ExifImageHeight"
          " --ImageWidth --ImageHeight \\\n    --ReferenceBlackWhite --XMP-dc:Format"
          " --XMP-crs:all\n",
          file);
    if (fclose(file) != 0)
        message_error("out of memory for the call of exiftool");
    return text;
}
