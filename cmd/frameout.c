/*
 * frameout - out again as photographs: frames become JPEG, TIFF or PNG, upright, with the metadata
 * of their originals
 *
 * SPDX-License-Identifier: MIT
 */

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cmdline.h"
#include "comments.h"
#include "exif.h"
#include "exiftool.h"
#include "frame.h"
#include "input.h"
#include "jpeg_write.h"
#include "message.h"
#include "metadata.h"
#include "originals.h"
#include "output.h"
#include "picture.h"
#include "png_io.h"
#include "png_metadata.h"
#include "profile.h"
#include "tempfile.h"
#include "tiff_write.h"

static const char synopsis[] =
    "frameout -jpeg[=QUALITY] | -tiff[=deflate|lzw] | -png [-from=FILE ...]\n"
    "           [-background=V,...] [-outdir=DIR | -output=FILE] [-v] [-name=NAME ...]\n"
    "           [frame ...]";

enum format { FORMAT_JPEG, FORMAT_TIFF, FORMAT_PNG };
static const char *const format_names[] = {"JPEG", "TIFF", "PNG"};

/* All the information the user supplied on the command line. */
struct cmdline {
    enum format format;
    unsigned quality; /* of JPEG, 1..100 */
    enum tiff_compression compression;
    const char **from;      /* originals and directories of them, NULL behind the last */
    unsigned background[3]; /* 0..255: what shows through a JPEG's frame that is not opaque */
    unsigned background_count;
    const char *outdir;
    const char *output; /* a file, for one picture; NULL with -outdir and for standard output */
    bool verbose;       /* prints the call of exiftool */
    const char **names; /* of the frames on standard input, NULL behind the last */
    char *const *operands;
    unsigned operand_count;
};

/* The pictures to write, and what is known of them. */
struct batch {
    const struct cmdline *cmd;
    struct originals *originals; /* or NULL */
    struct output *out;          /* NULL with -output */
    struct exiftool *exiftool;   /* what it has to do */
    const char *told;            /* the last original that a picture of another name took */
    bool scaling_told, unturned_told;
};

static void parse_background(struct cmdline *cmd, const char *text)
{
    double values[3];
    cmd->background_count = cmdline_reals("background", text, values, 3);
    for (unsigned i = 0; i < cmd->background_count; i++)
        if (values[i] < 0 || values[i] > 255 || values[i] != floor(values[i]))
            message_error("-background=%s: a JPEG's samples are whole numbers from 0 to 255", text);
    if (cmd->background_count == 2)
        message_error("-background=%s: one sample for all colours is needed, or three", text);
    for (unsigned c = 0; c < 3; c++)
        cmd->background[c] = (unsigned)values[cmd->background_count == 1 ? 0 : c];
}

static void parse_cmdline(int argc, char **argv, struct cmdline *cmd)
{
    static const struct choice compressions[] = {
        {"deflate", TIFF_DEFLATE}, {"lzw", TIFF_LZW}, {NULL, 0}};
    bool jpeg, tiff, png;
    const char *quality, *compression, *background;
    const struct option options[] = {
        {"jpeg", &jpeg, &quality},
        {"tiff", &tiff, &compression},
        {"png", &png, NULL},
        {"background", NULL, &background},
        {"outdir", NULL, &cmd->outdir},
        {"output", NULL, &cmd->output},
        {"v", &cmd->verbose, NULL},
    };
    const struct option_list lists[] = {{"from", &cmd->from}, {"name", &cmd->names}};
    cmdline_parse_lists("frameout", synopsis, options, sizeof options / sizeof options[0], &argc,
                        argv, lists, sizeof lists / sizeof lists[0]);
    cmd->operands = argv + 1;
    cmd->operand_count = (unsigned)argc - 1;
    cmdline_check_names(cmd->names, cmd->operands, cmd->operand_count);
    if (jpeg + tiff + png != 1)
        message_error("%s: give one of -jpeg, -tiff and -png",
                      jpeg + tiff + png == 0 ? "no format is named" : "one format at a time");
    cmd->format = jpeg ? FORMAT_JPEG : tiff ? FORMAT_TIFF : FORMAT_PNG;
    cmd->quality = quality ? cmdline_whole("jpeg", quality, 1, 100) : 95;
    cmd->compression =
        (enum tiff_compression)cmdline_choice("tiff", compression, compressions, TIFF_DEFLATE);
    parse_background(cmd, background ? background : "255");
    cmdline_without_effect("background", background && !jpeg, "without -jpeg: opacity stays");
    cmdline_without_effect("v", cmd->verbose && !cmd->from[0], "without -from");
    if (cmd->outdir && cmd->output)
        message_error("-outdir and -output cannot both be given: a file lies in one place");
}

/* ---- metadata ---- */

