/* SPDX-License-Identifier: MIT */

/*
 * The transform W takes the reference's pixels to the frame's. A step measures, block by block, how
 * far the frame seen through W is displaced from the reference, solves for the one small transform
 * D that explains the displacements, and sets W to W D: the step is in the reference's coordinates,
 * where the blocks stay.
 *
 * Each level, and full resolution at small windows around the best blocks, gives an answer of its
 * own. Full resolution is two to three times as precise as half where frames are sharp (half-size
 * images have aliases, which pull towards whole pixels), and less precise where they are noisy or
 * out of focus; under parallax each level gives weight to other blocks. Answers that agree within
 * their predicted errors are averaged, weighted by these. A finer answer that contradicts the
 * coarser ones has locked on to what does not move with the subject (dust, hot pixels, the grid of
 * JPEG blocks: all fine detail): the coarser ones stand, and a share of the contradiction adds to
 * their error.
 *
 * Homographies start as similarities: coarse levels have too little detail to fix eight parameters.
 * A model left to choice stays a similarity until the blocks of one of the two finest levels prefer
 * the richer one.
 *
 * Neither a small residual nor a consistent transform proves that two frames show the same scene (a
 * lens cap has a tiny residual); blocks that correlate all over the frame do. Only the half of the
 * reference's blocks with more information counts: an empty background is noise, and agrees with
 * nothing. Noise hides detail at fine levels first, so a coarser level may vouch for a frame, but
 * needs higher figures: there, right frames under strong noise had a share of .82 and an NCC of .69
 * or more, wrong ones .48 and .27 or less.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "block.h"
#include "fine_window.h"
#include "numbers.h"
#include "phase.h"
#include "register.h"
#include "solve.h"
#include "stage.h"
#include "start.h"

enum {
    BLOCKS = 1200, /* at most, a level */
    STEPS = 3      /* at most, a level */
};

/* The most pixels of a coarsest level to search in. That of a long strip, which cannot be halved
   further, may have more; there the Fourier transforms would take many times the frame's size. */
#define SEARCH_MOST ((size_t)1 << 20)
#define ENOUGH_BLOCKS 100 /* for the answer of a level coarser than the finest to count */
#define COARSE_LEAST 0.6  /* share and NCC by which a coarser level vouches for a frame */

/* Answers contradict each other if they differ by more than this many predicted errors, and by more
   than interpolation displaces in the coarser level. */
#define CONTRADICTION 2
#define CONTRADICTION_SHARE 0.25 /* the share of the distance that is added to the error */

/* The share of the misfit that is added to the error, as other blocks would give another answer.
   With it, 97 % of the changes of real frames that move nothing (noise, blur, light, compression)
   stay within three predicted errors. */
#define MISFIT_SHARE 0.33
#define MISFIT_WEIGHT 2
#define VISIBLE 0.5 /* pixels of the frames: RMS distance between two models' transforms */

/* How far aliases displace a level's answer, in its pixels: the predicted error does not include
   it. */
#define ALIASED 0.01

struct registrar {
    const struct pyramid *reference;
    struct register_models models;
    struct phase *phase;            /* NULL until it is needed */
    unsigned count[PYRAMID_LEVELS]; /* blocks of a level */
    struct block *blocks[PYRAMID_LEVELS];
    float telling[PYRAMID_LEVELS]; /* their median information */

    /* At full resolution, where that is no level of the pyramid. */
    unsigned fine_count;
    struct block *fine_blocks;
    float *fine_gray; /* of the reference, FINE_WINDOW_KEPT samples a block */
    unsigned char *fine_seen;
    struct view *fine_views;
};

static float median_information(const struct block *blocks, unsigned count)
{
    double *values = alloc_array(count, sizeof *values);
    for (unsigned k = 0; k < count; k++)
        values[k] = (double)blocks[k].information;
    float median = (float)median_of(values, count);
    free(values);
    return median;
}

