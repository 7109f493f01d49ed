/* SPDX-License-Identifier: MIT */

#ifndef OPTIONS_H
#define OPTIONS_H

/* Why a frame cannot be aligned, if so: another scene, no light, too much light, a shift by half
   the width. */
enum wrong { RIGHT, WRONG_SCENE, WRONG_DARK, WRONG_WHITE, WRONG_HALF };

/* How depth runs through the subject: bumps; a tilted plane with lower ones; flat layers, the
   nearer ones with holes. */
enum relief { RELIEF_SMOOTH, RELIEF_RAMP, RELIEF_LAYERS };

/* Subjects for fusion, of frames that are aligned: see scene.h. */
enum scene_kind { NO_SCENE, SCENE_RELIEF, SCENE_BRISTLE, SCENE_BLOBS, SCENE_FLAT };

/* All the information the user supplied, and the defaults for the rest. */
struct options {
    const char *dir, *kind, *subject; /* kind, subject: or NULL */
    unsigned width, height, frames, depth, maxval, seed;
    int reference;
    float texture, points, repeat, defocus;        /* factors, pixels */
    float breathing, rotate, shift, perspective;   /* per cent, degrees, pixels */
    float parallax, parallaxangle, depthbreathing; /* pixels, degrees, per cent */
    enum relief relief;
    enum scene_kind scene;
    unsigned wholeshift;                          /* boolean */
    float gain, gamma, exposure, vignette, noise; /* fractions; levels */
    unsigned mosaic;                              /* boolean */
    unsigned hot, dead, cluster2, cluster5, dust; /* counts */
    float level_min, level_max;                   /* levels */
    enum wrong *wrong;                            /* of each frame */
};

/* The options of the command line, checked; wrong text in it ends the program with a message. The
   caller frees wrong with free(). */
struct options options_parse(int argc, const char **argv);

/* The most pixels by which the nearest and the farthest point of the subject move against each
   other through the stack. */
double options_parallax(const struct options *options);

#endif
