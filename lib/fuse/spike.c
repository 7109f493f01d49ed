/* SPDX-License-Identifier: MIT */

#include <stddef.h>

#include "simd.h"
#include "spike.h"

#define ROOM_MOST 50.0f
#define ROOM_OF_COLORS 2.0f
#define ROOM_OF_GRAY 0.5f
#define OWN_HALVED 26.0f /* what is left of such an own spike */

/* How far a spike is trusted: the one that halves it, and the least. In gray, where nothing of a
   spike is taken away, less. */
#define TRUST_HALVED 24.0f
#define LEAST_TRUST (1.0f / 64.0f)
#define TRUST_HALVED_IN_GRAY 8.0f
#define LEAST_TRUST_IN_GRAY (1.0f / 512.0f)

static inline float least(float a, float b)
{
    return a < b ? a : b;
}

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

static inline float clip(float x, float low, float high)
{
    return least(most(x, low), high);
}

/* SHARED within ROOM, fading to 0 at twice that. */
static inline float within(float shared, float room)
{
    float size = most(shared, -shared);
    float left = most(least(size, 2.0f * room - size), 0.0f);
    return shared < 0 ? -left : left;
}

static inline float trust_in(float spike, float halved, float lowest)
{
    float size = spike * (1.0f / halved), size2 = size * size;
    return most(1.0f / (1.0f + size2 * size2), lowest);
}

SIMD_CLONES
static void divide_gray(const float *restrict v, const float *restrict low,
                        const float *restrict high, unsigned width, float *restrict calm,
                        float *restrict kept, float *restrict trust)
{
    for (unsigned i = 0; i < width; i++) {
        float clipped = clip(v[i], low[i], high[i]), spike = v[i] - clipped;
        float room = least(ROOM_OF_GRAY * (high[i] - low[i]), ROOM_MOST);
        calm[i] = clipped + within(spike, room);
        kept[i] = v[i];
        trust[i] = trust_in(spike, TRUST_HALVED_IN_GRAY, LEAST_TRUST_IN_GRAY);
    }
}

SIMD_CLONES
static void divide_colors(const float *restrict colors, const float *restrict low,
                          const float *restrict high, size_t width, float *restrict calm,
                          float *restrict kept, float *restrict trust)
{
    const float *restrict r = colors, *restrict g = r + width, *restrict b = g + width;
    const float *restrict low_g = low + width, *restrict low_b = low_g + width;
    const float *restrict high_g = high + width, *restrict high_b = high_g + width;
    float *restrict calm_g = calm + width, *restrict calm_b = calm_g + width;
    float *restrict kept_g = kept + width, *restrict kept_b = kept_g + width;
    for (size_t i = 0; i < width; i++) {
        float clip_r = clip(r[i], low[i], high[i]), spike_r = r[i] - clip_r;
        float clip_g = clip(g[i], low_g[i], high_g[i]), spike_g = g[i] - clip_g;
        float clip_b = clip(b[i], low_b[i], high_b[i]), spike_b = b[i] - clip_b;
        float bottom = least(least(spike_r, spike_g), spike_b);
        float top = most(most(spike_r, spike_g), spike_b);
        float shared = most(bottom, 0.0f) + least(top, 0.0f);
        float range = least(least(high[i] - low[i], high_g[i] - low_g[i]), high_b[i] - low_b[i]);
        float inside = within(shared, least(ROOM_OF_COLORS * range, ROOM_MOST));
        calm[i] = clip_r + inside;
        calm_g[i] = clip_g + inside;
        calm_b[i] = clip_b + inside;
        float own = most(top - shared, shared - bottom) * (1.0f / OWN_HALVED);
        float own2 = own * own, own4 = own2 * own2, left = 1.0f / (1.0f + own4 * own4);
        kept[i] = clip_r + shared + (spike_r - shared) * left;
        kept_g[i] = clip_g + shared + (spike_g - shared) * left;
        kept_b[i] = clip_b + shared + (spike_b - shared) * left;
        trust[i] = trust_in(most(top, -bottom), TRUST_HALVED, LEAST_TRUST);
    }
}

void spike_divide(const float *colors, const float *low, const float *high, unsigned planes,
                  unsigned width, float *calm, float *kept, float *trust)
{
    if (planes == 1)
        divide_gray(colors, low, high, width, calm, kept, trust);
    else
        divide_colors(colors, low, high, width, calm, kept, trust);
}
