/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * replay_points.c - places of a replay to come back to: the machine as it stood, and where
 * in the record that is.
 */
#include "replay_priv.h"

#include <string.h>

void replay_position_clear(struct position *p)
{
    for (unsigned i = 0; i < NR_PLACES; i++)
        record_cursor_clear(&p->at[i]);
}

void replay_position_copy(struct position *to, const struct position *from)
{
    struct record_cursor at[NR_PLACES];
    memcpy(at, to->at, sizeof at);
    *to = *from;
    memcpy(to->at, at, sizeof at);
    for (unsigned i = 0; i < NR_PLACES; i++)
        record_cursor_copy(&to->at[i], &from->at[i]);
}

ring1_replay_point *replay_point_of_live(ring1_machine *m)
{
    struct position *p;
    ring1_replay_point *point = g_new0(ring1_replay_point, 1);
    point->live = true;
    point->snapshot = ring1_machine_save(m);
    p = &point->p;
    p->done = recorder_place(m->recorder, &p->skip, &p->turn);
    return point;
}

/* What the recorder would say there: the stop that is not written yet. */
static struct record_event stop_at_position(const struct position *p)
{
    static const struct record_event written;
    if (!p->standing)
        return written;
    return p->goal == GOAL_STOP ? p->next : p->skip;
}

struct record_place replay_place(const ring1_replay *r, struct record_event *stop, struct call_turn *turn)
{
    *stop = stop_at_position(&r->p);
    if (!r->p.standing) {
        struct ring1_place place = stops_place(r->m->machine);
        *stop = (struct record_event){.op = RECORD_STOP,
                                      .stop = RECORD_EXACT,
                                      .time = place.ns,
                                      .calls = place.calls,
                                      .entry = place.entry << 1 | place.looked};
    }
    *turn = r->p.turn;
    return r->p.done;
}

void replay_point_forget_next(ring1_replay_point *point)
{
    if (point->live)
        return;
    point->p.skip = stop_at_position(&point->p);
    point->live = true;
}

ring1_replay_point *ring1_replay_save(ring1_replay *r)
{
    ring1_replay_point *point = g_new0(ring1_replay_point, 1);
    point->machine = r->machine;
    point->snapshot = ring1_machine_save(r->m);
    replay_position_copy(&point->p, &r->p);
    return point;
}

/* The record's part of a place that was taken of the recorded machine. */
static void go_to_live(ring1_replay *r, const struct position *from)
{
    struct position *p = &r->p;
    for (unsigned i = 0; i < NR_PLACES; i++)
        record_cursor_go(&p->at[i], r->machine, &from->done);
    p->goal = GOAL_CUT;
    p->next = (struct record_event){.time = from->done.time};
    p->standing = true;
    p->done = from->done;
    p->skip = from->skip;
    p->turn = from->turn;
    replay_next_answer(r);
    replay_begin_answers(r);
}

bool ring1_replay_restore(ring1_replay *r, const ring1_replay_point *point, GError **error)
{
    if ((!point->live && point->machine != r->machine) || !r->m) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the place is in machine %u, not in %u",
                    point->machine, r->machine);
        return false;
    }
    if (!ring1_machine_restore(r->m, point->snapshot, error))
        return false;
    if (point->live)
        go_to_live(r, &point->p);
    else
        replay_position_copy(&r->p, &point->p);
    g_clear_error(&r->diverged);
    return true;
}

void ring1_replay_point_free(ring1_replay_point *point)
{
    if (!point)
        return;
    ring1_snapshot_free(point->snapshot);
    replay_position_clear(&point->p);
    g_free(point);
}
