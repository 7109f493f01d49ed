/* SPDX-License-Identifier: MIT
 *
 * makestack: make a focus stack whose truth is known.
 *
 * A subject is a function of the plane, in the reference frame's pixel coordinates: a sum of noise
 * octaves, points, blobs, hairs and plates with sharp edges, or a photograph. A frame's sample at
 * pixel q is subject(T q), with T the exact inverse of the matrix that truth.tsv holds: nothing is
 * resampled on the way, so the truth has no error of its own. Defocus is Gaussian and grows with
 * the distance between the subject's depth at that place and the frame's focus; each part of the
 * procedural subject has its blurred form in closed form (an octave: its attenuation at its middle
 * frequency). Then come the light of the frame, the sensor's dust, its noise and its bad pixels.
 */

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include <netpbm/pam.h>
#include <netpbm/shhopt.h>

#include "alloc.h"
#include "frame.h"

#define PI 3.14159265358979f
#define IN_FOCUS 0.55f /* sigma of the sharpest image, pixels */
#define LATTICE 1024   /* side of the table of random values; a power of two */
#define STRIP 128      /* rows rendered at a time */
#define BLUR_STEPS 1024
#define PHOTO_LEVELS 6

static const char usage[] =
    "usage: makestack [options] DIR\n"
    "Makes the directory DIR and writes a focus stack into it, DIR/0000.pam and so on, and its "
    "truth:\n"
    "  truth.tsv   a frame's matrix from the reference's pixels to its own, as framealign -save\n"
    "  pixels.tsv  x y channel kind level: the planted bad pixels; level is the deviation of "
    "their\n"
    "              mean over the stack from its 5x5 blur, in 1/255 of full scale (in clusters: "
    "from\n"
    "              the sample itself); kind is hot or dead\n"
    "  light.tsv   frame gain gamma: sample = gain * reference^(1/gamma), full scale 1\n"
    "Each option has a default in brackets; -kind sets some of them, the others win over it.\n"
    "  -kind=NAME       easy breathing rotated dark defocus lowtexture shift repetitive\n"
    "                   homography hot dust 16bit wrong noise\n"
    "  -width=N -height=N -frames=N   [600 400 7]\n"
    "  -depth=1..4 -maxval=N          gray, gray+alpha, RGB, RGBA [3 255]\n"
    "  -reference=I     the frame whose pixels the truth counts in [N/2]\n"
    "  -seed=N          another subject and another camera [1]\n"
    "  -subject=FILE    a PNM photograph in place of the procedural subject\n"
    "  -texture=F       contrast of the fine detail [1]\n"
    "  -points=F        contrast of the finest points [1]\n"
    "  -repeat=PX       repeat the detail every PX pixels [0: not]\n"
    "  -defocus=PX      radius of the blur at the greatest distance from focus [0]\n"
    "  -breathing=PCT   the scale changes by up to this over the stack [0]\n"
    "  -rotate=DEG -shift=PX -perspective=PX   the largest of each, over the frames [0]\n"
    "  -wholeshift      shifts are whole pixels\n"
    "  -gain=F -gamma=F frames differ in light by up to this fraction [0]\n"
    "  -exposure=F      brightness of all frames [1]\n"
    "  -vignette=F      light lost in the corners [0]\n"
    "  -noise=LEVELS    standard deviation of the sensor's noise [0]\n"
    "  -hot=N -dead=N -cluster2=N -cluster5=N   bad pixels, and hot clusters of 2x2 and 5x5 [0]\n"
    "  -levels=MIN,MAX  deviation of the bad pixels [16,120]\n"
    "  -dust=N          soft dark discs on the sensor [0]\n"
    "  -wrong=I:WHAT,...   frames that cannot be aligned: scene, dark, white, half\n";

enum wrong { RIGHT, WRONG_SCENE, WRONG_DARK, WRONG_WHITE, WRONG_HALF };
static const char *const wrong_names[] = {"", "scene", "dark", "white", "half"};

struct cmdline {
    const char *dir, *kind, *subject;
    unsigned width, height, frames, depth, maxval, seed;
    int reference;
    float texture, points, repeat, defocus;       /* factors, pixels */
    float breathing, rotate, shift, perspective;  /* per cent, degrees, pixels */
    unsigned wholeshift;                          /* boolean */
    float gain, gamma, exposure, vignette, noise; /* fractions; levels */
    unsigned hot, dead, cluster2, cluster5, dust; /* counts */
    float level_min, level_max;                   /* levels */
    enum wrong *wrong;                            /* of each frame */
};

/* ---- random numbers: a hash, so that any of them can be had without the ones before ---- */

static uint64_t hash(uint64_t a, uint64_t b)
{
    uint64_t x = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static uint64_t random_next(uint64_t *state)
{
    return *state = hash(*state, 1);
}

static float random_in(uint64_t *state, float min, float max)
{
    return min + (max - min) * (float)(random_next(state) >> 40) / 16777216.0f;
}

static unsigned random_below(uint64_t *state, unsigned n)
{
    return (unsigned)((random_next(state) >> 32) % n);
}

/* A number of either sign, its size between MIN and MAX. */
static float random_signed(uint64_t *state, float min, float max)
{
    float size = random_in(state, min, max);
    return random_next(state) & 1 << 20 ? size : -size;
}

/* Close to Gaussian with standard deviation 1: the sum of four uniform numbers. */
static float random_normal(uint64_t *state)
{
    uint64_t bits = random_next(state);
    uint32_t sum =
        (uint32_t)((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48));
    return ((float)sum - 131070.0f) * (1.7320508f / 65536.0f);
}

/* ---- transforms: row-major 3x3 matrices on pixel coordinates ---- */

struct matrix {
    double m[9];
};

static struct matrix matrix_multiply(struct matrix a, struct matrix b)
{
    struct matrix c;
    for (int i = 0; i < 9; i++)
        c.m[i] = a.m[i / 3 * 3] * b.m[i % 3] + a.m[i / 3 * 3 + 1] * b.m[i % 3 + 3] +
                 a.m[i / 3 * 3 + 2] * b.m[i % 3 + 6];
    return c;
}

static struct matrix matrix_inverse(struct matrix a)
{
    const double *m = a.m;
    struct matrix c = {
        {m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
         m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
         m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]}};
    double determinant = m[0] * c.m[0] + m[1] * c.m[3] + m[2] * c.m[6];
    for (int i = 0; i < 9; i++)
        c.m[i] /= determinant;
    return c;
}

