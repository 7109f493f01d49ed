/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "disc.h"
#include "random.h"
#include "scene.h"
#include "strip.h"
#include "subject.h"
#include "view.h"

static size_t pixels(const struct scene *scene)
{
    return (size_t)scene->width * (size_t)scene->height;
}

/* sRGB's curve (IEC 61966-2-1), from a sample to light. */
static float to_light(float sample)
{
    return sample <= 0.04045f ? sample / 12.92f : powf((sample + 0.055f) / 1.055f, 2.4f);
}

/* ---- textures ---- */

/* Smooth noise, 0..1, of details of SIZE pixels: values on a grid, mixed by cubics. */
static float noise_at(uint64_t seed, float x, float y, float size)
{
    x /= size;
    y /= size;
    float corner[2][2], u = x - floorf(x), v = y - floorf(y);
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 2; i++) {
            uint32_t column = (uint32_t)((int)floorf(x) + i), row = (uint32_t)((int)floorf(y) + j);
            uint64_t random = random_hash(seed, (uint64_t)row << 32 | column);
            corner[j][i] = random_in(&random, 0, 1);
        }
    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    return (corner[0][0] * (1 - u) + corner[0][1] * u) * (1 - v) +
           (corner[1][0] * (1 - u) + corner[1][1] * u) * v;
}

/* Three planes: the procedural subject of SEED, seen sharp, which fades here and there into its own
   blur, so that there are places without detail. */
static float *make_texture(const struct scene *scene, const struct options *options, uint64_t seed,
                           const float *lattice)
{
    struct subject subject[SUBJECT_LAYERS];
    struct options flat = *options;
    flat.defocus = 0;
    flat.relief = RELIEF_SMOOTH;
    subject_make(subject, &flat, seed, lattice, NULL);
    struct view view = {.to_frame = {{1, 0, 0, 0, 1, 0, 0, 0, 1}},
                        .to_subject = {{1, 0, 0, 0, 1, 0, 0, 0, 1}}};
    size_t plane = pixels(scene);
    float *texture = alloc_array(3 * plane, sizeof *texture);
    float *blurred = alloc_array(plane, sizeof *blurred);
    struct strip strip = strip_alloc(options->width, 1);
    strip.rows = 1;
    for (strip.top = 0; strip.top < options->height; strip.top++) {
        strip_render(&strip, subject, &view);
        for (size_t x = 0; x < options->width; x++)
            for (size_t c = 0; c < 3; c++)
                texture[c * plane + strip.top * options->width + x] = to_light(strip.rgb[x][c]);
    }
    strip_free(&strip);
    for (size_t c = 0; c < 3; c++) {
        float *sharp = texture + c * plane;
        disc_blur(sharp, blurred, scene->width, scene->height, 24);
        for (size_t i = 0; i < plane; i++) {
            float x = (float)(i % options->width), y = (float)(i / options->width);
            float fade = 3.5f * noise_at(random_hash(seed, 7), x, y, 110) - 0.9f;
            sharp[i] = blurred[i] + fminf(fmaxf(fade, 0), 1) * (sharp[i] - blurred[i]);
        }
    }
    free(blurred);
    return texture;
}

/* ---- the ground ---- */

/* The radius of blur I of the ground: finer steps where they are seen better. */
static float scene_radius(int i)
{
    return i < 9 ? 0.5f * (float)i : 4 + 0.25f * (float)((i - 8) * (i - 8) + 3 * (i - 8));
}

/* Depths from NEAR to FAR, all of them taken. */
static void make_depth(struct scene *scene, uint64_t seed, float near, float far)
{
    size_t plane = pixels(scene);
    scene->depth = alloc_array(plane, sizeof *scene->depth);
    float low = 1, high = 0, size = (float)scene->width / 4;
    for (size_t i = 0; i < plane; i++) {
        float x = (float)(i % (size_t)scene->width), y = (float)(i / (size_t)scene->width);
        float noise = noise_at(seed, x, y, size) + noise_at(seed + 1, x, y, size / 2) / 4;
        scene->depth[i] = noise;
        low = fminf(low, noise);
        high = fmaxf(high, noise);
    }
    for (size_t i = 0; i < plane; i++)
        scene->depth[i] = near + (far - near) * (scene->depth[i] - low) / fmaxf(high - low, 1e-6f);
}

