/* SPDX-License-Identifier: MIT */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <tiffio.h>

#include "alloc.h"
#include "comments.h"
#include "message.h"
#include "photo.h"
#include "tiff.h"
#include "tiff_pixels.h"

struct tiff {
    TIFF *file;
    const char *label;
    char *error; /* libtiff's first since it was last taken, or NULL; owned */
    uint64_t *pages;
    unsigned count;
    size_t room;
    bool cmyk_told;
};

/* Where directories below others are. */
enum { BELOW_MAX = 64 };
struct below {
    uint64_t offsets[BELOW_MAX];
    unsigned count;
};

/* Keeps the first error: libtiff may report more, and still say that all went well. */
static int keep_error(TIFF *file, void *user, const char *module, const char *format, va_list args)
{
    struct tiff *tiff = user;
    char text[256];
    (void)file;
    (void)module;
    vsnprintf(text, sizeof text, format, args);
    if (!tiff->error)
        tiff->error = alloc_string(text);
    return 1;
}

/* Nearly every camera's TIFF has tags that libtiff does not know. */
static int drop_warning(TIFF *file, void *user, const char *module, const char *format,
                        va_list args)
{
    (void)file;
    (void)user;
    (void)module;
    (void)format;
    (void)args;
    return 1;
}

/* "the TIFF is damaged or cut off: ..." with libtiff's words, if it has any. */
static char *damage(struct tiff *tiff)
{
    char *text = alloc_printf("the TIFF is damaged, cut off or of an unknown kind: %s",
                              tiff->error ? tiff->error : "too few samples");
    free(tiff->error);
    tiff->error = NULL;
    return text;
}

static bool open_file(struct tiff *tiff, FILE *file)
{
    /* libtiff reads from where the descriptor is, which a rewound FILE need not have moved. */
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options || lseek(fileno(file), 0, SEEK_SET) != 0)
        return false;
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_error, tiff);
    TIFFOpenOptionsSetWarningHandlerExtR(options, drop_warning, tiff);
    /* Not mapped (m): a file that becomes shorter meanwhile would end the program by a signal. */
    tiff->file = TIFFFdOpenExt(fileno(file), tiff->label, "rm", options);
    TIFFOpenOptionsFree(options);
    return tiff->file;
}

/* Whether the current directory is one of a raw file: its version of DNG, or a sensor's samples. */
static bool directory_is_raw(TIFF *file)
{
    enum { LINEAR_RAW = 34892 };
    uint16_t photometric = 0;
    uint32_t count;
    unsigned char *version;
    TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &photometric);
    return photometric == PHOTOMETRIC_CFA || photometric == LINEAR_RAW ||
           TIFFGetField(file, TIFFTAG_DNGVERSION, &count, &version);
}

/* Whether the current directory is a thumbnail, a reduced page or a mask. */
static bool is_lesser(TIFF *file)
{
    uint32_t subfile = 0;
    uint16_t old = 0;
    TIFFGetField(file, TIFFTAG_SUBFILETYPE, &subfile);
    TIFFGetField(file, TIFFTAG_OSUBFILETYPE, &old);
    return subfile & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK) || old == OFILETYPE_REDUCEDIMAGE;
}

static void add_page(struct tiff *tiff, uint64_t offset)
{
    tiff->pages = alloc_grow(tiff->pages, tiff->count, &tiff->room, sizeof *tiff->pages);
    tiff->pages[tiff->count++] = offset;
}

/* Notes where the directories below the current one are. Cameras put the sensor's samples there,
   beside a thumbnail in the first directory. */
static void note_below(TIFF *file, struct below *below)
{
    uint64_t *offsets;
    uint16_t count = 0;
    if (!TIFFGetField(file, TIFFTAG_SUBIFD, &count, &offsets))
        return;
    for (unsigned i = 0; i < count && below->count < BELOW_MAX; i++)
        below->offsets[below->count++] = offsets[i];
}

/* Whether the current directory can be a page beside the first, whose layout is FIRST. If it cannot
   be read, reading it will tell. */
static bool is_like(TIFF *file, const struct tiff_layout *first)
{
    struct tiff_layout here;
    char *error = tiff_layout(file, &here);
    bool read = !error;
    free(error);
    return here.width == first->width && here.height == first->height &&
           (!read || (here.depth == first->depth && here.maxval == first->maxval));
}

