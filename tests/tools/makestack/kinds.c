/* SPDX-License-Identifier: MIT */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <netpbm/pm.h>

#include "kinds.h"

static const char *const kinds[] = {
    "easy",       "breathing",      "rotated", "dark",  "defocus", "lowtexture", "shift",
    "repetitive", "homography",     "hot",     "dust",  "16bit",   "wrong",      "noise",
    "parallax",   "depthbreathing", "layers",  "camera"};

/* Of a subject for fusion. */
struct fusion_kind {
    const char *name;
    enum scene_kind scene;
    unsigned frames;
    float noise;
};

static const struct fusion_kind scenes[] = {{"relief", SCENE_RELIEF, 15, 1},
                                            {"bristle", SCENE_BRISTLE, 20, 2},
                                            {"blobs", SCENE_BLOBS, 24, 5},
                                            {"flat", SCENE_FLAT, 60, 2}};

static const struct fusion_kind *find_scene(const char *kind)
{
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        if (!strcmp(kind, scenes[i].name))
            return &scenes[i];
    return NULL;
}

bool kinds_known(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kind, kinds[i]))
            return true;
    return find_scene(kind);
}

static void apply_scene(struct options *options, const struct fusion_kind *kind)
{
    options->scene = kind->scene;
    options->frames = kind->frames;
    options->depth = 4;
    options->noise = kind->noise;
    options->gain = 0.006f;
}

/* What the kinds share: a camera on a stand that moves a little, and a sensor without faults. */
void kinds_apply(struct options *options, const char *kind)
{
    const struct fusion_kind *scene = find_scene(kind);
    if (scene) {
        apply_scene(options, scene);
        return;
    }
    float width = (float)options->width;
    options->defocus = 6;
    options->breathing = 1;
    options->rotate = 0.2f;
    options->shift = width / 200;
    options->gain = 0.2f;
    options->vignette = 0.3f;
    options->noise = 1;
    if (!strcmp(kind, "easy")) {
        options->defocus = 3;
        options->breathing = 0.5f;
    } else if (!strcmp(kind, "breathing")) {
        options->breathing = 4;
    } else if (!strcmp(kind, "rotated")) {
        options->breathing = 2;
        options->rotate = 1.5f;
    } else if (!strcmp(kind, "dark")) {
        options->exposure = 0.08f;
        options->noise = 2;
    } else if (!strcmp(kind, "defocus")) {
        options->defocus = 16;
    } else if (!strcmp(kind, "lowtexture")) {
        options->texture = 0.08f;
    } else if (!strcmp(kind, "shift")) {
        options->shift = 0.06f * width;
    } else if (!strcmp(kind, "repetitive")) {
        options->repeat = 40;
    } else if (!strcmp(kind, "homography")) {
        options->rotate = 1;
        options->shift = width / 50;
        options->perspective = width / 80;
    } else if (!strcmp(kind, "hot") || !strcmp(kind, "dust")) {
        options->hot = 500;
        options->level_min = 30;
        options->breathing = 2;
        options->dust = strcmp(kind, "dust") ? 0 : 40;
    } else if (!strcmp(kind, "16bit")) {
        options->maxval = 65535;
    } else if (!strcmp(kind, "parallax") || !strcmp(kind, "layers")) {
        options->relief = strcmp(kind, "layers") ? RELIEF_RAMP : RELIEF_LAYERS;
        options->parallax = width / 500;
        options->noise = 2;
        options->parallaxangle = 30;
    } else if (!strcmp(kind, "depthbreathing")) {
        options->relief = RELIEF_RAMP;
        options->breathing = 2;
        options->depthbreathing = 0.5f;
    } else if (!strcmp(kind, "camera")) {
        options->parallax = width / 1000;
        options->parallaxangle = 120;
        options->noise = 2;
        options->mosaic = 1;
        options->hot = 500;
        options->level_min = 30;
    } else if (!strcmp(kind, "noise")) {
        options->defocus = 14;
        options->hot = 200;
        options->dead = 100;
        options->noise = 0.6f;
        options->gain = 0.05f;
        options->points = 3;
        options->level_max = 80;
    }
}

void kinds_wrong(struct options *options)
{
    if (options->frames < 7)
        pm_error("-kind=wrong needs at least 7 frames");
    options->wrong[0] = WRONG_SCENE;
    options->wrong[options->frames / 2 - 1] = WRONG_DARK;
    options->wrong[options->frames / 2 + 1] = WRONG_WHITE;
    options->wrong[options->frames - 1] = WRONG_HALF;
}