static void matrix_apply(const struct matrix *a, double x, double y, double *u, double *v)
{
    const double *m = a->m;
    double w = m[6] * x + m[7] * y + m[8];
    *u = (m[0] * x + m[1] * y + m[2]) / w;
    *v = (m[3] * x + m[4] * y + m[5]) / w;
}

/*
 * The truth of frame INDEX: from the reference's pixels to its own. Scale, rotation and perspective
 * are about the middle of the frame; a part of each grows steadily through the stack, as focus
 * breathing does, a part is by chance. The reference's is the identity.
 */
static struct matrix frame_transform(const struct cmdline *cmd, unsigned index)
{
    if ((int)index == cmd->reference)
        return (struct matrix){{1, 0, 0, 0, 1, 0, 0, 0, 1}};
    uint64_t random = hash(hash(cmd->seed, 100), index);
    float along = ((float)index - (float)cmd->reference) / fmaxf(1, (float)cmd->frames / 2);
    float scale = 1 + cmd->breathing / 100 * along;
    float angle = cmd->rotate * PI / 180 * (0.6f * along + random_in(&random, -0.4f, 0.4f));
    float dx = cmd->shift * (0.5f * along + random_in(&random, -0.5f, 0.5f));
    float dy = cmd->shift * (0.3f * along + random_in(&random, -0.5f, 0.5f));
    if (cmd->wholeshift) {
        dx = roundf(dx);
        dy = roundf(dy);
    }
    double cx = (cmd->width - 1) / 2.0, cy = (cmd->height - 1) / 2.0;
    /* A corner at (cx, cy) is moved by about h . (cx, cy) times its distance from the middle. */
    double h = cmd->perspective / (cx * cx + cy * cy) / 2;
    double px = h * (double)random_signed(&random, 0.5f, 1);
    double py = h * (double)random_signed(&random, 0.5f, 1);
    if (cmd->wrong[index] == WRONG_HALF)
        dx += (float)(cmd->width / 2);

    double c = (double)(scale * cosf(angle)), s = (double)(scale * sinf(angle));
    struct matrix centre = {{1, 0, -cx, 0, 1, -cy, 0, 0, 1}};
    struct matrix turn = {{c, -s, 0, s, c, 0, 0, 0, 1}};
    struct matrix tilt = {{1, 0, 0, 0, 1, 0, px, py, 1}};
    struct matrix back = {{1, 0, cx + (double)dx, 0, 1, cy + (double)dy, 0, 0, 1}};
    struct matrix m = matrix_multiply(back, matrix_multiply(tilt, matrix_multiply(turn, centre)));
    for (int i = 0; i < 9; i++) /* any multiple is the same transform; this one has m33 = 1 */
        m.m[i] /= m.m[8] != 0 && i < 8 ? m.m[8] : 1;
    m.m[8] = 1;
    return m;
}

/* ---- the subject ---- */

/* A photograph at several blurs, planes of float one after the other, full scale 1. */
struct photo {
    int width, height;
    float scale, left, top;     /* photograph's pixel = scale * frame's pixel + left, top */
    float sigma[PHOTO_LEVELS];  /* photograph's pixels */
    float *level[PHOTO_LEVELS]; /* 3 planes of width * height */
};

struct octave {
    float xx, xy, x0, y0;   /* lattice coordinates: a turned and scaled grid */
    float weight[3];        /* of each colour */
    float seen[BLUR_STEPS]; /* what is left of it at blur i * sigma_step */
};

#define OCTAVES 8

struct subject {
    uint64_t seed;
    const float *lattice; /* LATTICE * LATTICE random values, -1..1 */
    struct octave octave[OCTAVES];
    struct octave relief;  /* the depth map */
    float texture, points; /* contrast of detail and of points */
    float cell;            /* side of the squares that hold a set of features each */
    bool repeats;          /* every square holds the same */
    float defocus, sigma_max, sigma_step;
    const struct photo *photo; /* in place of octaves and features, or NULL */
};

static float *make_lattice(uint64_t seed)
{
    float *lattice = alloc_array((size_t)LATTICE * LATTICE, sizeof *lattice);
    uint64_t random = hash(seed, 200);
    for (size_t i = 0; i < (size_t)LATTICE * LATTICE; i++)
        lattice[i] = random_in(&random, -1, 1);
    return lattice;
}

static void bspline_weights(float t, float w[4])
{
    w[0] = (1 - t) * (1 - t) * (1 - t) / 6;
    w[1] = (4 - 6 * t * t + 3 * t * t * t) / 6;
    w[2] = (1 + 3 * t + 3 * t * t - 3 * t * t * t) / 6;
    w[3] = t * t * t / 6;
}

/* Smooth noise: the cubic B-spline over a turned lattice of random values. */
static float octave_at(const struct octave *o, const float *lattice, float u, float v)
{
    float x = o->xx * u - o->xy * v + o->x0, y = o->xy * u + o->xx * v + o->y0;
    float column = floorf(x), row = floorf(y);
    float wx[4], wy[4], sum = 0;
    bspline_weights(x - column, wx);
    bspline_weights(y - row, wy);
    unsigned i = (unsigned)(int)column, k = (unsigned)(int)row;
    for (unsigned b = 0; b < 4; b++) {
        const float *line = lattice + (size_t)((k + b) % LATTICE) * LATTICE;
        sum += wy[b] * (wx[0] * line[i % LATTICE] + wx[1] * line[(i + 1) % LATTICE] +
                        wx[2] * line[(i + 2) % LATTICE] + wx[3] * line[(i + 3) % LATTICE]);
    }
    return sum;
}

static void make_octave(struct octave *o, uint64_t *random, float spacing, float amplitude,
                        float sigma_step)
{
    float angle = random_in(random, 0, 2 * PI);
    o->xx = cosf(angle) / spacing;
    o->xy = sinf(angle) / spacing;
    o->x0 = random_in(random, 0, LATTICE);
    o->y0 = random_in(random, 0, LATTICE);
    for (int c = 0; c < 3; c++)
        o->weight[c] = amplitude * random_in(random, spacing > 15 ? -0.2f : 0.5f, 1.2f);
    for (int i = 0; i < BLUR_STEPS; i++) {
        float phase = PI * sigma_step * (float)i / spacing; /* middle frequency 0.5 / spacing */
        o->seen[i] = expf(-0.5f * phase * phase);
    }
}

