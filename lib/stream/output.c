/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <poll.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "ending.h"
#include "message.h"
#include "output.h"
#include "pam_io.h"
#include "png_io.h"
#include "tempfile.h"

struct output {
    struct output_options options;
    void *names; /* of the files so far: a tree of tsearch() */
    bool scaling_told;

    const struct frame *frame; /* the one being written */
    unsigned rows_left;        /* of it */
    char *path;                /* its file, or NULL for standard output */
    struct tempfile *tempfile;
    FILE *file;
    struct png_writer *png;
};

/* Whether standard output holds complete frames, all flushed, and the stream has not ended.
   File-scope, because the end of the program looks at it. */
static volatile sig_atomic_t between_frames;

/* Only between frames: a reader notices a stream cut within a frame. Waits a limited time, so that
   a signal ends the program even if the reader takes nothing any more. */
static void break_unfinished(void)
{
    enum { PATIENCE = 5000 }; /* milliseconds */
    static const char broken_header[] = "P7 failed\n";
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (between_frames && poll(&out, 1, PATIENCE) > 0 &&
        write(STDOUT_FILENO, broken_header, sizeof broken_header - 1) < 0)
        return; /* the reader is gone */
}

static void open_directory(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        message_error("-outdir=%s: the directory is not there and cannot be made: %s", path,
                      strerror(errno));
    if (access(path, W_OK | X_OK) != 0)
        message_error("-outdir=%s cannot be written to: %s", path, strerror(errno));
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        message_error("-outdir=%s is no directory", path);
}

struct output *output_open(const struct output_options *options)
{
    struct output *out = alloc_zeroed(1, sizeof *out);
    out->options = *options;
    if (options->outdir) {
        open_directory(options->outdir);
    } else {
        if (isatty(STDOUT_FILENO))
            message_error("images are binary and standard output is a terminal: redirect it "
                          "(>result.%s)%s%s",
                          options->ending ? options->ending : "pam",
                          options->option ? ", pipe it, or use " : " or pipe it",
                          options->option ? options->option : "");
        ending_add(break_unfinished);
    }
    return out;
}

/* What messages call the destination of the current frame. */
static const char *label(const struct output *out)
{
    return out->path ? out->path : "standard output";
}

/* Writes at once what fits into a pipe, and more in quarters of a pipe, so that writer and reader
   work at the same time: cat takes a frame a third faster then. */
static void write_raw_rows(const struct output *out, const unsigned char *rows, unsigned count)
{
    enum { PIPE_BYTES = 64 << 10 };
    size_t left = count * frame_row_bytes(out->frame);
    size_t piece = left > PIPE_BYTES ? PIPE_BYTES / 4 : left;
    for (; left > 0; left -= piece, rows += piece) {
        piece = left < piece ? left : piece;
        if (fwrite(rows, 1, piece, out->file) != piece)
            message_error("%s could not be written: %s", label(out), strerror(errno));
    }
}

static void tell_scaling(const struct frame *frame, bool *told)
{
    if (frame->maxval != png_maxval(frame) && !*told) {
        message_note("PNG has no maxval of %u: samples are scaled to %u", frame->maxval,
                     png_maxval(frame));
        *told = true;
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Remembers NAME. Ends the program if it was there before, or cannot name a file. */
static void claim_name(struct output *out, const char *name)
{
    if (strchr(name, '/') || name[0] == '\0')
        message_error("a frame is called \"%s\", which cannot name a file in %s: use -name=NAME",
                      name, out->options.outdir);
    char *copy = alloc_string(name);
    char *const *entry = tsearch(copy, &out->names, compare_names);
    if (!entry)
        message_error("out of memory for the names of the frames");
    if (*entry != copy)
        message_error("two frames are called %s, and %s can hold one of that name: give them other "
                      "names, or other runs",
                      name, out->options.outdir);
}

static void open_file(struct output *out, const struct frame *frame)
{
    claim_name(out, frame->name);
    const char *ending = out->options.ending ? out->options.ending : "pam";
    out->path = alloc_printf("%s/%s.%s", out->options.outdir, frame->name,
                             out->options.png ? "png" : ending);
    out->tempfile = tempfile_create(out->path);
    out->file = tempfile_stream(out->tempfile);
}

static void close_file(struct output *out)
{
    tempfile_commit(out->tempfile);
    free(out->path);
}

/* Ends the program unless everything sent to standard output was WRITTEN. */
static void check_stdout(bool written)
{
    if (!written)
        message_error("standard output could not be written: %s", strerror(errno));
}

FILE *output_file_begin(struct output *out, const struct frame *frame, const char **called)
{
    if (out->options.outdir) {
        open_file(out, frame);
    } else {
        between_frames = false;
        out->file = stdout;
    }
    *called = label(out);
    return out->file;
}

void output_file_end(struct output *out)
{
    if (out->options.outdir)
        close_file(out);
    else
        output_check_stdout();
}

void output_begin(struct output *out, const struct frame *frame)
{
    const char *called;
    FILE *file = output_file_begin(out, frame, &called);
    out->frame = frame;
    out->rows_left = frame->height;
    if (out->options.png) {
        tell_scaling(frame, &out->scaling_told);
        out->png = png_writer_open(file, called, frame);
    } else {
        pam_write_header(file, frame);
    }
}

void output_rows(struct output *out, const unsigned char *rows, unsigned count)
{
    if (out->options.png)
        png_writer_rows(out->png, rows, count);
    else
        write_raw_rows(out, rows, count);
    out->rows_left -= count;
    if (out->rows_left > 0)
        return;
    if (out->options.png)
        png_writer_finish(out->png);
    output_file_end(out);
    between_frames = !out->options.outdir;
}

void output_frame(struct output *out, const struct frame *frame)
{
    output_begin(out, frame);
    output_rows(out, frame->raster, frame->height);
}

/* Ends the program if standard output was closed, and is open for reading since
   descriptors_fill_standard(). To write there would fail too, but some programs have nothing to
   write. */
static void check_stdout_open(void)
{
    if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) != O_RDONLY)
        return;
    errno = EBADF;
    check_stdout(false);
}

void output_check_stdout(void)
{
    check_stdout_open();
    check_stdout(!ferror(stdout) && fflush(stdout) == 0);
}

void output_flush_stdout(void)
{
    output_check_stdout();
    check_stdout(fclose(stdout) == 0);
}

void output_close(struct output *out)
{
    between_frames = false;
    if (!out->options.outdir)
        output_flush_stdout();
    while (out->names) {
        char *name = *(char **)out->names;
        tdelete(name, &out->names, compare_names);
        free(name);
    }
    free(out);
}

struct tempfile *output_pam_file(const char *path, const struct frame *frame)
{
    struct tempfile *file = tempfile_create(path);
    pam_write_header(tempfile_stream(file), frame);
    fwrite(frame->raster, 1, frame_raster_bytes(frame), tempfile_stream(file));
    tempfile_flush(file);
    return file;
}

struct tempfile *output_png_file(const char *path, const struct frame *frame)
{
    bool told = false;
    tell_scaling(frame, &told);
    struct tempfile *file = tempfile_create(path);
    struct png_writer *png = png_writer_open(tempfile_stream(file), path, frame);
    png_writer_rows(png, frame->raster, frame->height);
    png_writer_finish(png);
    tempfile_flush(file);
    return file;
}