/* Keeps the reference's blocks at full resolution. */
static void keep_fine_windows(struct registrar *registrar, const struct frame *frame)
{
    registrar->fine_blocks = alloc_array(BLOCKS, sizeof *registrar->fine_blocks);
    unsigned count = fine_window_choose(frame, registrar->blocks[0], registrar->count[0], BLOCKS,
                                        registrar->fine_blocks);
    registrar->fine_count = count;
    size_t samples = (size_t)count * FINE_WINDOW_KEPT;
    registrar->fine_gray = alloc_array(samples, sizeof *registrar->fine_gray);
    registrar->fine_seen = frame_has_opacity(frame) ? alloc_array(samples, 1) : NULL;
    registrar->fine_views = alloc_array(count, sizeof *registrar->fine_views);
#pragma omp parallel for schedule(static)
    for (unsigned k = 0; k < count; k++) {
        size_t start = (size_t)k * FINE_WINDOW_KEPT;
        registrar->fine_views[k] =
            fine_window_keep(frame, &registrar->fine_blocks[k], registrar->fine_gray + start,
                             registrar->fine_seen ? registrar->fine_seen + start : NULL);
    }
}

struct registrar *register_open(const struct pyramid *reference, const struct frame *frame,
                                struct register_models models)
{
    struct registrar *registrar = alloc_zeroed(1, sizeof *registrar);
    registrar->reference = reference;
    registrar->models = models;
    for (unsigned i = 0; i < reference->levels; i++) {
        registrar->blocks[i] = alloc_array(BLOCKS, sizeof *registrar->blocks[i]);
        registrar->count[i] = block_choose(&reference->level[i], BLOCKS, registrar->blocks[i]);
        registrar->telling[i] = median_information(registrar->blocks[i], registrar->count[i]);
    }
    if (reference->factor > 1)
        keep_fine_windows(registrar, frame);
    return registrar;
}

void register_close(struct registrar *registrar)
{
    if (registrar->phase)
        phase_free(registrar->phase);
    for (unsigned i = 0; i < registrar->reference->levels; i++)
        free(registrar->blocks[i]);
    free(registrar->fine_blocks);
    free(registrar->fine_gray);
    free(registrar->fine_seen);
    free(registrar->fine_views);
    free(registrar);
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
                          .other = &frame->level[level],
                          .factor = registrar->reference->factor * (double)(1u << level)};
}

/* Adds MORE pixels to the error as that of a shift, half of its square along each axis. */
static void raise_error(struct registration *answer, double more)
{
    answer->error = hypot(answer->error, more);
    for (int i = 0; i < 2; i++)
        answer->covariance[i][i] += 0.5 * more * more;
}

/* The error of an answer, given a MISFIT. */
static double error_with(const struct registration *answer, double misfit)
{
    return hypot(answer->error, MISFIT_SHARE * misfit);
}

/*
 * Combines BEST, the answer of the coarser stages, with FINER, that of the next stage, whose pixels
 * are FACTOR of the frames'. Chance decides which blocks a stage uses. If they agree well among
 * themselves, they may still be wrong about the others, so both answers get the larger misfit.
 */
static void combine_answers(const struct pyramid *reference, const struct registration *finer,
                            double factor, struct registration *best)
{
    double misfit = fmax(finer->misfit, best->misfit);
    double fine = error_with(finer, misfit), coarse = error_with(best, misfit);
    double apart = transform_distance(&finer->transform, &best->transform, reference->width,
                                      reference->height);
    if (apart > CONTRADICTION * hypot(fine, coarse) && apart > STAGE_INTERPOLATION * 2 * factor) {
        raise_error(best, CONTRADICTION_SHARE * apart);
        return;
    }
    /* The weight of the finer: by noise where noise decides; about equal where both have misfit.
       Misfit from depth is in both answers, so the smaller of the two misfits counts for both. */
    double shared = MISFIT_WEIGHT * fmin(finer->misfit, best->misfit), alias = ALIASED * factor;
    double c = hypot(hypot(best->error, shared), 2 * alias);
    double f = hypot(hypot(finer->error, shared), alias);
    /* The bound only keeps 0 / 0 away. */
    double share = c * c / fmax(c * c + f * f, 1e-30);
    struct registration mean = fine < coarse ? *finer : *best;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            mean.transform.m[i][j] =
                (1 - share) * best->transform.m[i][j] + share * finer->transform.m[i][j];
    mean.misfit = misfit;
    *best = mean;
}