static struct subject make_subject(const struct cmdline *cmd, uint64_t seed, const float *lattice,
                                   const struct photo *photo)
{
    static const float spacing[OCTAVES] = {1.4f, 2.4f, 4, 7, 12, 22, 45, 90};
    static const float amplitude[OCTAVES] = {0.7f, 0.7f, 0.8f, 0.9f, 1, 1, 1.1f, 1.2f};
    struct subject s = {.seed = seed, .lattice = lattice, .photo = photo};
    uint64_t random = hash(seed, 300);
    s.texture = cmd->texture;
    s.points = cmd->points;
    s.repeats = cmd->repeat > 0;
    s.cell = s.repeats ? cmd->repeat : 64;
    s.defocus = cmd->defocus / 2; /* a disc of radius r has the spread of a Gaussian of r / 2 */
    s.sigma_max = hypotf(IN_FOCUS, s.defocus);
    s.sigma_step = s.sigma_max / (BLUR_STEPS - 1);
    for (int i = 0; i < OCTAVES; i++) {
        float contrast = (spacing[i] < 30 ? s.texture : 1) * (s.repeats ? 0.25f : 1);
        make_octave(&s.octave[i], &random, spacing[i], amplitude[i] * contrast, s.sigma_step);
    }
    make_octave(&s.relief, &random, (float)cmd->width / 5, 1, s.sigma_step);
    return s;
}

/* Blur of what lies at U, V in a frame focused at FOCUS, 0..1 through the depth of the subject. */
static float blur_at(const struct subject *s, float u, float v, float focus)
{
    float depth = 0.5f + 0.9f * octave_at(&s->relief, s->lattice, u, v);
    depth = fminf(fmaxf(depth, 0), 1);
    return hypotf(IN_FOCUS, s->defocus * (depth - focus));
}

static void add_octaves(const struct subject *s, float u, float v, float sigma, float rgb[3])
{
    unsigned step = (unsigned)(sigma / s->sigma_step + 0.5f);
    step = step < BLUR_STEPS ? step : BLUR_STEPS - 1;
    for (int i = 0; i < OCTAVES; i++) {
        const struct octave *o = &s->octave[i];
        if (o->seen[step] < 0.003f)
            continue;
        float value = o->seen[step] * octave_at(o, s->lattice, u, v);
        for (int c = 0; c < 3; c++)
            rgb[c] += o->weight[c] * value;
    }
}

/* ---- features: each is a form whose Gaussian blur is known exactly ---- */

enum form { BLOB, HAIR, PLATE };

struct feature {
    enum form form;
    float u, v, cosine, sine; /* place and direction */
    float a, b;               /* blob: sigma; hair: half length, sigma; plate: half sides */
    float rgb[3];             /* contrast of the middle, seen sharp */
};

static struct feature make_feature(const struct subject *s, unsigned kind, uint64_t *random)
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

#define FEATURES 11 /* in a cell */

/* The blurred edge of a half plane. */
static float edge(float distance, float sigma)
{
    float t = distance / (1.4142136f * sigma);
    return t > 3 ? 1 : t < -3 ? 0 : 0.5f + 0.5f * erff(t);
}

static float strip_between(float x, float half, float sigma)
{
    return edge(half - x, sigma) - edge(-half - x, sigma);
}

/* How much of feature F is seen at X, Y from its middle through a blur of SIGMA. */
static float feature_seen(const struct feature *f, float x, float y, float sigma)
{
    float along = f->cosine * x + f->sine * y, across = f->cosine * y - f->sine * x;
    float own = f->form == BLOB ? f->a : f->b;
    float wide = own * own + sigma * sigma, sharp = own * own + IN_FOCUS * IN_FOCUS;
    switch (f->form) {
    case BLOB: {
        float r2 = x * x + y * y;
        return r2 > 14 * wide ? 0 : sharp / wide * expf(-0.5f * r2 / wide);
    }
    case HAIR:
        if (across * across > 14 * wide)
            return 0;
        return sqrtf(sharp / wide) * expf(-0.5f * across * across / wide) *
               strip_between(along, f->a, sigma);
    case PLATE:
        return strip_between(along, f->a, sigma) * strip_between(across, f->b, sigma);
    }
    return 0;
}

static float feature_reach(const struct feature *f, float sigma)
{
    return f->form == BLOB ? 3.8f * hypotf(f->a, sigma) : hypotf(f->a, f->b) + 4.3f * sigma;
}

/* ---- a photograph as the subject ---- */

static int reflect(int i, int n)
{
    int period = n > 1 ? 2 * (n - 1) : 1;
    i = abs(i) % period;
    return i < n ? i : period - i;
}

/* One pass of a Gaussian blur over COUNT samples STRIDE apart. */
static void blur_line(const float *in, float *out, int count, int stride, const float *kernel,
                      int reach)
{
    for (int i = 0; i < count; i++) {
        float sum = kernel[0] * in[(ptrdiff_t)i * stride];
        for (int k = 1; k <= reach; k++)
            sum += kernel[k] * (in[(ptrdiff_t)reflect(i - k, count) * stride] +
                                in[(ptrdiff_t)reflect(i + k, count) * stride]);
        out[(ptrdiff_t)i * stride] = sum;
    }
}

static void blur_plane(const float *in, float *out, float *work, int width, int height, float sigma)
{
    float kernel[64], sum = 0;
    int reach = (int)fminf(ceilf(3.5f * sigma), 63);
    for (int k = 0; k <= reach; k++) {
        kernel[k] = expf(-0.5f * (float)(k * k) / (sigma * sigma));
        sum += k > 0 ? 2 * kernel[k] : kernel[k];
    }
    for (int k = 0; k <= reach; k++)
        kernel[k] /= sum;
    for (int y = 0; y < height; y++)
        blur_line(in + (ptrdiff_t)y * width, work + (ptrdiff_t)y * width, width, 1, kernel, reach);
    for (int x = 0; x < width; x++)
        blur_line(work + x, out + x, height, width, kernel, reach);
}

