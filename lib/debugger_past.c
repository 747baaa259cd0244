/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger_past.c - the machine that stands in the past: a replay of what was recorded so
 * far. It is put to a checkpoint and run from there, forward only; nothing that it does
 * is seen outside.
 */
#include "debugger_priv.h"

#include <stdatomic.h>

/* How long a slice is to take, in us of the host; who waits is asked after each. */
#define SLICE_US 4000

static struct machine *past_machine(const ring1_debugger *d)
{
    return ring1_replay_machine(d->replay)->machine;
}

struct ring1_place past_place(const ring1_debugger *d)
{
    return stops_place(past_machine(d));
}

/* --- opening --------------------------------------------------------------------------- */

static bool open_live(ring1_debugger *d, GError **error)
{
    if (!d->record || !d->live->recorder)
        return debugger_fail(error, "the run is not recorded: its past cannot be seen");
    if (d->replay)
        return replay_refresh(d->replay, d->live->recorder, error);
    if (!(d->replay = replay_of_recorder(d->live->recorder, error)))
        return false;
    d->replay->debugged = true;
    machine_share_symbols(ring1_replay_machine(d->replay), d->live);
    stops_attach(past_machine(d));
    points_add_replay(d, false);
    d->placed = true;
    return true;
}

bool past_open(ring1_debugger *d, GError **error)
{
    return !d->live || d->in_past || open_live(d, error);
}

/* Who goes back to what an entry of a multicall did goes to before that entry. */
static bool on_call(void *user, ring1_vcpu *v, const struct ring1_call *call, bool is_return)
{
    ring1_debugger *d = user;
    const struct machine *m = past_machine(d);
    if (!is_return) {
        d->in_entry = call->depth > 0;
        d->entered = (struct ring1_place){
            .ns = cpu_clock(m->cpu), .calls = m->s.hypercalls, .entry = d->in_entry ? call->index : 0};
    }
    return d->catch && d->catch (d->catch_user, v, call, is_return);
}

void past_arm(ring1_debugger *d, bool armed)
{
    struct machine *m = past_machine(d);
    if (d->armed == armed)
        return;
    d->armed = armed;
    for (guint i = 0; i < d->breakpoints->len; i++) {
        uint32_t address = g_array_index(d->breakpoints, uint32_t, i);
        armed ? stops_break(m, address) : stops_unbreak(m, address);
    }
    for (guint i = 0; i < d->watches->len; i++) {
        const struct watch *w = &g_array_index(d->watches, struct watch, i);
        if (armed)
            stops_watch(m, w->address, w->size, w->kind);
        else
            stops_unwatch(m, w->address, w->size, w->kind);
    }
    stops_catch(m, armed ? on_call : NULL, d);
}

void past_leave(ring1_debugger *d)
{
    if (!d->live)
        return;
    d->in_past = false;
    d->placed = false; /* what it was to take in may be more by then */
}

bool past_go_near(ring1_debugger *d, const struct ring1_place *place, bool before, GError **error)
{
    const struct checkpoint *c = points_find(d, place, before);
    struct ring1_place now = past_place(d);
    int order = ring1_place_compare(&now, place);
    bool usable = d->placed && (before ? order < 0 : order <= 0);
    if (usable && (!c || ring1_place_compare(&now, &c->place) >= 0))
        return true;
    if (!c)
        return debugger_fail(error, "there is nothing before this place");
    d->placed = true;
    return ring1_replay_restore(d->replay, c->point, error);
}

/* --- running ---------------------------------------------------------------------------- */

static struct ring1_budget slice(const ring1_debugger *d, const struct ring1_budget *whole)
{
    static const struct ring1_budget unlimited = RING1_BUDGET_UNLIMITED;
    struct ring1_budget b = whole ? *whole : unlimited;
    b.until_ns = MIN(b.until_ns, machine_now(past_machine(d)) + MAX(d->slice, 1000));
    return b;
}

/* The guest's time goes by at another pace here and there. */
static void measure(ring1_debugger *d, uint64_t ns, gint64 us)
{
    if (us < SLICE_US / 2 && ns + 1000 >= d->slice)
        d->slice = MIN(d->slice * 2, UINT64_C(1000000000));
    else if (us > SLICE_US * 2)
        d->slice = MAX(d->slice / 2, 1000);
}

static enum past outcome(const struct replay_debug *debug, const struct ring1_replay_stop *stop)
{
    switch (stop->reason) {
    case RING1_REPLAY_STOPPED:
        return debug->reached ? PAST_REACHED : PAST_STOPPED;
    case RING1_REPLAY_FINISHED:
    case RING1_REPLAY_CUT:
        return PAST_END;
    case RING1_REPLAY_LIMIT:
    case RING1_REPLAY_INTERRUPTED:
        break;
    }
    return PAST_LIMIT;
}

static bool spent(const ring1_debugger *d, const struct ring1_budget *b)
{
    const struct machine *m = past_machine(d);
    return b && (machine_now(m) >= b->until_ns || b->hypercalls == 0 || b->traps == 0);
}

