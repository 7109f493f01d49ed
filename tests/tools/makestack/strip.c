/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "feature.h"
#include "matrix.h"
#include "photo.h"
#include "random.h"
#include "strip.h"

#define PLACE_ITERATIONS 50
#define PLACE_PRECISION 1e-4 /* pixels */

/*
 * Where pixel X, Y of the frame lies on the subject, PLACE, and its depth, which is returned. The
 * movement depends on the depth at a place that itself depends on the movement: a fixed-point
 * iteration, which converges because the options are checked: no step on the subject moves its
 * picture by more.
 */
static float find_place(const struct subject *s, const struct view *view, double x, double y,
                        float place[2])
{
    double middle_u, middle_v, change = view->reach;
    matrix_apply(&view->to_subject, x, y, &middle_u, &middle_v);
    double u = middle_u, v = middle_v;
    float depth = subject_depth(s, (float)u, (float)v);
    for (int i = 0; i < PLACE_ITERATIONS && change > PLACE_PRECISION; i++) {
        double next_u = middle_u, next_v = middle_v;
        view_undo_parallax(view, (double)depth, &next_u, &next_v);
        change = fmax(fabs(next_u - u), fabs(next_v - v));
        u = next_u;
        v = next_v;
        depth = subject_depth(s, (float)u, (float)v);
    }
    place[0] = (float)u;
    place[1] = (float)v;
    return depth;
}

static void strip_places(struct strip *strip, const struct subject *s, const struct view *view)
{
    for (unsigned y = 0; y < strip->rows; y++)
        for (unsigned x = 0; x < strip->width; x++) {
            float *place = strip->place[(size_t)y * strip->width + x];
            float depth = find_place(s, view, x, strip->top + y, place);
            place[2] = subject_blur(s, depth, view->focus);
        }
}

static unsigned clamp_index(double x, unsigned n)
{
    return x <= 0 ? 0 : x >= n ? n : (unsigned)x;
}

static void strip_add_feature(struct strip *strip, const struct subject *s, const struct view *view,
                              const struct feature *f)
{
    double x, y, reach = 1.3 * ((double)feature_reach(f, s->sigma_max) + view->reach);
    matrix_apply(&view->to_frame, (double)f->u, (double)f->v, &x, &y);
    y -= strip->top;
    unsigned left = clamp_index(x - reach, strip->width);
    unsigned right = clamp_index(x + reach + 1, strip->width);
    unsigned bottom = clamp_index(y + reach + 1, strip->rows);
    for (unsigned j = clamp_index(y - reach, strip->rows); j < bottom; j++)
        for (unsigned i = left; i < right; i++) {
            size_t at = (size_t)j * strip->width + i;
            const float *place = strip->place[at];
            float seen = feature_seen(f, place[0] - f->u, place[1] - f->v, place[2]);
            for (int c = 0; c < 3; c++)
                strip->sheet[at][c] += seen * f->rgb[c];
        }
}

/* All features that can be seen in the strip. */
static void strip_add_features(struct strip *strip, const struct subject *s,
                               const struct view *view)
{
    double min_u = HUGE_VAL, max_u = -HUGE_VAL, min_v = HUGE_VAL, max_v = -HUGE_VAL;
    for (unsigned corner = 0; corner < 4; corner++) {
        double u, v;
        matrix_apply(&view->to_subject, corner & 1 ? strip->width : 0,
                     strip->top + (corner & 2 ? strip->rows : 0), &u, &v);
        min_u = fmin(min_u, u);
        max_u = fmax(max_u, u);
        min_v = fmin(min_v, v);
        max_v = fmax(max_v, v);
    }
    double reach = 60 + 4.3 * (double)s->sigma_max + view->reach, cell = (double)s->cell;
    for (int j = (int)floor((min_v - reach) / cell); j <= (int)((max_v + reach) / cell); j++)
        for (int i = (int)floor((min_u - reach) / cell); i <= (int)((max_u + reach) / cell); i++) {
            uint64_t which = s->repeats ? 0 : (uint64_t)(uint32_t)i << 32 | (uint32_t)j;
            uint64_t random = random_hash(random_hash(s->seed, 400), which);
            for (unsigned kind = 0; kind < FEATURE_KINDS; kind++) {
                struct feature f = feature_make(s, kind, &random);
                f.u += (float)i * s->cell;
                f.v += (float)j * s->cell;
                strip_add_feature(strip, s, view, &f);
            }
        }
}

/* Fills place and sheet with subject S alone, where any of it is seen. */
static void render_sheet(struct strip *strip, const struct subject *s, const struct view *view)
{
    size_t pixels = (size_t)strip->width * strip->rows;
    memset(strip->sheet, 0, pixels * sizeof *strip->sheet);
    strip_places(strip, s, view);
    if (!s->photo)
        strip_add_features(strip, s, view);
    for (size_t i = 0; i < pixels; i++) {
        const float *place = strip->place[i];
        float *rgb = strip->sheet[i];
        if (strip->through[i] <= 0)
            continue;
        if (s->photo) {
            photo_at(s->photo, place[0], place[1], place[2], rgb);
            for (int c = 0; c < 3; c++)
                rgb[c] = 0.02f + 0.78f * fminf(fmaxf(rgb[c], 0), 1);
        } else {
            subject_add_octaves(s, place[0], place[1], place[2], rgb);
            for (int c = 0; c < 3; c++) /* no contrast leaves the range; nothing is clipped */
                rgb[c] = 0.41f + 0.39f * rgb[c] / sqrtf(1 + rgb[c] * rgb[c]);
        }
    }
}

void strip_render(struct strip *strip, const struct subject *s, const struct view *view)
{
    size_t pixels = (size_t)strip->width * strip->rows;
    memset(strip->rgb, 0, pixels * sizeof *strip->rgb);
    for (size_t i = 0; i < pixels; i++)
        strip->through[i] = 1;
    for (; s; s = s->behind) {
        render_sheet(strip, s, view);
        for (size_t i = 0; i < pixels; i++) {
            const float *place = strip->place[i];
            float cover = subject_cover(s, place[0], place[1], place[2]);
            for (int c = 0; c < 3; c++)
                strip->rgb[i][c] += strip->through[i] * cover * strip->sheet[i][c];
            strip->through[i] *= 1 - cover;
        }
    }
}

struct strip strip_alloc(unsigned width, unsigned rows)
{
    size_t pixels = (size_t)width * rows;
    return (struct strip){.width = width,
                          .place = alloc_array(pixels, sizeof(float[3])),
                          .rgb = alloc_array(pixels, sizeof(float[3])),
                          .sheet = alloc_array(pixels, sizeof(float[3])),
                          .through = alloc_array(pixels, sizeof(float))};
}

void strip_free(struct strip *strip)
{
    free(strip->place);
    free(strip->rgb);
    free(strip->sheet);
    free(strip->through);
}