static void photo_read(struct photo *photo, const char *name, unsigned width, unsigned height)
{
    struct pam pam;
    FILE *file = pm_openr(name);
    tuple **tuples = pnm_readpam(file, &pam, PAM_STRUCT_SIZE(tuple_type));
    pm_close(file);
    photo->width = pam.width;
    photo->height = pam.height;
    size_t plane = (size_t)pam.width * (size_t)pam.height;
    float *work = alloc_array(plane, sizeof *work);
    photo->level[0] = alloc_array(3 * plane, sizeof(float));
    for (int y = 0; y < pam.height; y++)
        for (int x = 0; x < pam.width; x++)
            for (size_t c = 0; c < 3; c++)
                photo->level[0][c * plane + (size_t)y * (size_t)pam.width + (size_t)x] =
                    (float)tuples[y][x][pam.depth >= 3 ? c : 0] / (float)pam.maxval;
    pnm_freepamarray(tuples, &pam);
    for (int i = 1; i < PHOTO_LEVELS; i++) {
        photo->sigma[i] = 0.75f * (float)(1 << i) / 2;
        photo->level[i] = alloc_array(3 * plane, sizeof(float));
        for (size_t c = 0; c < 3; c++)
            blur_plane(photo->level[0] + c * plane, photo->level[i] + c * plane, work, photo->width,
                       photo->height, photo->sigma[i]);
    }
    free(work);
    /* The frame, with a tenth to spare on each side, fills the photograph. */
    photo->scale =
        fminf((float)pam.width / (1.2f * (float)width), (float)pam.height / (1.2f * (float)height));
    photo->left = 0.5f * ((float)pam.width - photo->scale * (float)width);
    photo->top = 0.5f * ((float)pam.height - photo->scale * (float)height);
}

/* Keys' cubic convolution, a = -1/2. */
static void keys_weights(float t, float w[4])
{
    w[0] = t * (-0.5f + t * (1 - 0.5f * t));
    w[1] = 1 + t * t * (-2.5f + 1.5f * t);
    w[2] = t * (0.5f + t * (2 - 1.5f * t));
    w[3] = t * t * (-0.5f + 0.5f * t);
}

static void photo_at(const struct photo *p, float u, float v, float sigma, float rgb[3])
{
    float x = p->scale * u + p->left, y = p->scale * v + p->top, wx[4], wy[4];
    int column = (int)floorf(x), row = (int)floorf(y), upper = 1;
    size_t plane = (size_t)p->width * (size_t)p->height;
    keys_weights(x - (float)column, wx);
    keys_weights(y - (float)row, wy);
    sigma *= p->scale;
    while (upper < PHOTO_LEVELS - 1 && p->sigma[upper] < sigma)
        upper++;
    float low = p->sigma[upper - 1] * p->sigma[upper - 1], high = p->sigma[upper] * p->sigma[upper];
    float share = fminf((sigma * sigma - low) / (high - low), 1);
    for (int b = 0; b < 4; b++)
        for (int a = 0; a < 4; a++) {
            size_t at = (size_t)reflect(row + b - 1, p->height) * (size_t)p->width +
                        (size_t)reflect(column + a - 1, p->width);
            for (size_t c = 0; c < 3; c++)
                rgb[c] += wx[a] * wy[b] *
                          ((1 - share) * p->level[upper - 1][c * plane + at] +
                           share * p->level[upper][c * plane + at]);
        }
}

/* ---- the camera ---- */

struct view {
    struct matrix to_frame, to_subject;
    float focus;       /* 0..1 */
    float gain, gamma; /* against the reference */
};

/* STRIP rows of a frame: each pixel's place on the subject, its blur, its colour. */
struct strip {
    unsigned width, top, rows;
    float (*place)[3]; /* u, v, sigma */
    float (*rgb)[3];
};

static void strip_places(struct strip *strip, const struct subject *s, const struct view *view)
{
    for (unsigned y = 0; y < strip->rows; y++)
        for (unsigned x = 0; x < strip->width; x++) {
            float *place = strip->place[(size_t)y * strip->width + x];
            double u, v;
            matrix_apply(&view->to_subject, x, strip->top + y, &u, &v);
            place[0] = (float)u;
            place[1] = (float)v;
            place[2] = blur_at(s, place[0], place[1], view->focus);
        }
}

static unsigned clamp_index(double x, unsigned n)
{
    return x <= 0 ? 0 : x >= n ? n : (unsigned)x;
}

static void strip_add_feature(struct strip *strip, const struct subject *s, const struct view *view,
                              const struct feature *f)
{
    double x, y, reach = 1.3 * (double)feature_reach(f, s->sigma_max);
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
                strip->rgb[at][c] += seen * f->rgb[c];
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
    double reach = 60 + 4.3 * (double)s->sigma_max, cell = (double)s->cell;
    for (int j = (int)floor((min_v - reach) / cell); j <= (int)((max_v + reach) / cell); j++)
        for (int i = (int)floor((min_u - reach) / cell); i <= (int)((max_u + reach) / cell); i++) {
            uint64_t which = s->repeats ? 0 : (uint64_t)(uint32_t)i << 32 | (uint32_t)j;
            uint64_t random = hash(hash(s->seed, 400), which);
            for (unsigned kind = 0; kind < FEATURES; kind++) {
                struct feature f = make_feature(s, kind, &random);
                f.u += (float)i * s->cell;
                f.v += (float)j * s->cell;
                strip_add_feature(strip, s, view, &f);
            }
        }
}

/* What the lens throws on the sensor: 0..1, darkest about 0.02, brightest about 0.8. */
static void strip_render(struct strip *strip, const struct subject *s, const struct view *view)
{
    size_t pixels = (size_t)strip->width * strip->rows;
    memset(strip->rgb, 0, pixels * sizeof *strip->rgb);
    strip_places(strip, s, view);
    if (!s->photo)
        strip_add_features(strip, s, view);
    for (size_t i = 0; i < pixels; i++) {
        const float *place = strip->place[i];
        float *rgb = strip->rgb[i];
        if (s->photo) {
            photo_at(s->photo, place[0], place[1], place[2], rgb);
            for (int c = 0; c < 3; c++)
                rgb[c] = 0.02f + 0.78f * fminf(fmaxf(rgb[c], 0), 1);
        } else {
            add_octaves(s, place[0], place[1], place[2], rgb);
            for (int c = 0; c < 3; c++) /* no contrast leaves the range; nothing is clipped */
                rgb[c] = 0.41f + 0.39f * rgb[c] / sqrtf(1 + rgb[c] * rgb[c]);
        }
    }
}

struct disc {
    float x, y, radius, light;
};

static float dust_at(const struct disc *dust, unsigned count, float x, float y)
{
    float light = 1;
    for (unsigned i = 0; i < count; i++) {
        float dx = x - dust[i].x, dy = y - dust[i].y, r = dust[i].radius;
        if (fabsf(dx) < 2 * r && fabsf(dy) < 2 * r)
            light *= 1 - (1 - dust[i].light) * edge(r - hypotf(dx, dy), r / 4);
    }
    return light;
}

