/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay_priv.h - what a replay's parts share: replay_open.c opens the record, replay.c runs from stop
 * to stop, replay_points.c goes back, replay_machine.c makes the machine, replay_info.c describes
 * the record. The debugger
 * asks for more than record.h has: places, and records that are still written.
 */
#ifndef LIB_REPLAY_PRIV_H
#define LIB_REPLAY_PRIV_H

#include "emu/stops.h"
#include "machine_priv.h"
#include "record.h"

/* Places in the record: of what comes at stops, of the marks, of the data that a run asks
 * for, and of answers to calls. Each passes over what is not its own. */
enum place { STOPS, MARKS, DATA, ANSWERS, NR_PLACES };

/* Where the record says that the machine stands next. */
enum goal { GOAL_STOP, GOAL_FINISH, GOAL_CUT };

struct position {
    struct record_cursor at[NR_PLACES];
    enum goal goal;
    struct record_event next; /* GOAL_STOP, GOAL_FINISH; GOAL_CUT: its time alone */
    struct record_event mark; /* the last before GOAL_FINISH */
    uint8_t hash[CHUNK_SHA256];
    struct record_event answer; /* the next; RECORD_ANSWER, or there is none */
    struct call_turn turn;
    /* The machine stands at `next`, or where a point was taken of the recorded machine:
     * what came in there is to be taken in before it goes on. */
    bool standing;
    struct record_event skip; /* the stop where it stands may be written yet; op 0: no */
    /* Behind the last event that the run up to here has in it, behind `next`, behind
     * `answer`. */
    struct record_place done, next_end, answer_end;
};

struct ring1_replay {
    struct record_reader *reader;
    ring1_machine *m;
    unsigned machine; /* the number of the next */
    bool live;        /* the record is still written: who runs it knows how far it goes */
    bool debugged;    /* a debugger is attached to its machine */
    struct call_sums sums;
    struct answers answers;
    struct disk_hook hook;
    struct position p;
    GError *diverged; /* found during a run */
    char *warning;
    ring1_host *host; /* what its machines were told of: files with symbols */
    ring1_host *own_host;
};

struct ring1_replay_point {
    unsigned machine;
    ring1_snapshot *snapshot;
    struct position p;
    bool live; /* of the recorded machine: of p only `done`, `skip` and `turn` are there */
};

/* replay_open.c: of what a reader has, which becomes its. */
ring1_replay *replay_new(struct record_reader *reader);
struct record_reader *replay_reader(ring1_replay *r);

/* replay_machine.c: the machine of which the record is, with disks that ask `data`. */
ring1_machine *replay_make(ring1_replay *r,
                           bool (*data)(void *user, unsigned index, uint8_t *bytes, size_t len),
                           GError **error);

/* replay.c: the next answer to a call is looked up; calls get answers from here. */
void replay_next_answer(ring1_replay *r);
void replay_begin_answers(ring1_replay *r);

/* replay_points.c */
void replay_position_clear(struct position *p);
void replay_position_copy(struct position *to, const struct position *from);

/* --- for a debugger -------------------------------------------------------------------- */

/* The machine that `of` records, from its beginning; what was written so far is in it. */
ring1_replay *replay_of_recorder(struct recorder *of, GError **error);
/* What was recorded since is in it, too. */
bool replay_refresh(ring1_replay *r, struct recorder *of, GError **error);
/* The recorded machine as it stands, as a place in replays of its record. */
ring1_replay_point *replay_point_of_live(ring1_machine *m);

/* Where the replay's machine stands, as recorder_place has it. */
struct record_place replay_place(const ring1_replay *r, struct record_event *stop, struct call_turn *turn);
/* The record was cut behind this point: it knows nothing of what was there. */
void replay_point_forget_next(ring1_replay_point *point);

struct replay_debug {
    const struct ring1_place *target; /* run up to there, NULL: none */
    int step;                         /* at most one instruction of that vcpu; -1: no */
    bool reached;                     /* out: the target, of RING1_REPLAY_STOPPED */
};

/* ring1_replay_run with more limits; stops of the machine's debugger end it, too. */
bool replay_run_debug(ring1_replay *r, const struct ring1_budget *limits, struct replay_debug *debug,
                      struct ring1_replay_stop *stop, GError **error);

#endif