/* Of a picture that takes the original PATH, which is no photograph of its name. */
static void tell_original(struct batch *batch, const struct frame *frame, const char *path,
                          const char *because)
{
    if (!because || path == batch->told)
        return;
    message_note("frame %s has no original of its name: its picture takes the metadata of %s, %s",
                 frame->name, path, because);
    batch->told = path;
}

/* Programs that drop what travels with a frame drop its orientation. */
static void tell_unturned(struct batch *batch, const struct frame *frame, const char *path,
                          unsigned orientation)
{
    if (orientation < 2 || comments_orientation(frame) || batch->unturned_told)
        return;
    message_note("%s has orientation %u, but frame %s says none, as when another program than "
                 "stackpbm's made it: it is not turned",
                 path, orientation, frame->name);
    batch->unturned_told = true;
}

static void drop_profile(struct metadata *metadata)
{
    free(metadata->profile);
    metadata->profile = NULL;
}

/* Leaves out a profile that does not tell what the picture's samples mean. */
static void choose_profile(const char *path, const struct frame *picture, struct metadata *metadata)
{
    unsigned colors = frame_colors(picture);
    if (!metadata->profile || (!metadata->inks && profile_fits(metadata->profile, colors)))
        return;
    message_note("%s: its colour profile is not one of %s pictures: it is left out", path,
                 colors == 1 ? "gray" : "RGB");
    drop_profile(metadata);
}

/* What only a PNG has a place for. */
static void tell_chunks(const struct cmdline *cmd, const char *path,
                        const struct metadata *metadata)
{
    if (cmd->format == FORMAT_PNG || metadata->profile)
        return;
    for (unsigned i = 0; i < CHUNKS; i++)
        if (metadata->chunk_bytes[i] && i != CHUNK_SRGB)
            message_note("%s: a %s has no place for its %s, and it has no colour profile: colours "
                         "may look different",
                         path, format_names[cmd->format],
                         png_metadata_type((enum metadata_chunk)i));
}

/* Makes the EXIF block that of PICTURE, or leaves it out where the format has no place for it. */
static void fit_exif(const struct cmdline *cmd, const char *path, const struct frame *picture,
                     struct metadata *metadata)
{
    size_t bytes =
        exif_patch(metadata->exif, metadata->exif_bytes, picture->width, picture->height);
    bool fits = cmd->format == FORMAT_PNG || (cmd->format == FORMAT_JPEG && bytes <= JPEG_EXIF_MAX);
    if (bytes == 0)
        message_note("%s: its EXIF is damaged: it is left out", path);
    metadata->exif_bytes = bytes;
    if (bytes > 0 && fits)
        return;
    metadata->more |= bytes > 0;
    free(metadata->exif);
    metadata->exif = NULL;
}

/* Gives METADATA what the picture of FRAME takes of its original, whose path is returned; NULL:
   there is none. */
static const char *take_metadata(struct batch *batch, const struct frame *frame,
                                 const struct frame *picture, struct metadata *metadata)
{
    const char *because;
    if (!batch->originals)
        return NULL;
    const char *path = originals_find(batch->originals, frame, &because);
    tell_original(batch, frame, path, because);
    char *error = metadata_read(path, metadata);
    if (error)
        message_error("-from: %s: %s", path, error);
    choose_profile(path, picture, metadata);
    tell_chunks(batch->cmd, path, metadata);
    if (metadata->exif) {
        tell_unturned(batch, frame, path, exif_orientation(metadata->exif, metadata->exif_bytes));
        fit_exif(batch->cmd, path, picture, metadata);
    }
    return path;
}

/* ---- pictures ---- */

static void write_png(FILE *file, const char *label, struct picture *picture,
                      const struct metadata *metadata)
{
    const struct frame *geometry = picture_geometry(picture);
    struct png_writer *png = png_writer_open(file, label, geometry);
    for (unsigned i = 0; i < CHUNKS; i++)
        if (metadata->chunk_bytes[i])
            png_writer_chunk(png, png_metadata_type((enum metadata_chunk)i), metadata->chunks[i],
                             metadata->chunk_bytes[i]);
    if (metadata->profile) {
        size_t count;
        unsigned char *bytes = png_metadata_profile(metadata, &count);
        png_writer_chunk(png, "iCCP", bytes, count);
        free(bytes);
    }
    if (metadata->exif)
        png_writer_chunk(png, "eXIf", metadata->exif, metadata->exif_bytes);
    unsigned char *row = alloc_array(1, frame_row_bytes(geometry));
    for (unsigned y = 0; y < geometry->height; y++) {
        picture_row(picture, y, row);
        png_writer_rows(png, row, 1);
    }
    free(row);
    png_writer_finish(png);
}

static void tell_scaling(struct batch *batch, const struct frame *frame, unsigned maxval)
{
    if (frame->maxval != maxval && batch->cmd->format != FORMAT_JPEG && !batch->scaling_told) {
        message_note("a %s of maxval %u is not written: samples are scaled to %u",
                     format_names[batch->cmd->format], frame->maxval, maxval);
        batch->scaling_told = true;
    }
}