/* Takes GROUND over and makes its blurs. */
static void make_ground(struct scene *scene, float *ground, float near, float far)
{
    float greatest = scene->blur * fmaxf(fmaxf(far, 1 - near), far - near);
    size_t plane = pixels(scene);
    scene->ground[0] = ground;
    for (scene->blurs = 1; scene_radius(scene->blurs - 1) < greatest; scene->blurs++) {
        float *blurred = alloc_array(3 * plane, sizeof *blurred);
        for (size_t c = 0; c < 3; c++)
            disc_blur(ground + c * plane, blurred + c * plane, scene->width, scene->height,
                      scene_radius(scene->blurs));
        scene->ground[scene->blurs] = blurred;
    }
}

/* A plain gradient of colour. */
static float *make_gradient(const struct scene *scene, uint64_t seed)
{
    size_t plane = pixels(scene);
    float *ground = alloc_array(3 * plane, sizeof *ground);
    uint64_t random = random_hash(seed, 3);
    for (size_t c = 0; c < 3; c++) {
        float from = random_in(&random, 0.1f, 0.3f), to = random_in(&random, 0.3f, 0.6f);
        for (size_t i = 0; i < plane; i++) {
            float x = (float)(i % (size_t)scene->width) / (float)scene->width;
            float y = (float)(i / (size_t)scene->width) / (float)scene->height;
            ground[c * plane + i] = from + (to - from) * (0.3f * x + 0.7f * y);
        }
    }
    return ground;
}

/* ---- sheets ---- */

static struct sheet *add_sheet(struct scene *scene, float depth)
{
    struct sheet *sheet = &scene->sheet[scene->sheets++];
    sheet->depth = depth;
    sheet->planes = alloc_zeroed(4 * pixels(scene), sizeof *sheet->planes);
    return sheet;
}

/* Puts what covers COVER of a pixel in COLOR over pixel AT of a sheet. */
static void cover_pixel(const struct scene *scene, const struct sheet *sheet, size_t at,
                        float cover, const float color[3])
{
    size_t plane = pixels(scene);
    for (size_t c = 0; c < 4; c++) {
        float *p = &sheet->planes[c * plane + at];
        *p = cover * (c < 3 ? color[c] : 1) + (1 - cover) * *p;
    }
}

struct hair {
    float x, y, length, angle, bend; /* root, and direction there; the bend is of the whole */
    float half;                      /* the root's half width */
    float color[3];
};

/*
 * Every pixel near takes the colour of the piece of the hair that covers most of it, so a hair is
 * made alone and then put on the sheet.
 */
static void add_hair(const struct scene *scene, const struct sheet *sheet, const struct hair *hair)
{
    enum { PIECES = 400 };
    size_t plane = pixels(scene);
    float *cover = alloc_zeroed(plane, sizeof *cover), *light = alloc_array(plane, sizeof *light);
    float x = hair->x, y = hair->y, step = hair->length / PIECES;
    for (int i = 0; i < PIECES; i++) {
        float along = (float)i / PIECES, angle = hair->angle + hair->bend * along;
        float half = 0.4f + (hair->half - 0.4f) * (1 - along);
        for (int v = (int)(y - half - 2); v <= (int)(y + half + 2); v++)
            for (int u = (int)(x - half - 2); u <= (int)(x + half + 2); u++) {
                if (u < 0 || v < 0 || u >= scene->width || v >= scene->height)
                    continue;
                size_t at = (size_t)v * (size_t)scene->width + (size_t)u;
                float distance = hypotf((float)u - x, (float)v - y);
                float here = fminf(fmaxf(half - distance + 0.5f, 0), 1) * fminf(2 * half, 1);
                if (here <= cover[at])
                    continue;
                cover[at] = here;
                light[at] = 1 - 0.5f * fminf(distance / (half + 0.5f), 1) +
                            0.25f * sinf(along * hair->length * 0.7f);
            }
        x += step * cosf(angle);
        y += step * sinf(angle);
    }
    for (size_t i = 0; i < plane; i++) {
        if (cover[i] <= 0)
            continue;
        float color[3];
        for (int c = 0; c < 3; c++)
            color[c] = hair->color[c] * light[i];
        cover_pixel(scene, sheet, i, cover[i], color);
    }
    free(cover);
    free(light);
}

