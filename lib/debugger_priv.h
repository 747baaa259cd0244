/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger_priv.h - what a debugger's parts share: debugger.c has what it stops for and
 * the present, debugger_past.c the machine that stands in the past, debugger_points.c the
 * places that it can be put to, debugger_back.c the ways back; debugger_look.c reads and
 * changes what is there.
 */
#ifndef LIB_DEBUGGER_PRIV_H
#define LIB_DEBUGGER_PRIV_H

#include "replay_priv.h"

#include <ring1/debugger.h>

struct watch {
    uint32_t address, size;
    enum ring1_watch_kind kind;
};

/* A place that the replay can be put to. */
struct checkpoint {
    struct ring1_place place;
    ring1_replay_point *point;
    gint64 work;      /* how long the run took to there, in us of the host */
    gint64 temporary; /* near a place that somebody looks at: when it was taken; 0: it is not */
};

struct ring1_debugger {
    ring1_machine *live;  /* of a machine that is run here; NULL: of a replay */
    ring1_record *record; /* NULL: there is no past */
    ring1_replay *replay; /* NULL: nobody went to the past yet */
    bool in_past;
    bool placed;                 /* the replay stands at a place of the record; else it is to be put to one */
    bool armed;                  /* the replay's machine has the stops */
    struct ring1_place furthest; /* of a replay: up to there all was seen */

    GArray *breakpoints; /* uint32_t: kept, for there may be two machines */
    GArray *watches;     /* struct watch */
    ring1_catch_fn catch;
    void *catch_user;
    uint32_t call_arg[6]; /* of a stop in the past */
    /* Where the last entry of a multicall was about to be made in the past; `in_entry` false: a
     * call of another kind was made since. */
    struct ring1_place entered;
    bool in_entry;

    GPtrArray *points; /* struct checkpoint, by place */
    gint64 work;       /* how long the present ran, in us of the host */
    gint64 point_due;  /* `work` at which the next checkpoint is taken */
    uint64_t slice;    /* ns of the guest that take a few ms */

    _Atomic bool interrupted;
    struct ring1_machine *_Atomic running; /* by ring1_debugger_run */
};

bool debugger_fail(GError **error, const char *text);

/* The machine that is looked at. */
static inline struct machine *debugger_inside(ring1_debugger *d)
{
    return ring1_debugger_machine(d)->machine;
}

/* Why the machine's debugger stopped it. */
void debugger_describe(const struct machine *m, struct ring1_debug_stop *stop);

/* --- debugger_points.c --------------------------------------------------------------- */

void points_clear(ring1_debugger *d);
/* The present machine was run for so long: take one when it is time. */
void points_ran(ring1_debugger *d, gint64 us);
/* The same of a replay, of which the present is the end. */
void points_replayed(ring1_debugger *d, gint64 us);
/* Where the replay stands. */
void points_add_replay(ring1_debugger *d, bool temporary);
/* The last at or before a place (`before`: before it); NULL: there is none. */
const struct checkpoint *points_find(const ring1_debugger *d, const struct ring1_place *place, bool before);
/* Those behind a place are no more. */
void points_drop_after(ring1_debugger *d, const struct ring1_place *place);

/* --- debugger_past.c ------------------------------------------------------------------ */

enum past {
    PAST_FAILED,  /* *error */
    PAST_REACHED, /* `until` */
    PAST_STOPPED, /* for something: stops_last */
    PAST_END,     /* the record goes no further, or the present is reached */
    PAST_ASKED,   /* somebody wants it to end */
    PAST_LIMIT,   /* of a budget */
};

/* How the past is run through. */
struct travel {
    const struct ring1_place *until;   /* NULL: to the end */
    int step;                          /* replay_debug's */
    const struct ring1_budget *budget; /* NULL: none */
    bool (*asked)(void *user);
    void *user;
};

/* There is a replay of all that was recorded. RING1_ERROR_STATE: there is no record. */
bool past_open(ring1_debugger *d, GError **error);
/* Have the replay's machine stop for what the debugger stops for, or for nothing. */
void past_arm(ring1_debugger *d, bool armed);
/* To a checkpoint, or on from where it stands when that is nearer: not behind `place`. */
bool past_go_near(ring1_debugger *d, const struct ring1_place *place, bool before, GError **error);
enum past past_run(ring1_debugger *d, const struct travel *t, GError **error);
struct ring1_place past_place(const ring1_debugger *d);
/* The replay is not needed where it stands: the present is looked at. */
void past_leave(ring1_debugger *d);
/* ring1_debugger_drop_future. */
bool past_becomes_present(ring1_debugger *d, GError **error);
/* ring1_debugger_run in the past. */
bool past_forward(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                  const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error);

#endif