static struct picture *make_picture(struct batch *batch, const struct frame *frame)
{
    const struct cmdline *cmd = batch->cmd;
    if (cmd->format != FORMAT_JPEG) {
        tell_scaling(batch, frame, png_maxval(frame));
        return picture_new(frame, png_maxval(frame), NULL);
    }
    if (frame_has_opacity(frame) && frame_colors(frame) == 1 && cmd->background_count == 3)
        message_error("frame %s is gray, but -background has three samples: give one", frame->name);
    return picture_new(frame, 255, cmd->background);
}

/* The file to write FRAME's picture to, and what messages call it. *TEMPFILE gets that of -output,
   or NULL. */
static FILE *begin_file(struct batch *batch, const struct frame *frame, const char **label,
                        struct tempfile **tempfile)
{
    const char *output = batch->cmd->output;
    *tempfile = output ? tempfile_create(output) : NULL;
    FILE *file = output ? tempfile_stream(*tempfile) : output_file_begin(batch->out, frame, label);
    *label = output ? output : *label;
    if (originals_hold(batch->originals, *label))
        message_error("%s is an original that -from names: the picture would replace it. Name "
                      "another place",
                      *label);
    return file;
}

/* Notes what of the metadata of ORIGINAL is left for exiftool. */
static void leave_rest(struct batch *batch, const char *original, const char *picture,
                       const struct metadata *metadata)
{
    if (metadata->more)
        exiftool_add(batch->exiftool, original, picture, metadata->exif,
                     batch->cmd->format != FORMAT_PNG);
}

static void write_frame(struct batch *batch, const struct frame *frame)
{
    const struct cmdline *cmd = batch->cmd;
    struct picture *picture = make_picture(batch, frame);
    struct metadata metadata = {0};
    const char *original = take_metadata(batch, frame, picture_geometry(picture), &metadata);
    const char *label;
    struct tempfile *tempfile;
    FILE *file = begin_file(batch, frame, &label, &tempfile);
    if (cmd->format == FORMAT_JPEG)
        jpeg_write(file, label, picture, cmd->quality, &metadata);
    else if (cmd->format == FORMAT_TIFF)
        tiff_write(file, label, picture, cmd->compression, &metadata);
    else
        write_png(file, label, picture, &metadata);
    if (original)
        leave_rest(batch, original, label, &metadata);
    if (tempfile)
        tempfile_commit(tempfile);
    else
        output_file_end(batch->out);
    metadata_free(&metadata);
    picture_free(picture);
}

/* A file holds one picture, which is not begun before it is certain that no other follows. */
static void write_single(struct batch *batch, struct input *in, struct frame *frame)
{
    struct frame next = {0};
    input_read(in, frame);
    if (input_next(in, &next))
        message_error("%s holds one picture, but frame %s follows frame %s: use -outdir=DIR",
                      batch->cmd->output ? batch->cmd->output : "standard output", next.name,
                      frame->name);
    write_frame(batch, frame);
    frame_free(&next);
}

static void show_call(const struct exiftool *call)
{
    char *text = exiftool_text(call);
    message_command(text);
    free(text);
}

static void tell_rest(const struct batch *batch)
{
    const struct cmdline *cmd = batch->cmd;
    unsigned count = exiftool_count(batch->exiftool);
    if (count == 0)
        return;
    if (!cmd->outdir && !cmd->output)
        message_note("the original has metadata that only exiftool carries over, to a file: use "
                     "-output=FILE and -v");
    else if (!cmd->verbose)
        message_note("%u %s metadata that only exiftool carries over: -v prints the call", count,
                     count == 1 ? "original has" : "originals have");
    else
        show_call(batch->exiftool);
}

int main(int argc, char **argv)
{
    static const char *const endings[] = {"jpg", "tif", "png"};
    struct cmdline cmd = {0};
    struct batch batch = {.cmd = &cmd};
    struct frame frame = {0};
    parse_cmdline(argc, argv, &cmd);
    batch.originals = originals_new(cmd.from);
    batch.exiftool = exiftool_new();
    const struct output_options options = {.outdir = cmd.outdir,
                                           .ending = endings[cmd.format],
                                           .option = "-output=FILE or -outdir=DIR"};
    batch.out = cmd.output ? NULL : output_open(&options);
    struct input *in = input_open(cmd.operands, cmd.operand_count, cmd.names);
    if (cmd.outdir)
        while (input_read(in, &frame))
            write_frame(&batch, &frame);
    else
        write_single(&batch, in, &frame);
    input_close(in);
    if (batch.out)
        output_close(batch.out);
    tell_rest(&batch);
    exiftool_free(batch.exiftool);
    originals_free(batch.originals);
    frame_free(&frame);
    free(cmd.from);
    free(cmd.names);
    return EXIT_SUCCESS;
}