/* Finds the pages. If all directories are lesser ones, the first is a page. */
static void find_pages(struct tiff *tiff)
{
    TIFF *file = tiff->file;
    uint64_t begin = TIFFCurrentDirOffset(file);
    struct tiff_layout first;
    unsigned directories = 0;
    do {
        directories++;
        if (is_lesser(file) || (tiff->count > 0 && !is_like(file, &first)))
            continue;
        if (tiff->count == 0)
            free(tiff_layout(file, &first));
        add_page(tiff, TIFFCurrentDirOffset(file));
    } while (TIFFReadDirectory(file));
    if (tiff->count == 0)
        add_page(tiff, begin);
    if (directories > tiff->count)
        message_note("%s: %u of its %u pages are left out: thumbnails, masks, or unlike the first",
                     tiff->label, directories - tiff->count, directories);
}

struct tiff *tiff_open(FILE *file, const char *label, char **error)
{
    struct tiff *tiff = alloc_zeroed(1, sizeof *tiff);
    tiff->label = label;
    *error = NULL;
    if (open_file(tiff, file))
        find_pages(tiff);
    if (tiff->file && !tiff->error)
        return tiff;
    *error = damage(tiff);
    tiff_close(tiff);
    return NULL;
}

unsigned char *tiff_profile(struct tiff *tiff, size_t *count, bool *inks)
{
    uint32_t bytes = 0;
    uint16_t photometric = 0;
    void *profile = NULL;
    *count = 0;
    if (!TIFFSetSubDirectory(tiff->file, tiff->pages[0]))
        return NULL;
    TIFFGetField(tiff->file, TIFFTAG_PHOTOMETRIC, &photometric);
    *inks = photometric == PHOTOMETRIC_SEPARATED;
    if (!TIFFGetField(tiff->file, TIFFTAG_ICCPROFILE, &bytes, &profile) || bytes == 0)
        return NULL;
    *count = bytes;
    return memcpy(alloc_array(bytes, 1), profile, bytes);
}

/* ---- raw files ---- */

/* What the directories tell of a raw file. */
struct survey {
    bool raw;         /* one is a raw file's */
    bool full;        /* one is no lesser one */
    uint64_t largest; /* pixels of any other */
    struct below below;
};

static void look_at_directory(TIFF *file, struct survey *survey)
{
    uint32_t width = 0, height = 0;
    TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(file, TIFFTAG_IMAGELENGTH, &height);
    uint64_t pixels = (uint64_t)width * height;
    survey->largest = pixels > survey->largest ? pixels : survey->largest;
    survey->raw |= directory_is_raw(file);
    survey->full |= !is_lesser(file);
}

bool tiff_is_raw(FILE *file, const char *label, uint64_t pixels)
{
    struct tiff *tiff = alloc_zeroed(1, sizeof *tiff);
    struct survey survey = {0};
    tiff->label = label;
    if (!open_file(tiff, file)) {
        tiff_close(tiff);
        return pixels > 0;
    }
    do {
        look_at_directory(tiff->file, &survey);
        note_below(tiff->file, &survey.below);
    } while (!survey.raw && TIFFReadDirectory(tiff->file));
    bool thumbnails = !survey.full && survey.below.count > 0;
    for (unsigned i = 0; i < survey.below.count && !survey.raw; i++)
        if (TIFFSetSubDirectory(tiff->file, survey.below.offsets[i]))
            look_at_directory(tiff->file, &survey);
    tiff_close(tiff);
    return survey.raw || thumbnails || pixels > survey.largest;
}

void tiff_close(struct tiff *tiff)
{
    if (tiff->file)
        TIFFCleanup(tiff->file); /* which leaves the file open */
    free(tiff->error);
    free(tiff->pages);
    free(tiff);
}

unsigned tiff_pages(const struct tiff *tiff)
{
    return tiff->count;
}

char *tiff_read(struct tiff *tiff, unsigned i, struct frame *frame)
{
    struct tiff_layout layout;
    uint16_t orientation = 0;
    if (!TIFFSetSubDirectory(tiff->file, tiff->pages[i]))
        return damage(tiff);
    char *error = tiff_layout(tiff->file, &layout);
    if (!error)
        error = photo_begin(frame, layout.width, layout.height, layout.depth, layout.maxval);
    if (error)
        return error;
    if (TIFFGetField(tiff->file, TIFFTAG_ORIENTATION, &orientation) && orientation <= 8)
        comments_set_orientation(frame, orientation);
    if (layout.color == TIFF_CMYK && !tiff->cmyk_told)
        message_note("%s: CMYK, converted without its profile", tiff->label);
    tiff->cmyk_told = layout.color == TIFF_CMYK;
    error = tiff_pixels(tiff->file, &layout, &tiff->error, frame);
    if (!tiff->error)
        return error;
    free(error);
    return damage(tiff);
}
