/* SPDX-License-Identifier: MIT */

#include <math.h>

#include "feature.h"
#include "random.h"

#define PI 3.14159265358979f

struct feature feature_make(const struct subject *s, unsigned kind, uint64_t *random)
{
    struct feature f = {.u = random_in(random, 0, s->cell), .v = random_in(random, 0, s->cell)};
    float angle = random_in(random, 0, PI), contrast;
    f.cosine = cosf(angle);
    f.sine = sinf(angle);
    if (kind < 6) { /* points */
        f.form = BLOB;
        f.a = random_in(random, 0.4f, 0.8f);
        contrast = s->points * random_signed(random, 0.8f, 1.8f);
    } else if (kind < 8) {
        f.form = BLOB;
        f.a = random_in(random, 2, 6);
        contrast = random_signed(random, 0.3f, 0.9f);
    } else if (kind < 10) {
        f.form = HAIR;
        f.a = random_in(random, 8, 50);
        f.b = random_in(random, 0.4f, 1.2f);
        contrast = random_signed(random, 0.5f, 1.2f);
    } else {
        f.form = PLATE;
        f.a = random_in(random, 4, 25);
        f.b = random_in(random, 4, 25);
        contrast = random_signed(random, 0.3f, 0.8f);
    }
    for (int c = 0; c < 3; c++)
        f.rgb[c] = s->texture * contrast * random_in(random, 0.5f, 1.1f);
    return f;
}

float feature_edge(float distance, float sigma)
{
    float t = distance / (1.4142136f * sigma);
    return t > 3 ? 1 : t < -3 ? 0 : 0.5f + 0.5f * erff(t);
}

static float between_edges(float x, float half, float sigma)
{
    return feature_edge(half - x, sigma) - feature_edge(-half - x, sigma);
}

float feature_seen(const struct feature *f, float x, float y, float sigma)
{
    float along = f->cosine * x + f->sine * y, across = f->cosine * y - f->sine * x;
    float own = f->form == BLOB ? f->a : f->b;
    float wide = own * own + sigma * sigma, sharp = own * own + SUBJECT_IN_FOCUS * SUBJECT_IN_FOCUS;
    switch (f->form) {
    case BLOB: {
        float r2 = x * x + y * y;
        return r2 > 14 * wide ? 0 : sharp / wide * expf(-0.5f * r2 / wide);
    }
    case HAIR:
        if (across * across > 14 * wide)
            return 0;
        return sqrtf(sharp / wide) * expf(-0.5f * across * across / wide) *
               between_edges(along, f->a, sigma);
    case PLATE:
        return between_edges(along, f->a, sigma) * between_edges(across, f->b, sigma);
    }
    return 0;
}

float feature_reach(const struct feature *f, float sigma)
{
    return f->form == BLOB ? 3.8f * hypotf(f->a, sigma) : hypotf(f->a, f->b) + 4.3f * sigma;
}