/* What of the light reaches the sensor at each pixel, the same in every frame. */
static float *make_shading(const struct cmdline *cmd)
{
    float *shading = alloc_array((size_t)cmd->width * cmd->height, sizeof *shading);
    struct disc *dust = alloc_array(cmd->dust, sizeof *dust);
    uint64_t random = hash(cmd->seed, 500);
    for (unsigned i = 0; i < cmd->dust; i++)
        dust[i] = (struct disc){random_in(&random, 0, (float)cmd->width),
                                random_in(&random, 0, (float)cmd->height),
                                random_in(&random, 4, 16), random_in(&random, 0.5f, 0.85f)};
    float cx = (float)(cmd->width - 1) / 2, cy = (float)(cmd->height - 1) / 2;
    for (unsigned y = 0; y < cmd->height; y++)
        for (unsigned x = 0; x < cmd->width; x++) {
            float dx = (float)x - cx, dy = (float)y - cy;
            float corner = (dx * dx + dy * dy) / fmaxf(cx * cx + cy * cy, 1);
            shading[(size_t)y * cmd->width + x] = cmd->exposure * (1 - cmd->vignette * corner) *
                                                  dust_at(dust, cmd->dust, (float)x, (float)y);
        }
    free(dust);
    return shading;
}

/* Opaque within an ellipse on the subject, transparent outside, soft between. */
static float opacity_at(const struct cmdline *cmd, float u, float v)
{
    float x = 2 * u / (float)cmd->width - 1, y = 2 * v / (float)cmd->height - 1;
    return fminf(fmaxf((1.3f - hypotf(x, y)) / 0.2f, 0), 1);
}

static uint16_t quantise(float value, unsigned maxval)
{
    return (uint16_t)(fminf(fmaxf(value, 0), 1) * (float)maxval + 0.5f);
}

/* Exposes the sensor's rows to STRIP and puts them into FRAME. */
static void strip_expose(const struct strip *strip, const struct cmdline *cmd,
                         const struct view *view, const float *shading, uint64_t *random,
                         struct frame *frame)
{
    uint16_t *samples = alloc_array(frame_row_samples(frame), sizeof *samples);
    unsigned colors = frame_colors(frame);
    for (unsigned y = 0; y < strip->rows; y++) {
        for (unsigned x = 0; x < strip->width; x++) {
            size_t at = (size_t)y * strip->width + x;
            float light = shading[(size_t)(strip->top + y) * strip->width + x];
            uint16_t *sample = samples + (size_t)x * cmd->depth;
            for (unsigned c = 0; c < colors; c++) {
                const float *rgb = strip->rgb[at];
                float value = light * (colors == 3 ? rgb[c] : (rgb[0] + 2 * rgb[1] + rgb[2]) / 4);
                if (view->gamma != 1)
                    value = powf(value, 1 / view->gamma);
                value = view->gain * value + cmd->noise / 255 * random_normal(random);
                sample[c] = quantise(value, cmd->maxval);
            }
            if (colors < cmd->depth)
                sample[colors] = quantise(opacity_at(cmd, strip->place[at][0], strip->place[at][1]),
                                          cmd->maxval);
        }
        frame_put_row(frame, strip->top + y, samples);
    }
    free(samples);
}

static void frame_expose(struct frame *frame, const struct cmdline *cmd, const struct subject *s,
                         const struct view *view, const float *shading, uint64_t random)
{
    size_t pixels = (size_t)cmd->width * STRIP;
    struct strip strip = {.width = cmd->width,
                          .place = alloc_array(pixels, sizeof *strip.place),
                          .rgb = alloc_array(pixels, sizeof *strip.rgb)};
    for (strip.top = 0; strip.top < cmd->height; strip.top += STRIP) {
        strip.rows = cmd->height - strip.top < STRIP ? cmd->height - strip.top : STRIP;
        strip_render(&strip, s, view);
        strip_expose(&strip, cmd, view, shading, &random, frame);
    }
    free(strip.place);
    free(strip.rgb);
}

/* ---- files ---- */

static char *path_in(const char *dir, const char *name)
{
    return alloc_printf("%s/%s", dir, name);
}

