/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger.c - see ring1/debugger.h: what a debugger stops for, and the present.
 */
#include "debugger_priv.h"

#include <stdatomic.h>

/* How far the guest runs before anybody looks whether a checkpoint is due: a few ms of
 * the host. */
#define SLICE_NS     1000000u
#define SLICE_MAX_NS 1000000000u
#define SLICE_US     10000
#define WATCHES_MAX  32u

bool debugger_fail(GError **error, const char *text)
{
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_STATE, text);
    return false;
}

/* --- making ------------------------------------------------------------------------- */

static ring1_debugger *debugger_new(void)
{
    ring1_debugger *d = g_new0(ring1_debugger, 1);
    d->breakpoints = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    d->watches = g_array_new(FALSE, FALSE, sizeof(struct watch));
    return d;
}

ring1_debugger *ring1_debugger_new(ring1_machine *m, ring1_record *record, GError **error)
{
    if (m->machine->time_mode != RING1_TIME_VIRTUAL && record) {
        debugger_fail(error, "a run by the host's clock has no past to go to");
        return NULL;
    }
    ring1_debugger *d = debugger_new();
    d->live = m;
    d->record = record;
    d->slice = SLICE_NS;
    if (record && m->recorder)
        recorder_keep_writes(m->recorder);
    stops_attach(m->machine);
    points_ran(d, 0);
    return d;
}

ring1_debugger *ring1_debugger_new_replay(ring1_replay *replay, GError **error)
{
    if (!ring1_replay_machine(replay)) {
        debugger_fail(error, "the replay has no machine yet");
        return NULL;
    }
    ring1_debugger *d = debugger_new();
    d->replay = replay;
    d->in_past = d->placed = true;
    d->slice = SLICE_NS;
    replay->debugged = true;
    stops_attach(ring1_replay_machine(replay)->machine);
    points_add_replay(d, false);
    return d;
}

void ring1_debugger_free(ring1_debugger *d)
{
    if (!d)
        return;
    points_clear(d);
    if (d->live) {
        stops_detach(d->live->machine);
        ring1_replay_free(d->replay);
    } else {
        stops_detach(ring1_replay_machine(d->replay)->machine);
        d->replay->debugged = false;
    }
    g_array_unref(d->breakpoints);
    g_array_unref(d->watches);
    g_free(d);
}

ring1_machine *ring1_debugger_machine(ring1_debugger *d)
{
    return d->in_past ? ring1_replay_machine(d->replay) : d->live;
}

/* --- time --------------------------------------------------------------------------- */

struct ring1_place ring1_debugger_place(ring1_debugger *d)
{
    return stops_place(debugger_inside(d));
}

bool ring1_debugger_in_past(ring1_debugger *d)
{
    return d->in_past;
}

/* --- what to stop for ------------------------------------------------------------------ */

static guint find_break(const ring1_debugger *d, uint32_t address)
{
    guint i = 0;
    while (i < d->breakpoints->len && g_array_index(d->breakpoints, uint32_t, i) != address)
        i++;
    return i;
}

void ring1_debugger_break(ring1_debugger *d, uint32_t address)
{
    if (find_break(d, address) < d->breakpoints->len)
        return;
    g_array_append_val(d->breakpoints, address);
    if (d->live)
        stops_break(d->live->machine, address);
    if (d->armed)
        stops_break(ring1_replay_machine(d->replay)->machine, address);
}

void ring1_debugger_unbreak(ring1_debugger *d, uint32_t address)
{
    guint i = find_break(d, address);
    if (i == d->breakpoints->len)
        return;
    g_array_remove_index_fast(d->breakpoints, i);
    if (d->live)
        stops_unbreak(d->live->machine, address);
    if (d->armed)
        stops_unbreak(ring1_replay_machine(d->replay)->machine, address);
}

static guint find_watch(const ring1_debugger *d, uint32_t address, uint32_t size, enum ring1_watch_kind kind)
{
    guint i = 0;
    for (; i < d->watches->len; i++) {
        const struct watch *w = &g_array_index(d->watches, struct watch, i);
        if (w->address == address && w->size == size && w->kind == kind)
            break;
    }
    return i;
}

bool ring1_debugger_watch(ring1_debugger *d, uint32_t address, uint32_t size, enum ring1_watch_kind kind,
                          GError **error)
{
    const struct watch w = {address, size, kind};
    if (size < 1 || size > RING1_PAGE_SIZE || kind < RING1_WATCH_WRITE || kind > RING1_WATCH_ACCESS)
        return debugger_fail(error, "a watchpoint is of 1 to 4096 bytes, for writes, reads or both");
    if (find_watch(d, address, size, kind) < d->watches->len)
        return true;
    if (d->watches->len >= WATCHES_MAX)
        return debugger_fail(error, "there are too many watchpoints");
    if (d->live)
        stops_watch(d->live->machine, address, size, kind);
    if (d->armed)
        stops_watch(ring1_replay_machine(d->replay)->machine, address, size, kind);
    g_array_append_val(d->watches, w);
    return true;
}