static void charge(struct ring1_budget *b, uint64_t calls, uint64_t traps)
{
    if (b->hypercalls != UINT64_MAX)
        b->hypercalls -= MIN(b->hypercalls, calls);
    if (b->traps != UINT64_MAX)
        b->traps -= MIN(b->traps, calls + traps);
}

static enum past run_on(ring1_debugger *d, const struct travel *t, GError **error)
{
    static const struct ring1_budget unlimited = RING1_BUDGET_UNLIMITED;
    struct replay_debug debug = {.target = t->until, .step = t->step};
    struct ring1_budget whole = t->budget ? *t->budget : unlimited;
    const struct machine *m = past_machine(d);
    for (;;) {
        struct ring1_replay_stop stop;
        struct ring1_budget b = slice(d, &whole);
        uint64_t ns = machine_now(m), calls = m->s.hypercalls, traps = m->s.traps;
        gint64 began = g_get_monotonic_time();
        if (atomic_exchange(&d->interrupted, false))
            return PAST_ASKED;
        if (!replay_run_debug(d->replay, &b, &debug, &stop, error))
            return PAST_FAILED;
        enum past past = outcome(&debug, &stop);
        if (past != PAST_LIMIT)
            return past;
        gint64 us = g_get_monotonic_time() - began;
        measure(d, machine_now(m) - ns, us);
        if (!d->live)
            points_replayed(d, us);
        charge(&whole, m->s.hypercalls - calls, m->s.traps - traps);
        if (spent(d, &whole))
            return PAST_LIMIT;
        if (t->asked && t->asked(t->user))
            return PAST_ASKED;
    }
}

/* Whoever watches a replay that is debugged is told of everything once. */
enum past past_run(ring1_debugger *d, const struct travel *t, GError **error)
{
    ring1_machine *m = ring1_replay_machine(d->replay);
    struct ring1_place now = past_place(d);
    if (d->live)
        return run_on(d, t, error);
    if (ring1_place_compare(&now, &d->furthest) < 0) {
        bool first = !t->until || ring1_place_compare(t->until, &d->furthest) > 0;
        struct travel again = *t;
        if (first)
            again.until = &d->furthest;
        machine_set_quiet(m, true);
        enum past past = run_on(d, &again, error);
        machine_set_quiet(m, false);
        if (past != PAST_REACHED || !first)
            return past;
        stops_not_seen(m->machine);
    }
    enum past past = run_on(d, t, error);
    now = past_place(d);
    if (ring1_place_compare(&now, &d->furthest) > 0)
        d->furthest = now;
    return past;
}

/* --- forward ------------------------------------------------------------------------------ */

/* The past has come up to the present. */
static void arrive(ring1_debugger *d, struct ring1_debug_stop *stop)
{
    stop->reason = RING1_DEBUG_PRESENT;
    past_leave(d);
    stop->vcpu = debugger_inside(d)->current->id;
}

static void stopped(ring1_debugger *d, const struct ring1_place *present, struct ring1_debug_stop *stop)
{
    struct ring1_place now = past_place(d);
    debugger_describe(past_machine(d), stop);
    if (d->live && ring1_place_compare(&now, present) >= 0)
        past_leave(d);
}

bool past_forward(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                  const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error)
{
    struct ring1_place present = {0};
    if (d->live)
        present = stops_place(d->live->machine);
    const struct travel t = {
        .until = d->live ? &present : NULL, .step = how == RING1_GO_STEP ? (int)vcpu : -1, .budget = budget};
    past_arm(d, true);
    atomic_store(&d->running, ring1_replay_machine(d->replay));
    enum past past = past_run(d, &t, error);
    atomic_store(&d->running, NULL);
    stop->vcpu = past_machine(d)->current->id;
    switch (past) {
    case PAST_FAILED:
        return false;
    case PAST_REACHED:
    case PAST_END:
        arrive(d, stop);
        return true;
    case PAST_STOPPED:
        stopped(d, &present, stop);
        return true;
    case PAST_ASKED:
        stop->reason = RING1_DEBUG_INTERRUPTED;
        return true;
    case PAST_LIMIT:
        stop->reason = RING1_DEBUG_GUEST;
        stop->guest.reason = RING1_STOP_BUDGET;
        return true;
    }
    return true;
}

/* --- the past becomes the present ------------------------------------------------------------ */

bool past_becomes_present(ring1_debugger *d, GError **error)
{
    struct record_event stop;
    struct call_turn turn;
    struct ring1_place here = past_place(d);
    struct record_place place = replay_place(d->replay, &stop, &turn);
    if (!recorder_undo_writes(d->live->recorder, &place, error))
        return false;
    ring1_snapshot *snapshot = ring1_machine_save(ring1_replay_machine(d->replay));
    bool ok = machine_put(d->live, snapshot, error);
    ring1_snapshot_free(snapshot);
    if (!ok)
        return false;
    recorder_cut(d->live->recorder, &place, &stop, &turn);
    points_drop_after(d, &here);
    past_leave(d);
    d->armed = false;
    g_clear_pointer(&d->replay, ring1_replay_free);
    return true;
}