static FILE *open_in(const char *dir, const char *name, const char *mode)
{
    char *path = path_in(dir, name);
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

/* Returns where in the file the raster begins. */
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

/* ---- bad pixels ---- */

#define BLUR_CENTRE (36.0 / 256) /* of the 5x5 binomial blur */
#define BAD_MARGIN 6

/* A place where a bad pixel could be, and what the good frames show there, over the stack. */
struct candidate {
    unsigned x, y;
    double sum[3], blur[3]; /* of the sample, of its 5x5 blur */
    unsigned min[3], max[3];
    bool used;
};

struct bad_pixel {
    unsigned x, y, channel;
    int offset;   /* added to the sample in every frame */
    double level; /* as pixels.tsv has it */
};

struct bad_pixels {
    struct candidate *candidates;
    unsigned n_candidates, n, room, seen; /* seen: frames looked at */
    struct bad_pixel *pixels;
};

static double blur5(const struct frame *frame, unsigned x, unsigned y, unsigned channel)
{
    static const unsigned weight[5] = {1, 4, 6, 4, 1};
    unsigned sum = 0;
    for (unsigned j = 0; j < 5; j++)
        for (unsigned i = 0; i < 5; i++)
            sum += weight[j] * weight[i] * frame_get(frame, x + i - 2, y + j - 2, channel);
    return sum / 256.0;
}

static void bad_init(struct bad_pixels *bad, const struct cmdline *cmd)
{
    unsigned wanted = cmd->hot + cmd->dead + cmd->cluster2 + cmd->cluster5;
    *bad = (struct bad_pixels){.n_candidates = wanted ? 20 * wanted + 2000 : 0};
    bad->candidates = alloc_zeroed(bad->n_candidates, sizeof *bad->candidates);
    bad->room = 3 * (cmd->hot + cmd->dead + 4 * cmd->cluster2 + 25 * cmd->cluster5);
    bad->pixels = alloc_array(bad->room, sizeof *bad->pixels);
    if (wanted && (cmd->width <= 2 * BAD_MARGIN || cmd->height <= 2 * BAD_MARGIN))
        pm_error("frames of %ux%u pixels are too small for bad pixels", cmd->width, cmd->height);
    uint64_t random = hash(cmd->seed, 600);
    for (unsigned i = 0; i < bad->n_candidates; i++) {
        struct candidate *c = &bad->candidates[i];
        c->x = BAD_MARGIN + random_below(&random, cmd->width - 2 * BAD_MARGIN);
        c->y = BAD_MARGIN + random_below(&random, cmd->height - 2 * BAD_MARGIN);
        for (int k = 0; k < 3; k++)
            c->min[k] = cmd->maxval;
    }
}

static void bad_look(struct bad_pixels *bad, const struct frame *frame)
{
    for (unsigned i = 0; i < bad->n_candidates; i++) {
        struct candidate *c = &bad->candidates[i];
        for (unsigned k = 0; k < frame_colors(frame); k++) {
            unsigned sample = frame_get(frame, c->x, c->y, k);
            c->sum[k] += sample;
            c->blur[k] += blur5(frame, c->x, c->y, k);
            c->min[k] = sample < c->min[k] ? sample : c->min[k];
            c->max[k] = sample > c->max[k] ? sample : c->max[k];
        }
    }
    bad->seen++;
}

/* Whether no bad pixel so far is so near that it would take part in the other's surroundings. */
static bool bad_free(const struct bad_pixels *bad, const struct candidate *c)
{
    for (unsigned i = 0; i < bad->n; i++)
        if (abs((int)c->x - (int)bad->pixels[i].x) <= BAD_MARGIN &&
            abs((int)c->y - (int)bad->pixels[i].y) <= BAD_MARGIN)
            return false;
    return true;
}

/*
 * A bad pixel at candidate C whose mean deviates by LEVEL (below 0: dead), if no frame clips it.
 * The pixel is part of its own blur, hence the division.
 */
static bool bad_fits(const struct bad_pixels *bad, const struct candidate *c, unsigned channel,
                     double level, unsigned maxval, struct bad_pixel *pixel)
{
    double own = (c->sum[channel] - c->blur[channel]) / bad->seen, unit = maxval / 255.0;
    int offset = (int)lround((level * unit - own) / (1 - BLUR_CENTRE));
    if ((level > 0) != (offset > 0) || (int)c->min[channel] + offset < 0 ||
        c->max[channel] + (unsigned)(offset > 0 ? offset : 0) > maxval)
        return false;
    *pixel =
        (struct bad_pixel){c->x, c->y, channel, offset, (own + offset * (1 - BLUR_CENTRE)) / unit};
    return true;
}

/* Plants one bad pixel, in COUNT channels from FIRST. */
static void bad_plant(struct bad_pixels *bad, unsigned first, unsigned count, double level,
                      unsigned maxval)
{
    for (unsigned i = 0; i < bad->n_candidates; i++) {
        struct candidate *c = &bad->candidates[i];
        struct bad_pixel pixels[3];
        bool fits = !c->used && bad_free(bad, c);
        for (unsigned k = 0; fits && k < count; k++)
            fits = bad_fits(bad, c, first + k, level, maxval, &pixels[k]);
        if (!fits)
            continue;
        c->used = true;
        for (unsigned k = 0; k < count; k++)
            bad->pixels[bad->n++] = pixels[k];
        return;
    }
    pm_error("there is no room for so many bad pixels of %.0f levels", fabs(level));
}

/* Plants SIDE x SIDE hot pixels. */
static void bad_plant_cluster(struct bad_pixels *bad, unsigned side, unsigned colors, double level,
                              unsigned maxval)
{
    unsigned i = 0;
    while (i < bad->n_candidates && !bad_free(bad, &bad->candidates[i]))
        i++;
    if (i == bad->n_candidates)
        pm_error("there is no room for so many clusters");
    const struct candidate *c = &bad->candidates[i];
    for (unsigned k = 0; k < side * side * colors; k++) {
        unsigned p = k / colors;
        bad->pixels[bad->n++] = (struct bad_pixel){c->x + p % side, c->y + p / side, k % colors,
                                                   (int)lround(level * maxval / 255), level};
    }
}

/* Most are in one channel, as a filter of one colour lies over each pixel; some in all. */
static void bad_choose(struct bad_pixels *bad, const struct cmdline *cmd)
{
    unsigned colors = cmd->depth >= 3 ? 3 : 1;
    uint64_t random = hash(cmd->seed, 700);
    for (unsigned i = 0; i < cmd->cluster2 + cmd->cluster5; i++)
        bad_plant_cluster(bad, i < cmd->cluster2 ? 2 : 5, colors, (double)cmd->level_max,
                          cmd->maxval);
    for (unsigned i = 0; i < cmd->hot + cmd->dead; i++) {
        double level = (double)random_in(&random, cmd->level_min, cmd->level_max);
        bool all = random_below(&random, 4) == 0;
        unsigned first = all ? 0 : random_below(&random, colors);
        bad_plant(bad, first, all ? colors : 1, i < cmd->hot ? level : -level, cmd->maxval);
    }
}

/* Adds the bad pixels to the frame in FILE, whose raster begins at START. */
static void bad_apply(const struct bad_pixels *bad, const struct cmdline *cmd, FILE *file,
                      long start)
{
    unsigned bytes = cmd->maxval > 255 ? 2 : 1;
    for (unsigned i = 0; i < bad->n; i++) {
        const struct bad_pixel *p = &bad->pixels[i];
        size_t sample = ((size_t)p->y * cmd->width + p->x) * cmd->depth + p->channel;
        unsigned char raw[2];
        uint16_t value;
        if (fseek(file, start + (long)(sample * bytes), SEEK_SET) ||
            fread(raw, bytes, 1, file) != 1)
            pm_error("a frame could not be read back");
        frame_unpack(raw, bytes, 1, &value);
        int changed = value + p->offset;
        value = (uint16_t)(changed < 0                  ? 0
                           : changed > (int)cmd->maxval ? (int)cmd->maxval
                                                        : changed);
        frame_pack(&value, bytes, 1, raw);
        fseek(file, -(long)bytes, SEEK_CUR);
        fwrite(raw, bytes, 1, file);
    }
}

static void bad_save(const struct bad_pixels *bad, const char *dir)
{
    FILE *file = open_in(dir, "pixels.tsv", "w");
    fprintf(file, "x\ty\tchannel\tkind\tlevel\n");
    for (unsigned i = 0; i < bad->n; i++) {
        const struct bad_pixel *p = &bad->pixels[i];
        fprintf(file, "%u\t%u\t%u\t%s\t%.2f\n", p->x, p->y, p->channel,
                p->offset > 0 ? "hot" : "dead", fabs(p->level));
    }
    close_checked(file, "pixels.tsv");
}

/* ---- the stack ---- */

static struct view make_view(const struct cmdline *cmd, unsigned index)
{
    uint64_t random = hash(hash(cmd->seed, 800), index);
    float gain = 1 + cmd->gain * random_in(&random, -1, 1);
    float gamma = 1 + cmd->gamma * random_in(&random, -1, 1);
    struct view view = {.to_frame = frame_transform(cmd, index),
                        .focus = cmd->frames > 1 ? (float)index / (float)(cmd->frames - 1) : 0.5f,
                        .gain = (int)index == cmd->reference ? 1 : gain,
                        .gamma = (int)index == cmd->reference ? 1 : gamma};
    if (cmd->wrong[index] == WRONG_DARK)
        view.gain = 0;
    if (cmd->wrong[index] == WRONG_WHITE)
        view.gain = 1e6f;
    view.to_subject = matrix_inverse(view.to_frame);
    return view;
}

static void save_truth_row(FILE *file, unsigned index, const struct matrix *m, bool wrong)
{
    fprintf(file, "%04u", index);
    if (wrong) {
        fprintf(file, "\tfailed\n");
        return;
    }
    for (int i = 0; i < 9; i++)
        fprintf(file, "\t%.15g", m->m[i]);
    fprintf(file, "\t0\t1\t1\n");
}

static void make_stack(const struct cmdline *cmd)
{
    float *lattice = make_lattice(cmd->seed), *shading = make_shading(cmd);
    struct photo photo = {0};
    if (cmd->subject)
        photo_read(&photo, cmd->subject, cmd->width, cmd->height);
    const struct photo *given = cmd->subject ? &photo : NULL;
    struct subject subject = make_subject(cmd, hash(cmd->seed, 900), lattice, given);
    struct subject other = make_subject(cmd, hash(cmd->seed, 901), lattice, NULL);
    struct frame frame = {cmd->width, cmd->height, cmd->depth, cmd->maxval, "", NULL, NULL};
    struct bad_pixels bad;
    long start = 0;
    char name[32];

    bad_init(&bad, cmd);
    frame_alloc(&frame);
    FILE *truth = open_in(cmd->dir, "truth.tsv", "w"), *light = open_in(cmd->dir, "light.tsv", "w");
    fprintf(truth, "frame\tm11\tm12\tm13\tm21\tm22\tm23\tm31\tm32\tm33\terror\tshare\tncc\n");
    fprintf(light, "frame\tgain\tgamma\n");
    for (unsigned i = 0; i < cmd->frames; i++) {
        struct view view = make_view(cmd, i);
        frame_expose(&frame, cmd, cmd->wrong[i] == WRONG_SCENE ? &other : &subject, &view, shading,
                     hash(hash(cmd->seed, 1000), i));
        if (cmd->wrong[i] == RIGHT)
            bad_look(&bad, &frame);
        frame_file_name(name, i);
        start = frame_save(&frame, cmd->dir, name);
        save_truth_row(truth, i, &view.to_frame, cmd->wrong[i] != RIGHT);
        fprintf(light, "%04u\t%.7g\t%.7g\n", i, (double)view.gain, (double)view.gamma);
    }
    close_checked(truth, "truth.tsv");
    close_checked(light, "light.tsv");

    bad_choose(&bad, cmd);
    for (unsigned i = 0; i < cmd->frames && bad.n > 0; i++) {
        frame_file_name(name, i);
        FILE *file = open_in(cmd->dir, name, "r+b");
        bad_apply(&bad, cmd, file, start);
        close_checked(file, name);
    }
    bad_save(&bad, cmd->dir);

    frame_free(&frame);
    free(bad.candidates);
    free(bad.pixels);
    for (int i = 0; i < PHOTO_LEVELS; i++)
        free(photo.level[i]);
    free(lattice);
    free(shading);
}

/* ---- the command line ---- */

static const char *const kinds[] = {
    "easy",       "breathing",  "rotated", "dark", "defocus", "lowtexture", "shift",
    "repetitive", "homography", "hot",     "dust", "16bit",   "wrong",      "noise"};

static bool known_kind(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kind, kinds[i]))
            return true;
    return false;
}