/* So many hairs as there would be COUNT in 1280x832. */
static void add_hairs(struct scene *scene, float depth, unsigned count, uint64_t seed)
{
    struct sheet *sheet = add_sheet(scene, depth);
    uint64_t random = random_hash(seed, 11);
    float scale = sqrtf((float)pixels(scene) / (1280 * 832));
    count = (unsigned)ceilf((float)count * scale);
    for (unsigned i = 0; i < count; i++) {
        struct hair hair = {.x = random_in(&random, 0, (float)scene->width),
                            .y = random_in(&random, 0, (float)scene->height),
                            .length = random_in(&random, 150, 450) * fmaxf(scale, 0.5f),
                            .angle = random_in(&random, 0, 6.2831853f),
                            .bend = random_in(&random, -0.9f, 0.9f),
                            .half = random_in(&random, 1, 3.5f)};
        float bright = random_below(&random, 3) == 0 ? 0.5f : 0.04f;
        for (int c = 0; c < 3; c++)
            hair.color[c] = bright * random_in(&random, 0.6f, 1.4f);
        add_hair(scene, sheet, &hair);
    }
}

/* A textured plate around X, Y, both as shares of the frame's sides, its outline wavy; its radius
   is SIZE times the height. */
static void add_plate(struct scene *scene, const struct options *options, const float *lattice,
                      float depth, float x, float y, float size, uint64_t seed)
{
    struct sheet *sheet = add_sheet(scene, depth);
    float *texture = make_texture(scene, options, seed, lattice);
    size_t plane = pixels(scene);
    for (size_t i = 0; i < plane; i++) {
        float u = (float)(i % (size_t)scene->width) - x * (float)scene->width;
        float v = (float)(i / (size_t)scene->width) - y * (float)scene->height;
        float angle = atan2f(v, u);
        float radius = size * (float)scene->height *
                       (1 + 0.12f * sinf(3 * angle + (float)(seed % 7)) + 0.05f * sinf(8 * angle));
        float cover = fminf(fmaxf(radius - hypotf(u, v) + 0.5f, 0), 1);
        const float color[3] = {texture[i], texture[plane + i], texture[2 * plane + i]};
        if (cover > 0)
            cover_pixel(scene, sheet, i, cover, color);
    }
    free(texture);
}

void scene_make(struct scene *scene, const struct options *options, const float *lattice)
{
    static const float bristles[] = {0.45f, 0.34f, 0.23f, 0.12f, 0.01f};
    static const float plates[] = {0.62f, 0.44f, 0.26f, 0.08f};
    static const float places[][2] = {{0.3f, 0.35f}, {0.68f, 0.3f}, {0.42f, 0.68f}, {0.75f, 0.72f}};
    static const float threads[] = {0.5f, 0.3f, 0.1f};
    *scene = (struct scene){.width = (int)options->width, .height = (int)options->height};
    uint64_t seed = random_hash(options->seed, 1500);
    float near = 0, far = 1;
    float *ground = options->scene == SCENE_FLAT ? make_gradient(scene, seed)
                                                 : make_texture(scene, options, seed, lattice);
    switch (options->scene) {
    case SCENE_BRISTLE:
        near = 0.72f;
        far = 0.97f;
        scene->blur = 38;
        for (unsigned i = 0; i < 5; i++)
            add_hairs(scene, bristles[i], 16, seed + i);
        break;
    case SCENE_BLOBS:
        near = 0.8f;
        scene->blur = 30;
        for (unsigned i = 0; i < 4; i++)
            add_plate(scene, options, lattice, plates[i], places[i][0], places[i][1], 0.2f,
                      seed + 1 + i);
        break;
    case SCENE_FLAT:
        near = 1;
        scene->blur = 60;
        add_plate(scene, options, lattice, 0.6f, 0.35f, 0.6f, 0.25f, seed + 1);
        for (unsigned i = 0; i < 3; i++)
            add_hairs(scene, threads[i], 8, seed + 2 + i);
        break;
    default:
        scene->blur = 28;
    }
    make_depth(scene, seed + 9, near, far);
    make_ground(scene, ground, near, far);
}

