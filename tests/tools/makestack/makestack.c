/* SPDX-License-Identifier: MIT
 *
 * makestack: make a focus stack whose truth is known.
 *
 * A subject is a function of the plane, in the reference frame's pixel coordinates: a sum of noise
 * octaves, points, blobs, hairs and plates with sharp edges, or a photograph. A frame's sample at
 * pixel q is subject(T q), with T the exact inverse of the matrix that truth.tsv holds: nothing is
 * resampled on the way, so the truth has no error of its own. With parallax T depends on the
 * subject's depth at that place, and the truth is that of the depth in focus. Defocus is Gaussian
 * and grows with the distance between the subject's depth at that place and the frame's focus; each
 * part of the procedural subject has its blurred form in closed form (an octave: its attenuation at
 * its middle frequency). Then come the light of the frame, the sensor's dust, its noise and its bad
 * pixels.
 *
 * The subject is in subject.h, feature.h and photo.h, the camera in view.h, strip.h and camera.h,
 * the bad pixels are in badpixels.h, the options in options.h and kinds.h. Stacks for fusion are in
 * scene.h and exposure.h. Here are the files.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <netpbm/pm.h>
#include <netpbm/shhopt.h>

#include "alloc.h"
#include "badpixels.h"
#include "camera.h"
#include "exposure.h"
#include "frame.h"
#include "matrix.h"
#include "mosaic.h"
#include "options.h"
#include "photo.h"
#include "random.h"
#include "scene.h"
#include "subject.h"
#include "view.h"

#define EDGE_REACH 20 /* pixels: what is so near to an outline may have a halo */

static FILE *open_in(const char *dir, const char *name, const char *mode)
{
    char *path = alloc_printf("%s/%s", dir, name);
    FILE *file = fopen(path, mode);
    if (!file)
        pm_error("%s: %s", path, strerror(errno));
    free(path);
    return file;
}

static void close_checked(FILE *file, const char *name)
{
    if (fflush(file) || ferror(file) || fclose(file))
        pm_error("%s could not be written", name);
}

static void frame_file_name(char name[32], unsigned index)
{
    snprintf(name, 32, "%04u.pam", index);
}

static const char *tuple_type(unsigned depth)
{
    static const char *const types[] = {"GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"};
    return types[depth - 1];
}

/* Returns the raster's place in the file. */
static long frame_save(const struct frame *frame, const char *dir, const char *name)
{
    FILE *file = open_in(dir, name, "wb");
    long start =
        fprintf(file, "P7\nWIDTH %u\nHEIGHT %u\nDEPTH %u\nMAXVAL %u\nTUPLTYPE %s\nENDHDR\n",
                frame->width, frame->height, frame->depth, frame->maxval, tuple_type(frame->depth));
    fwrite(frame->raster, 1, frame_raster_bytes(frame), file);
    close_checked(file, name);
    return start;
}

static const char truth_header[] =
    "frame\tm11\tm12\tm13\tm21\tm22\tm23\tm31\tm32\tm33\terror\tscatter\tshare\tncc\n";

static void save_truth_row(FILE *file, unsigned index, const struct matrix *m, bool wrong)
{
    fprintf(file, "%04u", index);
    if (wrong) {
        fprintf(file, "\tfailed\n");
        return;
    }
    for (int i = 0; i < 9; i++)
        fprintf(file, "\t%.15g", m->m[i]);
    fprintf(file, "\t0\t0\t1\t1\n");
}

/* The transform from frame INDEX - 1 to frame INDEX, of view VIEW, at the depth that is equally
   sharp in both. */
static void save_neighbours_row(FILE *file, const struct options *options, unsigned index,
                                const struct view *view)
{
    struct view before = view_make(options, index - 1);
    double depth = ((double)before.focus + (double)view->focus) / 2;
    struct matrix back = matrix_inverse(view_at_depth(&before, depth));
    struct matrix link = matrix_normalise(matrix_multiply(view_at_depth(view, depth), back));
    bool wrong = options->wrong[index - 1] != RIGHT || options->wrong[index] != RIGHT;
    save_truth_row(file, index, &link, wrong);
}

/*
 * Writes the frames, without bad pixels, and the truth about them, and lets BAD look at those that
 * are right. Returns the raster's place in each file.
 */
static long save_frames(const struct options *options, const struct subject *subject,
                        const struct subject *other, struct badpixels *bad)
{
    float *shading = camera_shading(options);
    struct frame frame = {.width = options->width,
                          .height = options->height,
                          .depth = options->depth,
                          .maxval = options->maxval};
    long start = 0;
    char name[32];

    frame_alloc(&frame);
    FILE *truth = open_in(options->dir, "truth.tsv", "w");
    FILE *light = open_in(options->dir, "light.tsv", "w");
    FILE *neighbours = open_in(options->dir, "neighbours.tsv", "w");
    fputs(truth_header, truth);
    fputs(truth_header, neighbours);
    fprintf(light, "frame\tgain\tgamma\n");
    for (unsigned i = 0; i < options->frames; i++) {
        struct view view = view_make(options, i);
        camera_expose(&frame, options, options->wrong[i] == WRONG_SCENE ? other : subject, &view,
                      shading, random_hash(random_hash(options->seed, 1000), i));
        if (options->wrong[i] == RIGHT)
            badpixels_look(bad, &frame);
        frame_file_name(name, i);
        start = frame_save(&frame, options->dir, name);
        struct matrix in_focus = view_at_depth(&view, (double)view.focus);
        save_truth_row(truth, i, &in_focus, options->wrong[i] != RIGHT);
        if (i > 0)
            save_neighbours_row(neighbours, options, i, &view);
        fprintf(light, "%04u\t%.7g\t%.7g\n", i, (double)view.gain, (double)view.gamma);
    }
    close_checked(truth, "truth.tsv");
    close_checked(neighbours, "neighbours.tsv");
    close_checked(light, "light.tsv");
    frame_free(&frame);
    free(shading);
    return start;
}

