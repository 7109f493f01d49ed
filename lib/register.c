/* SPDX-License-Identifier: MIT */

/*
 * The transform W takes the reference's pixels to the frame's. A step measures, block by block,
 * how far the frame seen through W is displaced from the reference, solves for the one small
 * transform D that explains the displacements, and sets W to W D: the step is in the reference's
 * coordinates, where the blocks are and stay.
 *
 * A Gauss-Newton step only sees a pixel or two, so the start matters. The identity and the peaks of
 * phase correlations over a few scales and rotations are tried at the coarsest level, where a pixel
 * is many of the frame's. Each gets one step; the best of them a few more; the best of those, by
 * the mean NCC of its blocks, less where few blocks agree, goes on to the finer levels.
 *
 * Homographies start as similarities: at coarse levels there is too little to fix eight parameters.
 *
 * Half resolution decides whether two frames belong together. Full resolution, at small windows
 * around the best blocks, is two to three times as precise where frames are sharp (half-size images
 * have aliases, which pull towards whole pixels), and less so where they are noisy or out of focus:
 * of the two answers the one that predicts the smaller error is taken.
 *
 * Neither a small residual nor a consistent transform proves that two frames show the same scene (a
 * lens cap has a tiny residual); that blocks all over the frame correlate does. Only the half of
 * the reference's blocks with the more information are asked: an empty background is noise, and
 * agrees with nothing.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "blocks.h"
#include "detail.h"
#include "phase.h"
#include "register.h"
#include "solve.h"

enum {
    BLOCKS = 1200, /* at most, a level */
    PEAKS = 2,
    FINALISTS = 4,
    FINALIST_STEPS = 4,
    STEPS = 3 /* at most, a level */
};

#define AGREES 0.3       /* NCC */
#define SMALL_STEP 0.002 /* pixels of a level */
#define PI 3.14159265358979323846

static const double scales[] = {0.94, 0.97, 1, 1.03, 1.06};
static const double rotations[] = {-2, 0, 2}; /* degrees */

enum {
    SCALES = sizeof scales / sizeof scales[0],
    ROTATIONS = sizeof rotations / sizeof rotations[0],
    CANDIDATES = 1 + SCALES * ROTATIONS * PEAKS
};

struct registrar {
    const struct pyramid *reference;
    enum transform_model model;
    struct phase *phase;
    unsigned count[PYRAMID_LEVELS]; /* blocks of a level */
    struct block *blocks[PYRAMID_LEVELS];
    float telling[PYRAMID_LEVELS]; /* their median information */

    /* At full resolution, where that is no level of the pyramid. */
    unsigned fine_count;
    struct block *fine_blocks;
    float *fine_gray; /* of the reference, DETAIL_KEPT samples a block */
    unsigned char *fine_seen;
    struct view *fine_views;
};

/* What blocks are measured at: a level, or the details of the full frames. */
struct stage {
    unsigned width, height; /* of the reference, seen at that resolution */
    unsigned count;
    const struct block *blocks;
    float telling;                   /* blocks of less information are not asked for the figures */
    const struct level *own, *other; /* or NULL: then */
    const struct view *own_views;    /* one a block */
    const struct frame *frame;       /* to cut the others' from */
};

struct candidate {
    struct transform t;
    double score;
};