void scene_free(struct scene *scene)
{
    for (int i = 0; i < scene->blurs; i++)
        free(scene->ground[i]);
    for (unsigned i = 0; i < scene->sheets; i++)
        free(scene->sheet[i].planes);
    free(scene->depth);
}

/* ---- views ---- */

/* Sheet SHEET, blurred by RADIUS, over RGB. */
static void view_sheet(const struct scene *scene, const struct sheet *sheet, float radius,
                       float *rgb)
{
    size_t plane = pixels(scene);
    float *opacity = alloc_array(plane, sizeof *opacity),
          *color = alloc_array(plane, sizeof *color);
    disc_blur(sheet->planes + 3 * plane, opacity, scene->width, scene->height, radius);
    for (size_t c = 0; c < 3; c++) {
        disc_blur(sheet->planes + c * plane, color, scene->width, scene->height, radius);
        for (size_t i = 0; i < plane; i++)
            rgb[c * plane + i] = color[i] + (1 - opacity[i]) * rgb[c * plane + i];
    }
    free(opacity);
    free(color);
}

void scene_view(const struct scene *scene, float focus, float *rgb)
{
    size_t plane = pixels(scene);
    for (size_t i = 0; i < plane; i++) {
        float radius = scene->blur * fabsf(scene->depth[i] - focus);
        int upper = 1;
        while (upper < scene->blurs - 1 && scene_radius(upper) < radius)
            upper++;
        float low = scene_radius(upper - 1), high = scene_radius(upper);
        float share = fminf((radius - low) / (high - low), 1);
        for (size_t c = 0; c < 3; c++)
            rgb[c * plane + i] = (1 - share) * scene->ground[upper - 1][c * plane + i] +
                                 share * scene->ground[upper][c * plane + i];
    }
    for (unsigned i = 0; i < scene->sheets; i++)
        view_sheet(scene, &scene->sheet[i], scene->blur * fabsf(scene->sheet[i].depth - focus),
                   rgb);
}

void scene_truth(const struct scene *scene, float *rgb)
{
    memcpy(rgb, scene->ground[0], 3 * pixels(scene) * sizeof *rgb);
    for (unsigned i = 0; i < scene->sheets; i++)
        view_sheet(scene, &scene->sheet[i], 0, rgb);
}

void scene_depth(const struct scene *scene, float *depth)
{
    size_t plane = pixels(scene);
    memcpy(depth, scene->depth, plane * sizeof *depth);
    for (unsigned i = 0; i < scene->sheets; i++)
        for (size_t at = 0; at < plane; at++)
            if (scene->sheet[i].planes[3 * plane + at] > 0.5f)
                depth[at] = scene->sheet[i].depth;
}

/* Whether a sheet's edge goes through pixel X, Y. */
static int is_edge(const struct scene *scene, const struct sheet *sheet, int x, int y)
{
    const float *at = sheet->planes + 3 * pixels(scene) + (ptrdiff_t)y * scene->width + x;
    return (x + 1 < scene->width && fabsf(at[1] - at[0]) > 0.25f) ||
           (y + 1 < scene->height && fabsf(at[scene->width] - at[0]) > 0.25f);
}

void scene_edges(const struct scene *scene, int reach, unsigned char *near)
{
    memset(near, scene->sheets > 0 ? 0 : 255, pixels(scene));
    for (unsigned i = 0; i < scene->sheets; i++)
        for (int y = 0; y < scene->height; y++)
            for (int x = 0; x < scene->width; x++) {
                if (!is_edge(scene, &scene->sheet[i], x, y))
                    continue;
                int left = x > reach ? x - reach : 0;
                int right = x + reach < scene->width ? x + reach : scene->width - 1;
                for (int v = y > reach ? y - reach : 0; v <= y + reach && v < scene->height; v++)
                    memset(near + (ptrdiff_t)v * scene->width + left, 255,
                           (size_t)(right - left + 1));
            }
}