/* Replaces the raster, which begins at START of FILE, by one interpolated from its mosaic. */
static void save_mosaic(const struct options *options, FILE *file, long start)
{
    struct frame frame = {.width = options->width,
                          .height = options->height,
                          .depth = options->depth,
                          .maxval = options->maxval};
    frame_alloc(&frame);
    size_t bytes = frame_raster_bytes(&frame);
    if (fseek(file, start, SEEK_SET) || fread(frame.raster, 1, bytes, file) != bytes)
        pm_error("a frame could not be read back");
    mosaic_interpolate(&frame);
    fseek(file, start, SEEK_SET);
    fwrite(frame.raster, 1, bytes, file);
    frame_free(&frame);
}

/* Adds the bad pixels to all frames' files, whose rasters begin at START, and interpolates those of
   a mosaic. */
static void finish_frames(const struct options *options, const struct badpixels *bad, long start)
{
    for (unsigned i = 0; i < options->frames && (bad->n > 0 || options->mosaic); i++) {
        char name[32];
        frame_file_name(name, i);
        FILE *file = open_in(options->dir, name, "r+b");
        badpixels_apply(bad, options, file, start);
        if (options->mosaic)
            save_mosaic(options, file, start);
        close_checked(file, name);
    }
    FILE *file = open_in(options->dir, "pixels.tsv", "w");
    badpixels_print(bad, file);
    close_checked(file, "pixels.tsv");
}

/* A stack for fusion, its truth, its depth and where the outlines are. */
static void make_scene(const struct options *options)
{
    size_t pixels = alloc_product(options->width, options->height);
    float *rgb = alloc_array(3 * pixels, sizeof *rgb);
    float *lattice = subject_lattice(options->seed);
    struct scene scene;
    scene_make(&scene, options, lattice);
    struct frame frame = {.width = options->width,
                          .height = options->height,
                          .depth = options->depth,
                          .maxval = options->maxval};
    struct frame truth = {
        .width = options->width, .height = options->height, .depth = 3, .maxval = 65535};
    struct frame depth = {
        .width = options->width, .height = options->height, .depth = 1, .maxval = 65535};
    struct frame edges = {
        .width = options->width, .height = options->height, .depth = 1, .maxval = 255};
    frame_alloc(&frame);
    for (unsigned i = 0; i < options->frames; i++) {
        char name[32];
        float last = options->frames > 1 ? (float)(options->frames - 1) : 1;
        scene_view(&scene, (float)i / last, rgb);
        exposure_take(&frame, options, i, rgb);
        frame_file_name(name, i);
        frame_save(&frame, options->dir, name);
    }
    frame_alloc(&truth);
    scene_truth(&scene, rgb);
    exposure_truth(&truth, rgb);
    frame_save(&truth, options->dir, "truth.pam");
    frame_alloc(&depth);
    scene_depth(&scene, rgb);
    for (unsigned y = 0; y < depth.height; y++)
        for (unsigned x = 0; x < depth.width; x++)
            frame_put(&depth, x, y, 0, (unsigned)(rgb[(size_t)y * depth.width + x] * 65535 + 0.5f));
    frame_save(&depth, options->dir, "depth.pam");
    frame_alloc(&edges);
    scene_edges(&scene, EDGE_REACH, edges.raster);
    frame_save(&edges, options->dir, "edges.pam");
    frame_free(&frame);
    frame_free(&truth);
    frame_free(&depth);
    frame_free(&edges);
    scene_free(&scene);
    free(lattice);
    free(rgb);
}

static void make_stack(const struct options *options)
{
    float *lattice = subject_lattice(options->seed);
    struct photo photo = {0};
    if (options->subject)
        photo_read(&photo, options->subject, options->width, options->height);
    const struct photo *given = options->subject ? &photo : NULL;
    struct subject subject[SUBJECT_LAYERS], other[SUBJECT_LAYERS];
    subject_make(subject, options, random_hash(options->seed, 900), lattice, given);
    subject_make(other, options, random_hash(options->seed, 901), lattice, NULL);
    struct badpixels bad;

    badpixels_init(&bad, options);
    long start = save_frames(options, subject, other, &bad);
    badpixels_choose(&bad, options);
    finish_frames(options, &bad, start);

    badpixels_free(&bad);
    photo_free(&photo);
    free(lattice);
}

int main(int argc, const char **argv)
{
    pm_init(argv[0], 0);
    pm_optSetFatalFunc(pm_error);
    struct options options = options_parse(argc, argv);
    if (mkdir(options.dir, 0777)) /* not into a directory that may hold frames of another stack */
        pm_error("%s: %s", options.dir, strerror(errno));
    if (options.scene != NO_SCENE)
        make_scene(&options);
    else
        make_stack(&options);
    free(options.wrong);
    return 0;
}