/* What the kinds share: a camera on a stand that moves a little, and an honest sensor. */
static void apply_kind(struct cmdline *cmd, const char *kind)
{
    float width = (float)cmd->width;
    cmd->defocus = 6;
    cmd->breathing = 1;
    cmd->rotate = 0.2f;
    cmd->shift = width / 200;
    cmd->gain = 0.2f;
    cmd->vignette = 0.3f;
    cmd->noise = 1;
    if (!strcmp(kind, "easy")) {
        cmd->defocus = 3;
        cmd->breathing = 0.5f;
    } else if (!strcmp(kind, "breathing")) {
        cmd->breathing = 4;
    } else if (!strcmp(kind, "rotated")) {
        cmd->breathing = 2;
        cmd->rotate = 1.5f;
    } else if (!strcmp(kind, "dark")) {
        cmd->exposure = 0.08f;
        cmd->noise = 2;
    } else if (!strcmp(kind, "defocus")) {
        cmd->defocus = 16;
    } else if (!strcmp(kind, "lowtexture")) {
        cmd->texture = 0.08f;
    } else if (!strcmp(kind, "shift")) {
        cmd->shift = 0.06f * width;
    } else if (!strcmp(kind, "repetitive")) {
        cmd->repeat = 40;
    } else if (!strcmp(kind, "homography")) {
        cmd->rotate = 1;
        cmd->shift = width / 50;
        cmd->perspective = width / 80;
    } else if (!strcmp(kind, "hot") || !strcmp(kind, "dust")) {
        cmd->hot = 500;
        cmd->level_min = 30;
        cmd->breathing = 2;
        cmd->dust = strcmp(kind, "dust") ? 0 : 40;
    } else if (!strcmp(kind, "16bit")) {
        cmd->maxval = 65535;
    } else if (!strcmp(kind, "noise")) {
        cmd->defocus = 14;
        cmd->hot = 200;
        cmd->dead = 100;
        cmd->noise = 0.6f;
        cmd->gain = 0.05f;
        cmd->points = 3;
        cmd->level_max = 80;
    }
}

static void default_wrong(struct cmdline *cmd)
{
    if (cmd->frames < 7)
        pm_error("-kind=wrong needs at least 7 frames");
    cmd->wrong[0] = WRONG_SCENE;
    cmd->wrong[cmd->frames / 2 - 1] = WRONG_DARK;
    cmd->wrong[cmd->frames / 2 + 1] = WRONG_WHITE;
    cmd->wrong[cmd->frames - 1] = WRONG_HALF;
}

static void parse_wrong(struct cmdline *cmd, const char *list)
{
    while (*list) {
        char *end;
        unsigned long index = strtoul(list, &end, 10);
        unsigned what = WRONG_SCENE;
        size_t length = strcspn(end, ",");
        while (what <= WRONG_HALF && (strlen(wrong_names[what]) + 1 != length || *end != ':' ||
                                      strncmp(end + 1, wrong_names[what], length - 1)))
            what++;
        if (end == list || index >= cmd->frames || what > WRONG_HALF)
            pm_error("-wrong=I:WHAT,...: %s is not a frame and one of scene, dark, white, half",
                     list);
        cmd->wrong[index] = (enum wrong)what;
        list = end + length + (end[length] == ',');
    }
}

