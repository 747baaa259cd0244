/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest_runs.h - a run of a guest with somebody looking: at each call as it is made, and at what is left at
 * the end, so that runs of the same input can be compared.
 */
#ifndef FUZZ_GUEST_RUNS_H
#define FUZZ_GUEST_RUNS_H

#include "rules.h"

#include <ring1/target.h>

/* What a run is for. */
enum guest_turn {
    GUEST_FIRST,   /* everything is looked at */
    GUEST_STOPPED, /* calls stop half-way where they did not, or the other way round */
    GUEST_AGAIN,   /* other bytes are on the host's stack */
    GUEST_THIRD,   /* the same bytes as first */
};

struct guest_runs;
/* Of a machine whose target is at its start; what is broken goes to `reason`. */
struct guest_runs *guest_runs_new(ring1_machine *m, ring1_target *t, struct fuzz_reason *reason);
void guest_runs_free(struct guest_runs *w);

/* The target is at its start, and is about to run; it has run, and ended so. */
void guest_runs_begin(struct guest_runs *w, enum guest_turn turn);
void guest_runs_end(struct guest_runs *w, const struct ring1_target_end *end);

/* How that turn differs from the first one: NULL, or words for it. */
const char *guest_runs_differs(struct guest_runs *w, enum guest_turn turn);

#endif