void ring1_debugger_unwatch(ring1_debugger *d, uint32_t address, uint32_t size, enum ring1_watch_kind kind)
{
    guint i = find_watch(d, address, size, kind);
    if (i == d->watches->len)
        return;
    g_array_remove_index_fast(d->watches, i);
    if (d->live)
        stops_unwatch(d->live->machine, address, size, kind);
    if (d->armed)
        stops_unwatch(ring1_replay_machine(d->replay)->machine, address, size, kind);
}

void ring1_debugger_catch(ring1_debugger *d, ring1_catch_fn fn, void *user)
{
    d->catch = fn;
    d->catch_user = user;
    if (d->live)
        stops_catch(d->live->machine, fn, user);
}

/* --- running --------------------------------------------------------------------------- */

void debugger_describe(const struct machine *m, struct ring1_debug_stop *stop)
{
    static const enum ring1_debug_reason reasons[] = {[STOP_NONE] = RING1_DEBUG_INTERRUPTED,
                                                      [STOP_STEPPED] = RING1_DEBUG_STEPPED,
                                                      [STOP_BREAKPOINT] = RING1_DEBUG_BREAKPOINT,
                                                      [STOP_WATCHPOINT] = RING1_DEBUG_WATCHPOINT,
                                                      [STOP_CALL] = RING1_DEBUG_CALL,
                                                      [STOP_PLACE] = RING1_DEBUG_STEPPED};
    const struct stop *last = stops_last(m);
    stop->reason = reasons[last->kind];
    stop->vcpu = last->vcpu;
    stop->address = last->address;
    stop->watch = last->watch;
    stop->by_hypercall = last->by_hypercall;
    stop->call = last->call;
    stop->is_return = last->is_return;
}

static uint64_t left(uint64_t limit, uint64_t done)
{
    return limit == UINT64_MAX ? limit : limit - MIN(limit, done);
}

/* In slices, between which checkpoints are taken: a run is the same however it is
 * sliced. */
static bool run_live(ring1_debugger *d, const struct ring1_budget *budget, bool step, unsigned vcpu,
                     struct ring1_stop *stop, GError **error)
{
    static const struct ring1_budget unlimited = RING1_BUDGET_UNLIMITED;
    const struct ring1_budget *whole = budget ? budget : &unlimited;
    struct machine *m = d->live->machine;
    uint64_t calls = m->s.hypercalls, traps = calls + m->s.traps;
    for (;;) {
        struct ring1_budget b = *whole;
        uint64_t until = machine_now(m) + d->slice;
        b.until_ns = MIN(b.until_ns, until);
        b.hypercalls = left(whole->hypercalls, m->s.hypercalls - calls);
        b.traps = left(whole->traps, m->s.hypercalls + m->s.traps - traps);
        gint64 began = g_get_monotonic_time();
        if (step)
            stops_step(m, vcpu);
        if (!ring1_machine_run(d->live, &b, stop, error))
            return false;
        gint64 us = g_get_monotonic_time() - began;
        points_ran(d, us);
        d->slice = us > 2 * SLICE_US ? MAX(d->slice / 2, 1000) : us < SLICE_US / 2 ? d->slice * 2 : d->slice;
        d->slice = MIN(d->slice, SLICE_MAX_NS);
        if (stop->reason != RING1_STOP_BUDGET || machine_now(m) >= whole->until_ns ||
            left(whole->hypercalls, m->s.hypercalls - calls) == 0 ||
            left(whole->traps, m->s.hypercalls + m->s.traps - traps) == 0)
            return true;
    }
}

static bool run_present(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                        const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error)
{
    struct machine *m = d->live->machine;
    atomic_store(&d->running, d->live);
    if (atomic_load(&d->interrupted))
        ring1_machine_interrupt(d->live);
    bool ok = run_live(d, budget, how == RING1_GO_STEP, vcpu, &stop->guest, error);
    atomic_store(&d->running, NULL);
    stop->vcpu = m->current->id;
    stop->reason = RING1_DEBUG_GUEST;
    if (stop->guest.reason == RING1_STOP_DEBUG)
        debugger_describe(m, stop);
    else if (stop->guest.reason == RING1_STOP_INTERRUPTED && atomic_exchange(&d->interrupted, false))
        stop->reason = RING1_DEBUG_INTERRUPTED;
    return ok;
}

bool ring1_debugger_run(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                        const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error)
{
    *stop = (struct ring1_debug_stop){.reason = RING1_DEBUG_GUEST};
    return d->in_past ? past_forward(d, how, vcpu, budget, stop, error)
                      : run_present(d, how, vcpu, budget, stop, error);
}

void ring1_debugger_interrupt(ring1_debugger *d)
{
    atomic_store(&d->interrupted, true);
    ring1_machine *m = atomic_load(&d->running);
    if (m)
        ring1_machine_interrupt(m);
}

bool ring1_debugger_drop_future(ring1_debugger *d, GError **error)
{
    if (!d->live)
        return debugger_fail(error, "this is a replay: its future is in the record");
    return !d->in_past || past_becomes_present(d, error);
}
