/* SPDX-License-Identifier: MIT */

#ifndef OUTCOME_H
#define OUTCOME_H

#include "sequence.h"
#include "transform_table.h"

/* What a user is told of an alignment: frames that are refused, and why; answers that may be wrong.
   All by message_say() and message_note(). */

/* Copies what was found for a frame to ROW, its row of the table, and tells if the frame is refused
   or the answer is uncertain. ELSE_TRY is what to do about a frame that is merely defocused: "If it
   is merely defocused ELSE_TRY". */
void outcome_take(const struct placed *placed, const char *else_try, struct aligned *row);

/* Warns where scale or rotation jump from one frame to the next. */
void outcome_warn_of_jumps(const struct transform_table *table);

#endif