/* At full resolution. */
static struct stage fine_stage(const struct registrar *registrar, const struct pyramid *pyramid,
                               const struct frame *frame)
{
    if (registrar->reference->factor == 1)
        return level_stage(registrar, pyramid, 0);
    return (struct stage){.width = pyramid->width,
                          .height = pyramid->height,
                          .count = registrar->fine_count,
                          .blocks = registrar->fine_blocks,
                          .own_views = registrar->fine_views,
                          .frame = frame,
                          .factor = 1};
}

/* Whether the figures of a stage, the finest level or a coarser one, vouch for a frame. */
static bool vouches(const struct registration *figures, bool finest)
{
    double share = finest ? REGISTER_LEAST_SHARE : COARSE_LEAST;
    double ncc = finest ? REGISTER_LEAST_NCC : COARSE_LEAST;
    return figures->share >= share && figures->ncc >= ncc;
}

/* The way from the coarsest level to full resolution. */
struct ascent {
    const struct registrar *registrar;
    unsigned finest;            /* the level that decides whether two frames belong together */
    struct transform t;         /* so far, in pixels of the frames */
    enum transform_model model; /* chosen so far */
    struct registration best;   /* the answers of that model so far, combined */
    bool have;                  /* best is set */
    struct registration seen;   /* the figures that vouch for the frame, or those seen last */
    bool vouched;
};

/* Whether the blocks of STEP at LEVEL prefer the richer model. */
static bool wants_richer(const struct ascent *ascent, const struct stage *stage, unsigned level,
                         const struct step *step)
{
    struct register_models models = ascent->registrar->models;
    return level <= ascent->finest + 1 && ascent->model < models.richest &&
           solve_prefers(ascent->model, models.richest, VISIBLE / stage->factor, step->blocks,
                         stage->count, stage->width, stage->height);
}

/* The model at LEVEL: coarse levels have too little detail to fix many parameters. */
static enum transform_model model_at(const struct ascent *ascent, unsigned level)
{
    bool rough = level > ascent->finest + 1 && ascent->model > TRANSFORM_SIMILARITY;
    return rough ? TRANSFORM_SIMILARITY : ascent->model;
}

/* Combines the answer of STEP, found with MODEL, with those before it. */
static bool take_answer(struct ascent *ascent, const struct stage *stage,
                        enum transform_model model, struct step *step)
{
    struct registration answer;
    if (model != ascent->model)
        return true;
    if (!stage_answer(stage, model, step, &answer))
        return false;
    if (ascent->have && ascent->best.model == model)
        combine_answers(ascent->registrar->reference, &answer, stage->factor, &ascent->best);
    else
        ascent->best = answer;
    ascent->have = true;
    return true;
}

static bool ascend_level(struct ascent *ascent, const struct stage *stage, unsigned level)
{
    enum transform_model model = model_at(ascent, level);
    struct step step = step_open(stage);
    step.transform = transform_finer(&ascent->t, 1 / stage->factor);
    bool solved = stage_refine(stage, model, STEPS, &step);
    if (solved && wants_richer(ascent, stage, level, &step)) {
        ascent->model = model = ascent->registrar->models.richest;
        solved = stage_refine(stage, model, STEPS, &step);
    }
    bool finest = level == ascent->finest;
    if (finest || stage->count >= ENOUGH_BLOCKS) {
        solved = solved && take_answer(ascent, stage, model, &step);
        if (!ascent->vouched || vouches(&step.figures, finest)) {
            ascent->seen = step.figures;
            ascent->vouched = vouches(&step.figures, finest);
        }
    }
    ascent->t = transform_finer(&step.transform, stage->factor);
    step_close(&step);
    return solved;
}