static int by_value(const void *a, const void *b)
{
    double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

static float median_information(const struct block *blocks, unsigned count)
{
    double *values = alloc_array(count, sizeof *values);
    for (unsigned k = 0; k < count; k++)
        values[k] = (double)blocks[k].information;
    qsort(values, count, sizeof *values, by_value);
    float median = count ? (float)values[count / 2] : 0;
    free(values);
    return median;
}

/* The reference's blocks at full resolution. */
static void keep_detail(struct registrar *registrar, const struct frame *frame)
{
    registrar->fine_blocks = alloc_array(BLOCKS, sizeof *registrar->fine_blocks);
    unsigned count = detail_choose(frame, registrar->blocks[0], registrar->count[0], BLOCKS,
                                   registrar->fine_blocks);
    registrar->fine_count = count;
    size_t samples = (size_t)count * DETAIL_KEPT;
    registrar->fine_gray = alloc_array(samples, sizeof *registrar->fine_gray);
    registrar->fine_seen = frame_has_opacity(frame) ? alloc_array(samples, 1) : NULL;
    registrar->fine_views = alloc_array(count, sizeof *registrar->fine_views);
    for (unsigned k = 0; k < count; k++) {
        size_t start = (size_t)k * DETAIL_KEPT;
        registrar->fine_views[k] =
            detail_keep(frame, &registrar->fine_blocks[k], registrar->fine_gray + start,
                        registrar->fine_seen ? registrar->fine_seen + start : NULL);
    }
}

struct registrar *register_open(const struct pyramid *reference, const struct frame *frame,
                                enum transform_model model)
{
    struct registrar *registrar = alloc_zeroed(1, sizeof *registrar);
    registrar->reference = reference;
    registrar->model = model;
    registrar->phase = phase_open(&reference->level[reference->levels - 1]);
    for (unsigned i = 0; i < reference->levels; i++) {
        registrar->blocks[i] = alloc_array(BLOCKS, sizeof *registrar->blocks[i]);
        registrar->count[i] = blocks_choose(&reference->level[i], BLOCKS, registrar->blocks[i]);
        registrar->telling[i] = median_information(registrar->blocks[i], registrar->count[i]);
    }
    if (reference->factor > 1)
        keep_detail(registrar, frame);
    return registrar;
}

void register_close(struct registrar *registrar)
{
    phase_free(registrar->phase);
    for (unsigned i = 0; i < registrar->reference->levels; i++)
        free(registrar->blocks[i]);
    free(registrar->fine_blocks);
    free(registrar->fine_gray);
    free(registrar->fine_seen);
    free(registrar->fine_views);
    free(registrar);
}

/* The figures that tell a good registration, from measured blocks. MEAN is the mean NCC. */
static void judge(const struct stage *stage, const struct block *blocks, const bool *kept,
                  struct registration *found, double *mean)
{
    double *ncc = alloc_array(stage->count, sizeof *ncc);
    unsigned inside = 0, asked = 0, agree = 0;
    *mean = 0;
    for (unsigned k = 0; k < stage->count; k++) {
        inside += blocks[k].inside;
        if (!blocks[k].inside || blocks[k].information < stage->telling)
            continue;
        ncc[asked++] = blocks[k].ncc;
        *mean += fmax(0, blocks[k].ncc);
        agree += kept[k] && blocks[k].ncc > AGREES;
    }
    qsort(ncc, asked, sizeof *ncc, by_value);
    found->share = asked ? (double)agree / asked : 0;
    found->ncc = asked ? fmax(0, ncc[asked / 2]) : 0;
    found->overlap = stage->count ? (double)inside / stage->count : 0;
    *mean = asked ? *mean / asked : 0;
    free(ncc);
}

static struct stage level_stage(const struct registrar *registrar, const struct pyramid *frame,
                                unsigned level)
{
    const struct level *own = &registrar->reference->level[level];
    return (struct stage){.width = own->width,
                          .height = own->height,
                          .count = registrar->count[level],
                          .blocks = registrar->blocks[level],
                          .telling = registrar->telling[level],
                          .own = own,
                          .other = &frame->level[level]};
}

static void measure(const struct stage *stage, const struct transform *t, struct block *blocks)
{
    struct detail detail;
    for (unsigned k = 0; k < stage->count; k++) {
        struct view own = stage->own ? blocks_view(stage->own) : stage->own_views[k];
        struct view other = stage->other ? blocks_view(stage->other)
                                         : detail_around(stage->frame, t, &blocks[k], &detail);
        blocks_measure(&own, &other, t, &blocks[k]);
    }
}

/* Up to STEPS steps on T; false if one has no solution. FOUND gets the figures of the last, MEAN
   the mean NCC. */
static bool refine(const struct stage *stage, enum transform_model model, unsigned steps,
                   struct transform *t, struct registration *found, double *mean)
{
    struct block *blocks = alloc_array(stage->count, sizeof *blocks);
    bool *kept = alloc_zeroed(stage->count, sizeof *kept);
    memcpy(blocks, stage->blocks, stage->count * sizeof *blocks);
    bool solved = true;
    for (unsigned i = 0; i < steps && solved; i++) {
        struct solution solution;
        measure(stage, t, blocks);
        solved = solve_transform(model, blocks, stage->count, stage->width, stage->height,
                                 &solution, kept);
        if (!solved)
            break;
        struct transform next = transform_compose(t, &solution.delta);
        solved = transform_usable(&next, stage->width, stage->height);
        if (!solved)
            break;
        *t = next;
        found->error = solution.error;
        if (solution.step < SMALL_STEP)
            break;
    }
    judge(stage, blocks, kept, found, mean);
    free(blocks);
    free(kept);
    return solved;
}

static int by_score(const void *a, const void *b)
{
    const struct candidate *p = a, *q = b;
    return (p->score < q->score) - (p->score > q->score);
}

/* Takes STEPS steps on the candidate, and sets its score. */
static void score_candidate(const struct registrar *registrar, const struct pyramid *frame,
                            enum transform_model model, unsigned steps, struct candidate *candidate)
{
    struct registration found = {0};
    double mean;
    struct stage stage = level_stage(registrar, frame, registrar->reference->levels - 1);
    bool solved = refine(&stage, model, steps, &candidate->t, &found, &mean);
    candidate->score =
        solved ? mean * fmin(1, found.share / 0.5) * fmin(1, found.overlap / 0.5) : -1;
}

/* The transform between the coarsest levels to go on from. */
static struct transform start(const struct registrar *registrar, const struct pyramid *frame,
                              enum transform_model model)
{
    const struct level *level = &frame->level[frame->levels - 1];
    struct candidate candidates[CANDIDATES] = {{.t = transform_identity()}};
    unsigned count = 1;
    for (unsigned i = 0; i < SCALES; i++) {
        for (unsigned j = 0; j < ROTATIONS; j++) {
            if (model == TRANSFORM_SHIFT && (scales[i] != 1 || rotations[j] != 0))
                continue;
            struct transform seed =
                transform_similarity(rotations[j] * PI / 180, scales[i], 0.5 * (level->width - 1),
                                     0.5 * (level->height - 1), 0, 0);
            struct transform peaks[PEAKS];
            unsigned found = phase_peaks(registrar->phase, level, &seed, PEAKS, peaks);
            for (unsigned k = 0; k < found; k++)
                candidates[count++].t = peaks[k];
        }
    }
    for (unsigned k = 0; k < count; k++)
        score_candidate(registrar, frame, model, 1, &candidates[k]);
    qsort(candidates, count, sizeof candidates[0], by_score);
    unsigned finalists = count < FINALISTS ? count : FINALISTS;
    for (unsigned k = 0; k < finalists; k++)
        score_candidate(registrar, frame, model, FINALIST_STEPS, &candidates[k]);
    qsort(candidates, finalists, sizeof candidates[0], by_score);
    return candidates[0].t;
}

/* One more stage on T at full resolution, if it promises to be more precise than what FOUND has; in
   pixels of the frames. */
static void finish(const struct registrar *registrar, const struct pyramid *pyramid,
                   const struct frame *frame, struct registration *found)
{
    struct stage stage = {.width = pyramid->width,
                          .height = pyramid->height,
                          .count = registrar->fine_count,
                          .blocks = registrar->fine_blocks,
                          .own_views = registrar->fine_views,
                          .frame = frame};
    if (registrar->reference->factor == 1)
        stage = level_stage(registrar, pyramid, 0);
    struct registration finer = *found;
    double mean;
    if (stage.count && refine(&stage, registrar->model, STEPS, &finer.transform, &finer, &mean) &&
        finer.error < found->error) {
        found->transform = finer.transform;
        found->error = finer.error;
    }
}

void register_frame(const struct registrar *registrar, const struct pyramid *pyramid,
                    const struct frame *frame, struct registration *found)
{
    const struct pyramid *reference = registrar->reference;
    *found = (struct registration){.transform = transform_identity()};
    unsigned coarsest = reference->levels - 1;
    unsigned finest = reference->factor > 1 || reference->levels == 1 ? 0 : 1;
    found->blocks = registrar->count[finest];
    if (found->blocks == 0 || registrar->count[coarsest] == 0)
        return;
    enum transform_model rough =
        registrar->model == TRANSFORM_SHIFT ? TRANSFORM_SHIFT : TRANSFORM_SIMILARITY;
    struct transform t = start(registrar, pyramid, rough);
    found->solved = true;
    double mean;
    for (unsigned level = reference->levels; level-- > finest && found->solved;) {
        struct stage stage = level_stage(registrar, pyramid, level);
        enum transform_model model = level > finest + 1 ? rough : registrar->model;
        found->solved = refine(&stage, model, STEPS, &t, found, &mean);
        double factor = level > 0 ? 2 : reference->factor;
        t = transform_finer(&t, factor, 0);
        found->error *= factor;
    }
    found->transform = t;
    if (found->solved)
        finish(registrar, pyramid, frame, found);
}

enum register_verdict register_verdict(const struct registration *found)
{
    if (found->blocks == 0)
        return REGISTER_NO_BLOCKS;
    if (!found->solved || found->share < REGISTER_LEAST_SHARE || found->ncc < REGISTER_LEAST_NCC)
        return REGISTER_DISAGREES;
    return found->overlap < REGISTER_LEAST_OVERLAP ? REGISTER_ELSEWHERE : REGISTER_GOOD;
}