static void check_cmdline(const struct cmdline *cmd)
{
    if (cmd->width < 1 || cmd->height < 1 || cmd->frames < 1)
        pm_error("-width, -height and -frames must be at least 1");
    if (cmd->depth < 1 || cmd->depth > 4)
        pm_error("-depth must be 1 to 4");
    if (cmd->maxval < 1 || cmd->maxval > 65535)
        pm_error("-maxval must be 1 to 65535");
    if (cmd->reference < 0 || cmd->reference >= (int)cmd->frames)
        pm_error("-reference must be 0 to %u", cmd->frames - 1);
}

/* Reads the options into CMD; called once to learn the kind, and again to win over it. */
static void read_options(struct cmdline *cmd, int argc, const char **argv, char **levels,
                         char **wrong)
{
    static optEntry entries[32];
    const char **args = alloc_array((size_t)argc + 1, sizeof *args);
    memcpy(args, argv, ((size_t)argc + 1) * sizeof *args);
    unsigned option_def_index = 0;
    optEntry *option_def = entries;
    OPTENT3(0, "kind", OPT_STRING, &cmd->kind, NULL, 0);
    OPTENT3(0, "width", OPT_UINT, &cmd->width, NULL, 0);
    OPTENT3(0, "height", OPT_UINT, &cmd->height, NULL, 0);
    OPTENT3(0, "frames", OPT_UINT, &cmd->frames, NULL, 0);
    OPTENT3(0, "depth", OPT_UINT, &cmd->depth, NULL, 0);
    OPTENT3(0, "maxval", OPT_UINT, &cmd->maxval, NULL, 0);
    OPTENT3(0, "reference", OPT_INT, &cmd->reference, NULL, 0);
    OPTENT3(0, "seed", OPT_UINT, &cmd->seed, NULL, 0);
    OPTENT3(0, "subject", OPT_STRING, &cmd->subject, NULL, 0);
    OPTENT3(0, "texture", OPT_FLOAT, &cmd->texture, NULL, 0);
    OPTENT3(0, "points", OPT_FLOAT, &cmd->points, NULL, 0);
    OPTENT3(0, "repeat", OPT_FLOAT, &cmd->repeat, NULL, 0);
    OPTENT3(0, "defocus", OPT_FLOAT, &cmd->defocus, NULL, 0);
    OPTENT3(0, "breathing", OPT_FLOAT, &cmd->breathing, NULL, 0);
    OPTENT3(0, "rotate", OPT_FLOAT, &cmd->rotate, NULL, 0);
    OPTENT3(0, "shift", OPT_FLOAT, &cmd->shift, NULL, 0);
    OPTENT3(0, "wholeshift", OPT_FLAG, NULL, &cmd->wholeshift, 0);
    OPTENT3(0, "perspective", OPT_FLOAT, &cmd->perspective, NULL, 0);
    OPTENT3(0, "gain", OPT_FLOAT, &cmd->gain, NULL, 0);
    OPTENT3(0, "gamma", OPT_FLOAT, &cmd->gamma, NULL, 0);
    OPTENT3(0, "exposure", OPT_FLOAT, &cmd->exposure, NULL, 0);
    OPTENT3(0, "vignette", OPT_FLOAT, &cmd->vignette, NULL, 0);
    OPTENT3(0, "noise", OPT_FLOAT, &cmd->noise, NULL, 0);
    OPTENT3(0, "hot", OPT_UINT, &cmd->hot, NULL, 0);
    OPTENT3(0, "dead", OPT_UINT, &cmd->dead, NULL, 0);
    OPTENT3(0, "cluster2", OPT_UINT, &cmd->cluster2, NULL, 0);
    OPTENT3(0, "cluster5", OPT_UINT, &cmd->cluster5, NULL, 0);
    OPTENT3(0, "levels", OPT_STRING, levels, NULL, 0);
    OPTENT3(0, "dust", OPT_UINT, &cmd->dust, NULL, 0);
    OPTENT3(0, "wrong", OPT_STRING, wrong, NULL, 0);
    optStruct3 options = {.opt_table = entries};
    errno = 0;
    pm_optParseOptions3(&argc, (char **)args, options, sizeof options, 0);
    if (argc != 2) {
        fputs(usage, stderr);
        exit(1);
    }
    cmd->dir = args[1];
    free(args);
}

static struct cmdline parse_cmdline(int argc, const char **argv)
{
    struct cmdline cmd = {.width = 600,
                          .height = 400,
                          .frames = 7,
                          .depth = 3,
                          .maxval = 255,
                          .reference = -1,
                          .seed = 1,
                          .texture = 1,
                          .points = 1,
                          .exposure = 1,
                          .level_min = 16,
                          .level_max = 120};
    char *levels = NULL, *wrong = NULL;
    struct cmdline first = cmd;
    read_options(&first, argc, argv, &levels, &wrong);
    if (first.kind && !known_kind(first.kind))
        pm_error("-kind=%s is not one of those that the usage text lists", first.kind);
    if (first.kind) {
        cmd.width = first.width;
        apply_kind(&cmd, first.kind);
    }
    read_options(&cmd, argc, argv, &levels, &wrong);
    if (cmd.reference == -1)
        cmd.reference = (int)(cmd.frames / 2);
    check_cmdline(&cmd);
    if (levels && (sscanf(levels, "%f,%f", &cmd.level_min, &cmd.level_max) != 2 ||
                   cmd.level_min > cmd.level_max))
        pm_error("-levels=MIN,MAX: %s is not two numbers in order", levels);
    cmd.wrong = alloc_zeroed(cmd.frames, sizeof *cmd.wrong);
    if (wrong)
        parse_wrong(&cmd, wrong);
    else if (cmd.kind && !strcmp(cmd.kind, "wrong"))
        default_wrong(&cmd);
    return cmd;
}

int main(int argc, const char **argv)
{
    pm_init(argv[0], 0);
    pm_optSetFatalFunc(pm_error);
    struct cmdline cmd = parse_cmdline(argc, argv);
    if (mkdir(cmd.dir, 0777)) /* not into a directory that may hold frames of another stack */
        pm_error("%s: %s", cmd.dir, strerror(errno));
    make_stack(&cmd);
    free(cmd.wrong);
    return 0;
}