/* Refines at full resolution; the coarser answers stand if that fails. */
static void ascend_fully(struct ascent *ascent, const struct stage *stage)
{
    struct step step = step_open(stage);
    step.transform = transform_finer(&ascent->t, 1 / stage->factor);
    if (stage->count > 0 && stage_refine(stage, ascent->model, STEPS, &step))
        take_answer(ascent, stage, ascent->model, &step);
    step_close(&step);
}

/* Refines the transform of ASCENT through all levels; FOUND is the result. */
static void ascend(const struct registrar *registrar, const struct pyramid *pyramid,
                   const struct frame *frame, struct ascent *ascent, struct registration *found)
{
    const struct pyramid *reference = registrar->reference;
    bool solved = true;
    for (unsigned level = reference->levels; level-- > ascent->finest && solved;) {
        struct stage stage = level_stage(registrar, pyramid, level);
        solved = ascend_level(ascent, &stage, level);
    }
    if (solved) {
        struct stage stage = fine_stage(registrar, pyramid, frame);
        ascend_fully(ascent, &stage);
    }
    *found = (struct registration){.transform = transform_identity()};
    if (ascent->have)
        *found = ascent->best;
    raise_error(found, MISFIT_SHARE * found->misfit);
    found->blocks = registrar->count[ascent->finest];
    found->solved = solved && ascent->have;
    found->vouched = ascent->vouched;
    found->share = ascent->seen.share;
    found->ncc = ascent->seen.ncc;
    found->overlap = ascent->seen.overlap;
}

void register_frame(struct registrar *registrar, const struct pyramid *pyramid,
                    const struct frame *frame, const struct transform *guess,
                    struct registration *found)
{
    const struct pyramid *reference = registrar->reference;
    unsigned coarsest = reference->levels - 1;
    /* Perspective of another pair of frames would stay in the answer of a simpler model. */
    struct transform simple;
    if (guess && registrar->models.simplest < registrar->models.richest) {
        simple = transform_similarity_of(guess, reference->width, reference->height);
        guess = &simple;
    }
    struct ascent empty = {.registrar = registrar, .model = registrar->models.simplest};
    empty.finest = reference->factor > 1 || reference->levels == 1 ? 0 : 1;
    *found = (struct registration){.transform = transform_identity(),
                                   .blocks = registrar->count[empty.finest]};
    if (found->blocks == 0 || registrar->count[coarsest] == 0)
        return;
    /* In a texture that repeats, a start that looked good may still fail. */
    enum transform_model model = model_at(&empty, coarsest);
    struct stage stage = level_stage(registrar, pyramid, coarsest);
    struct ascent ascent = empty;
    bool searchable = (size_t)stage.width * stage.height <= SEARCH_MOST;
    if (start_quickly(&stage, model, guess, &ascent.t) || !searchable) {
        ascend(registrar, pyramid, frame, &ascent, found);
        if (register_verdict(found) == REGISTER_GOOD || !searchable)
            return;
    }
    ascent = empty;
    if (!registrar->phase)
        registrar->phase = phase_open(&reference->level[coarsest]);
    ascent.t = start_thoroughly(&stage, model, guess, registrar->phase, &pyramid->level[coarsest]);
    ascend(registrar, pyramid, frame, &ascent, found);
}

enum register_verdict register_verdict(const struct registration *found)
{
    if (found->blocks == 0)
        return REGISTER_NO_BLOCKS;
    if (!found->solved || !found->vouched)
        return REGISTER_DISAGREES;
    return found->overlap < REGISTER_LEAST_OVERLAP ? REGISTER_ELSEWHERE : REGISTER_GOOD;
}
