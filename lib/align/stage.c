/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "fine_window.h"
#include "numbers.h"
#include "solve.h"
#include "stage.h"

enum { SHARE = 16 /* blocks that a thread takes at a time */ };

#define AGREES 0.3       /* NCC */
#define SMALL_STEP 0.002 /* pixels of a level */

/* Computes the figures of FOUND from measured blocks. MEAN is the mean NCC. */
static void judge(const struct stage *stage, const struct block *blocks, const bool *kept,
                  struct registration *found, double *mean)
{
    double *ncc = alloc_array(stage->count, sizeof *ncc);
    unsigned inside = 0, asked = 0, agree = 0;
    *mean = 0;
    for (unsigned k = 0; k < stage->count; k++) {
        inside += blocks[k].inside || blocks[k].blown;
        if (!blocks[k].inside || blocks[k].information < stage->telling)
            continue;
        ncc[asked++] = blocks[k].ncc;
        *mean += fmax(0, blocks[k].ncc);
        agree += kept[k] && blocks[k].ncc > AGREES;
    }
    found->share = asked ? (double)agree / asked : 0;
    found->ncc = fmax(0, median_of(ncc, asked));
    found->overlap = stage->count ? (double)inside / stage->count : 0;
    *mean = asked ? *mean / asked : 0;
    free(ncc);
}

static void measure(const struct stage *stage, const struct transform *t, struct block *blocks)
{
#pragma omp parallel for schedule(dynamic, SHARE) if (stage->count > SHARE)
    for (unsigned k = 0; k < stage->count; k++) {
        struct fine_window window;
        struct view own = stage->own ? block_view(stage->own) : stage->own_views[k];
        struct view other = stage->other ? block_view(stage->other)
                                         : fine_window_around(stage->frame, t, &blocks[k], &window);
        block_measure(&own, &other, t, &blocks[k]);
    }
}

struct step step_open(const struct stage *stage)
{
    struct step step = {.blocks = alloc_array(stage->count, sizeof *step.blocks),
                        .kept = alloc_zeroed(stage->count, sizeof *step.kept)};
    memcpy(step.blocks, stage->blocks, stage->count * sizeof *step.blocks);
    return step;
}

void step_close(struct step *step)
{
    free(step->blocks);
    free(step->kept);
}

bool stage_refine(const struct stage *stage, enum transform_model model, unsigned steps,
                  struct step *step)
{
    bool solved = true;
    for (unsigned i = 0; i < steps && solved; i++) {
        struct solution solution;
        measure(stage, &step->transform, step->blocks);
        solved = solve_transform(model, step->blocks, stage->count, stage->width, stage->height,
                                 &solution, step->kept);
        if (!solved)
            break;
        struct transform next = transform_compose(&step->transform, &solution.delta);
        solved = transform_usable(&next, stage->width, stage->height);
        if (solved)
            step->transform = next;
        step->scatter = solution.scatter;
        if (solution.step < SMALL_STEP)
            break;
    }
    judge(stage, step->blocks, step->kept, &step->figures, &step->mean);
    return solved;
}

bool stage_answer(const struct stage *stage, enum transform_model model, struct step *step,
                  struct registration *answer)
{
    struct solution solution;
    if (!solve_error(model, step->blocks, stage->count, stage->width, stage->height, &solution,
                     step->kept))
        return false;
    *answer = step->figures;
    answer->model = model;
    answer->transform = transform_finer(&step->transform, stage->factor);
    answer->error = stage->factor * solution.error;
    answer->scatter = stage->factor * solution.scatter;
    double floor = STAGE_INTERPOLATION * stage->factor, misfit = stage->factor * solution.misfit;
    answer->misfit = sqrt(fmax(0, misfit * misfit - floor * floor));
    for (int i = 0; i < TRANSFORM_MAX_PARAMETERS; i++)
        for (int j = 0; j < TRANSFORM_MAX_PARAMETERS; j++)
            answer->covariance[i][j] = stage->factor * stage->factor * solution.covariance[i][j];
    return true;
}
