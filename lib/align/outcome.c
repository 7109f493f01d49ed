/* SPDX-License-Identifier: MIT */

#include "message.h"
#include "outcome.h"

#define WARN_ERROR 0.3 /* predicted, pixels */
#define DEEP 0.1       /* pixels of misfit: the subject has depth */

/* Tells why the frame of ROW, whose best link is BEST, to TO, is refused. */
static void refuse(const struct aligned *row, const struct registration *best, const char *to,
                   const char *else_try)
{
    switch (register_verdict(best)) {
    case REGISTER_GOOD:
        message_say("frame %s refused: it agrees with %s alone, which was refused.", row->name, to);
        break;
    case REGISTER_NO_BLOCKS:
        message_say("frame %s refused: there is nothing in %s to register to: it is under 32x32 "
                    "pixels, or shows no detail.",
                    row->name, to);
        break;
    case REGISTER_ELSEWHERE:
        message_say("frame %s refused: only %.0f %% of %s lies within it (%.0f %% needed). Leave "
                    "it out.",
                    row->name, 100 * best->overlap, to, 100 * REGISTER_LEAST_OVERLAP);
        break;
    default:
        message_say("frame %s refused: %.0f %% of its blocks agree with %s (%.0f %% needed), "
                    "median NCC %.2f (%.2f needed). If it is merely defocused %s; otherwise leave "
                    "it out.",
                    row->name, 100 * row->share, to, 100 * REGISTER_LEAST_SHARE, row->ncc,
                    REGISTER_LEAST_NCC, else_try);
    }
}

static void warn_if_uncertain(const struct aligned *row)
{
    if (row->failed || row->error <= WARN_ERROR)
        return;
    if (row->misfit > DEEP)
        message_note(
            "warning: frame %s: the predicted error is %.2f px (over %.1f). Its sharp blocks "
            "disagree by %.1f px, as in a subject with depth: no one transform fits all of "
            "it. Look for doubled contours; smaller steps of focus help",
            row->name, row->error, WARN_ERROR, row->scatter);
    else
        message_note("warning: frame %s: the predicted error is %.2f px (over %.1f): look at it",
                     row->name, row->error, WARN_ERROR);
}

void outcome_take(const struct placed *placed, const char *else_try, struct aligned *row)
{
    row->failed = placed->failed;
    row->transform = placed->transform;
    row->error = placed->error;
    row->scatter = placed->best.scatter;
    row->misfit = placed->best.misfit;
    row->share = placed->best.share;
    row->ncc = placed->best.ncc;
    if (row->failed)
        refuse(row, &placed->best, placed->best_to, else_try);
    warn_if_uncertain(row);
}

void outcome_warn_of_jumps(const struct transform_table *table)
{
    for (unsigned i = 0; i < table->count; i++) {
        double scale, degrees;
        if (!transform_table_jump(table, i, &scale, &degrees))
            continue;
        message_note(
            "warning: frame %s: from the frame before it the scale changes by %+.1f %% and "
            "the rotation by %+.1f degrees, far more than elsewhere in the stack: was the "
            "camera touched, or a frame left out?",
            table->rows[i].name, 100 * (scale - 1), degrees);
    }
}
