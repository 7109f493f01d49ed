/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>

#include "numbers.h"
#include "start.h"
#include "threads.h"

enum { PEAKS = 2, FINALISTS = 4, FINALIST_STEPS = 4 };

/* A start this good needs no search: its least score, and the largest scatter of the most precise
   blocks, in pixels of the level. */
#define QUICK_SCORE 0.8
#define QUICK_SCATTER 0.25

/* Phase correlation still has its peak within half a step of these: at the coarsest level, of at
   most 300 pixels, 1.5 % of scale and 1 degree displace the edge by under 3 pixels, which the
   blocks can follow. The range covers focus breathing and a hand-held camera. */
static const double scales[] = {0.94, 0.97, 1, 1.03, 1.06};
static const double rotations[] = {-2, 0, 2}; /* degrees */

enum {
    SCALES = sizeof scales / sizeof scales[0],
    ROTATIONS = sizeof rotations / sizeof rotations[0],
    GIVEN = 2, /* the identity and the guess */
    CANDIDATES = GIVEN + SCALES * ROTATIONS * PEAKS
};

struct candidate {
    struct transform t;
    double score, scatter;
};

static int by_score(const void *a, const void *b)
{
    const struct candidate *p = a, *q = b;
    return (p->score < q->score) - (p->score > q->score);
}

/* Takes STEPS steps on the candidate, and sets its score. */
static void score_candidate(const struct stage *stage, enum transform_model model, unsigned steps,
                            struct candidate *candidate)
{
    struct step step = step_open(stage);
    step.transform = candidate->t;
    bool solved = stage_refine(stage, model, steps, &step);
    candidate->t = step.transform;
    candidate->scatter = step.scatter;
    candidate->score =
        solved ? step.mean * fmin(1, step.figures.share / 0.5) * fmin(1, step.figures.overlap / 0.5)
               : -1;
    step_close(&step);
}

/* Takes a step on all COUNT candidates and more on the best, and puts the best one first. As long
   as they are enough for all threads, each has one; else these share its blocks. */
static void best_candidate(const struct stage *stage, enum transform_model model,
                           struct candidate *candidates, unsigned count)
{
#pragma omp parallel for schedule(dynamic) if (count >= threads_most())
    for (unsigned k = 0; k < count; k++)
        score_candidate(stage, model, 1, &candidates[k]);
    qsort(candidates, count, sizeof candidates[0], by_score);
    unsigned finalists = count < FINALISTS ? count : FINALISTS;
#pragma omp parallel for schedule(dynamic) if (finalists >= threads_most())
    for (unsigned k = 0; k < finalists; k++)
        score_candidate(stage, model, FINALIST_STEPS, &candidates[k]);
    qsort(candidates, finalists, sizeof candidates[0], by_score);
}

/* The peaks of the phase correlations over the grid of scales and rotations. */
static unsigned search(struct phase *phase, const struct level *level, enum transform_model model,
                       struct candidate *candidates)
{
    unsigned count = 0;
    for (unsigned i = 0; i < SCALES; i++) {
        for (unsigned j = 0; j < ROTATIONS; j++) {
            if (model == TRANSFORM_SHIFT && (scales[i] != 1 || rotations[j] != 0))
                continue;
            struct transform seed =
                transform_similarity(rotations[j] * PI / 180, scales[i], 0.5 * (level->width - 1),
                                     0.5 * (level->height - 1), 0, 0);
            struct transform peaks[PEAKS];
            unsigned found = phase_peaks(phase, level, &seed, PEAKS, peaks);
            for (unsigned k = 0; k < found; k++)
                candidates[count++].t = peaks[k];
        }
    }
    return count;
}

/* The identity, and GUESS in pixels of the stage; returns how many. */
static unsigned given(const struct stage *stage, const struct transform *guess,
                      struct candidate *candidates)
{
    candidates[0].t = transform_identity();
    if (guess)
        candidates[1].t = transform_finer(guess, 1 / stage->factor);
    return guess ? 2 : 1;
}

bool start_quickly(const struct stage *coarsest, enum transform_model model,
                   const struct transform *guess, struct transform *t)
{
    struct candidate candidates[GIVEN];
    best_candidate(coarsest, model, candidates, given(coarsest, guess, candidates));
    *t = transform_finer(&candidates[0].t, coarsest->factor);
    return candidates[0].score >= QUICK_SCORE && candidates[0].scatter <= QUICK_SCATTER;
}

struct transform start_thoroughly(const struct stage *coarsest, enum transform_model model,
                                  const struct transform *guess, struct phase *phase,
                                  const struct level *level)
{
    struct candidate candidates[CANDIDATES];
    unsigned count = given(coarsest, guess, candidates);
    count += search(phase, level, model, candidates + count);
    best_candidate(coarsest, model, candidates, count);
    return transform_finer(&candidates[0].t, coarsest->factor);
}
