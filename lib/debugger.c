/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger.c - see ring1/debugger.h: what a debugger stops for, and the present.
 */
#include "debugger_priv.h"

#include <stdatomic.h>

static bool fail(GError **error, const char *text)
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
        fail(error, "a run by the host's clock has no past to go to");
        return NULL;
    }
    ring1_debugger *d = debugger_new();
    d->live = m;
    d->record = record;
    stops_attach(m->machine);
    return d;
}

ring1_debugger *ring1_debugger_new_replay(ring1_replay *replay, GError **error)
{
    if (!ring1_replay_machine(replay)) {
        fail(error, "the replay has no machine yet");
        return NULL;
    }
    ring1_debugger *d = debugger_new();
    d->replay = replay;
    d->in_past = true;
    stops_attach(ring1_replay_machine(replay)->machine);
    return d;
}

void ring1_debugger_free(ring1_debugger *d)
{
    if (!d)
        return;
    stops_detach(d->live ? d->live->machine : ring1_replay_machine(d->replay)->machine);
    if (d->live)
        ring1_replay_free(d->replay);
    g_array_unref(d->breakpoints);
    g_array_unref(d->watches);
    g_free(d);
}

ring1_machine *ring1_debugger_machine(ring1_debugger *d)
{
    return d->in_past ? ring1_replay_machine(d->replay) : d->live;
}

/* --- time --------------------------------------------------------------------------- */

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int ring1_place_compare(const struct ring1_place *a, const struct ring1_place *b)
{
    int by_ns = compare(a->ns, b->ns), by_calls = compare(a->calls, b->calls);
    return by_ns ? by_ns : by_calls ? by_calls : compare(a->entry, b->entry);
}

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
    stops_break(debugger_inside(d), address);
}

void ring1_debugger_unbreak(ring1_debugger *d, uint32_t address)
{
    guint i = find_break(d, address);
    if (i == d->breakpoints->len)
        return;
    g_array_remove_index_fast(d->breakpoints, i);
    stops_unbreak(debugger_inside(d), address);
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
        return fail(error, "a watchpoint is of 1 to 4096 bytes, for writes, reads or both");
    if (find_watch(d, address, size, kind) < d->watches->len)
        return true;
    if (!stops_watch(debugger_inside(d), address, size, kind))
        return fail(error, "there are too many watchpoints");
    g_array_append_val(d->watches, w);
    return true;
}

void ring1_debugger_unwatch(ring1_debugger *d, uint32_t address, uint32_t size, enum ring1_watch_kind kind)
{
    guint i = find_watch(d, address, size, kind);
    if (i == d->watches->len)
        return;
    g_array_remove_index_fast(d->watches, i);
    stops_unwatch(debugger_inside(d), address, size, kind);
}

void ring1_debugger_catch(ring1_debugger *d, ring1_catch_fn fn, void *user)
{
    d->catch = fn;
    d->catch_user = user;
    stops_catch(debugger_inside(d), fn, user);
}

/* --- running --------------------------------------------------------------------------- */

static void describe_stop(ring1_debugger *d, struct ring1_debug_stop *stop)
{
    static const enum ring1_debug_reason reasons[] = {[STOP_NONE] = RING1_DEBUG_INTERRUPTED,
                                                      [STOP_STEPPED] = RING1_DEBUG_STEPPED,
                                                      [STOP_BREAKPOINT] = RING1_DEBUG_BREAKPOINT,
                                                      [STOP_WATCHPOINT] = RING1_DEBUG_WATCHPOINT,
                                                      [STOP_CALL] = RING1_DEBUG_CALL,
                                                      [STOP_PLACE] = RING1_DEBUG_STEPPED};
    const struct stop *last = stops_last(debugger_inside(d));
    stop->reason = reasons[last->kind];
    stop->vcpu = last->vcpu;
    stop->address = last->address;
    stop->watch = last->watch;
    stop->by_hypercall = last->by_hypercall;
    stop->call = last->call;
    stop->is_return = last->is_return;
}

static bool run_present(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                        const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error)
{
    struct machine *m = d->live->machine;
    if (how == RING1_GO_STEP)
        stops_step(m, vcpu);
    if (!ring1_machine_run(d->live, budget, &stop->guest, error))
        return false;
    stop->vcpu = m->current->id;
    stop->reason = RING1_DEBUG_GUEST;
    if (stop->guest.reason == RING1_STOP_DEBUG)
        describe_stop(d, stop);
    else if (stop->guest.reason == RING1_STOP_INTERRUPTED && atomic_exchange(&d->interrupted, false))
        stop->reason = RING1_DEBUG_INTERRUPTED;
    return true;
}

bool ring1_debugger_run(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                        const struct ring1_budget *budget, struct ring1_debug_stop *stop, GError **error)
{
    *stop = (struct ring1_debug_stop){.reason = RING1_DEBUG_GUEST};
    if (!d->in_past)
        return run_present(d, how, vcpu, budget, stop, error);
    return fail(error, "not yet");
}

bool ring1_debugger_run_back(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                             bool (*asked)(void *user), void *user, struct ring1_debug_stop *stop,
                             GError **error)
{
    (void)d, (void)how, (void)vcpu, (void)asked, (void)user;
    *stop = (struct ring1_debug_stop){.reason = RING1_DEBUG_BEGIN};
    return fail(error, "there is no record: the past cannot be seen");
}

bool ring1_debugger_goto(ring1_debugger *d, const struct ring1_place *place, struct ring1_debug_stop *stop,
                         GError **error)
{
    (void)d, (void)place;
    *stop = (struct ring1_debug_stop){.reason = RING1_DEBUG_BEGIN};
    return fail(error, "there is no record: the past cannot be seen");
}

void ring1_debugger_interrupt(ring1_debugger *d)
{
    atomic_store(&d->interrupted, true);
    ring1_machine *m = ring1_debugger_machine(d);
    if (m)
        ring1_machine_interrupt(m);
}

bool ring1_debugger_drop_future(ring1_debugger *d, GError **error)
{
    return !d->in_past || fail(error, "this is a replay: its future is in the record");
}
