/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger_back.c - ways back. A run goes forward only: to go back is to go from a place
 * before, through all that the debugger stops for, and to remember the last one.
 */
#include "debugger_priv.h"

#include <stdatomic.h>
#include <string.h>

/* A question about the past, and who waits for its answer. */
struct search {
    ring1_debugger *d;
    struct travel travel; /* asked and user */
    GError **error;
    enum past past; /* why it ended, when it was not done */
};

static struct ring1_place after(const struct ring1_place *place)
{
    return (struct ring1_place){.ns = place->ns + 1};
}

/* Not before there is anything. */
static struct ring1_place ns_before(const ring1_debugger *d, const struct ring1_place *place, uint64_t ns)
{
    const struct checkpoint *first = g_ptr_array_index(d->points, 0);
    struct ring1_place before = {.ns = place->ns - MIN(place->ns, ns)};
    return ring1_place_compare(&before, &first->place) < 0 ? first->place : before;
}

/* To `until`, without stopping on the way. False: search.past says why not. */
static bool walk(struct search *s, const struct ring1_place *until)
{
    struct travel t = s->travel;
    t.until = until;
    t.step = -1;
    past_arm(s->d, false);
    s->past = past_run(s->d, &t, s->error);
    return s->past == PAST_REACHED || s->past == PAST_END;
}

static bool go_near(struct search *s, const struct ring1_place *place, bool before)
{
    s->past = PAST_FAILED;
    return past_go_near(s->d, place, before, s->error);
}

/* Exactly there. */
static bool go_to(struct search *s, const struct ring1_place *place)
{
    return go_near(s, place, false) && walk(s, place);
}

/* --- instructions ------------------------------------------------------------------------- */

/* The first window that is looked through, and how the next ones grow, in ns. */
#define WINDOW_NS    256u
#define WINDOW_GROWS 16u
/* A window of which each instruction may be looked at. */
#define WINDOW_STEPS 70000u
/* So far before a place is a temporary checkpoint, for those who go on from there. */
#define NEAR_NS 200000u

/* The first window in which stops are looked for. */
#define STOPS_NS 100000u

/* How long a vcpu had the CPU. */
static uint64_t ran(const struct machine *m, unsigned vcpu)
{
    const struct vcpu *v = &m->domain->s.vcpu[vcpu];
    uint64_t now = machine_now(m), since = MIN(v->runstate_since, now);
    return v->runstate_time[0] + (v->runstate == 0 ? now - since : 0);
}

/* From where the replay stands to `place`, in steps. True: *found is where the last of
 * them began; or search.past is not PAST_REACHED. */
static bool step_to(struct search *s, const struct ring1_place *place, unsigned vcpu,
                    struct ring1_place *found)
{
    struct travel t = s->travel;
    bool any = false;
    t.until = place;
    t.step = (int)vcpu;
    past_arm(s->d, false);
    for (;;) {
        struct ring1_place before = past_place(s->d);
        if (ring1_place_compare(&before, place) >= 0)
            break;
        s->past = past_run(s->d, &t, s->error);
        struct ring1_place now = past_place(s->d);
        if (s->past == PAST_FAILED || s->past == PAST_ASKED)
            return false;
        if (s->past == PAST_STOPPED && ring1_place_compare(&now, place) <= 0) {
            *found = before;
            any = true;
        }
        if (s->past == PAST_REACHED && place->entry > 0) { /* in its middle */
            *found = before;
            any = true;
        }
        if (s->past != PAST_STOPPED)
            break;
    }
    s->past = PAST_REACHED;
    return any;
}

/* The window [*low, *high) made smaller: the vcpu ran in it, and not behind it. */
static bool narrow(struct search *s, unsigned vcpu, uint64_t had, struct ring1_place *low,
                   struct ring1_place *high)
{
    while (high->ns - low->ns > WINDOW_STEPS) {
        struct ring1_place middle = {.ns = low->ns + (high->ns - low->ns) / 2};
        if (!go_near(s, &middle, false) || !walk(s, &middle))
            return false;
        middle = past_place(s->d);
        if (ring1_place_compare(&middle, high) >= 0)
            return true; /* there is no place in between */
        if (ran(ring1_replay_machine(s->d->replay)->machine, vcpu) < had) {
            *low = middle;
            points_add_replay(s->d, true);
        } else {
            *high = middle;
        }
    }
    return true;
}

static bool is_begin(const ring1_debugger *d, const struct ring1_place *place)
{
    const struct checkpoint *first = g_ptr_array_index(d->points, 0);
    return ring1_place_compare(place, &first->place) <= 0;
}

/* A checkpoint that is not far: the next ones who go back from there need it, too. */
static bool prepare_near(struct search *s, const struct ring1_place *place)
{
    struct ring1_place first = ns_before(s->d, place, WINDOW_NS);
    const struct checkpoint *last = points_find(s->d, &first, false);
    if (last->place.ns + 2 * NEAR_NS >= place->ns)
        return true;
    struct ring1_place near = ns_before(s->d, place, NEAR_NS);
    if (!go_near(s, &near, false) || !walk(s, &near))
        return false;
    near = past_place(s->d);
    if (ring1_place_compare(&near, place) < 0)
        points_add_replay(s->d, true);
    return true;
}

/* The last place before `place` from which the vcpu executed something; it had the CPU
 * for `had` ns by then. False: none, search.past is PAST_REACHED; or not found out. */
static bool last_step(struct search *s, const struct ring1_place *place, unsigned vcpu, uint64_t had,
                      struct ring1_place *found)
{
    struct ring1_place high;
    if (!prepare_near(s, place))
        return false;
    for (uint64_t window = WINDOW_NS;; window *= WINDOW_GROWS) {
        struct ring1_place low = ns_before(s->d, place, window);
        bool begins = is_begin(s->d, &low);
        if (!go_near(s, &low, false) || !walk(s, &low))
            return false;
        low = past_place(s->d);
        bool inside = ring1_place_compare(&low, place) < 0 &&
                      ran(ring1_replay_machine(s->d->replay)->machine, vcpu) < had;
        if (inside) {
            high = *place;
            if (!narrow(s, vcpu, had, &low, &high) || !go_near(s, &low, false) || !walk(s, &low))
                return false;
            if (step_to(s, place, vcpu, found) || s->past != PAST_REACHED)
                return s->past == PAST_REACHED;
        }
        if (begins) {
            s->past = PAST_REACHED;
            return false;
        }
    }
}

/* --- stops -------------------------------------------------------------------------------- */

struct candidate {
    bool any, steps; /* `place` is behind it: back by an instruction of the vcpu */
    struct ring1_place place;
    uint64_t had; /* with `steps`: how long the vcpu had had the CPU */
    struct ring1_debug_stop stop;
    uint32_t arg[6];
};

/* It was done by an entry of a multicall, which d->entered is before. */
static bool by_entry(const ring1_debugger *d, const struct machine *m, const struct stop *last)
{
    return last->by_hypercall && d->in_entry && d->entered.calls == m->s.hypercalls;
}

static void keep(const ring1_debugger *d, struct candidate *c, const struct machine *m)
{
    const struct stop *last = stops_last(m);
    c->any = true;
    c->steps = last->kind == STOP_WATCHPOINT; /* after a call is a place of its own */
    c->place = stops_place(m);
    if (c->steps && by_entry(d, m, last)) {
        c->steps = false;
        c->place = d->entered;
    }
    c->had = ran(m, last->vcpu);
    c->stop = (struct ring1_debug_stop){0};
    debugger_describe(m, &c->stop);
    memcpy(c->arg, last->arg, sizeof c->arg);
    c->stop.call.arg = c->arg;
}

/* All stops from here to `limit`: the last is kept. With `with` one that is at the limit,
 * too. False: search.past. */
static bool collect(struct search *s, const struct ring1_place *limit, bool with, struct candidate *last)
{
    const struct machine *m = ring1_replay_machine(s->d->replay)->machine;
    const struct ring1_place beyond = after(limit);
    struct travel t = s->travel;
    t.until = &beyond;
    t.step = -1;
    past_arm(s->d, true);
    for (;;) {
        s->past = past_run(s->d, &t, s->error);
        struct ring1_place now = past_place(s->d);
        int order = ring1_place_compare(&now, limit);
        if (s->past == PAST_FAILED || s->past == PAST_ASKED)
            return false;
        if (s->past != PAST_STOPPED || order > 0)
            return true;
        if (order < 0 || with || stops_last(m)->kind == STOP_WATCHPOINT)
            keep(s->d, last, m);
    }
}

/* To where the last part of the interval before `limit` begins, *from, or as much of it as the
 * window has: of a loop's many stops the last is near. False: search.past. */
static bool go_before(struct search *s, const struct ring1_place *limit, uint64_t window,
                      struct ring1_place *from)
{
    const struct checkpoint *c = points_find(s->d, limit, true);
    struct ring1_place low = ns_before(s->d, limit, window);
    if (ring1_place_compare(&low, &c->place) > 0) {
        if (!go_near(s, &low, false) || !walk(s, &low))
            return false;
        *from = past_place(s->d);
        if (ring1_place_compare(from, limit) < 0)
            return true;
    }
    *from = c->place;
    s->past = PAST_FAILED;
    s->d->placed = false;
    return past_go_near(s->d, from, false, s->error);
}

/* The last stop before `place`, interval by interval. */
static bool last_stop(struct search *s, const struct ring1_place *place, struct candidate *last)
{
    struct ring1_place limit = *place;
    bool with = false;
    for (uint64_t window = STOPS_NS;; window = MIN(window * WINDOW_GROWS, UINT64_MAX / WINDOW_GROWS)) {
        struct ring1_place from;
        if (is_begin(s->d, &limit))
            return true;
        if (!go_before(s, &limit, window, &from) || !collect(s, &limit, with, last))
            return false;
        if (last->any)
            return true;
        limit = from;
        with = true;
    }
}

/* --- going back --------------------------------------------------------------------------- */

static bool at_begin(struct search *s, struct ring1_debug_stop *stop)
{
    const struct checkpoint *first = g_ptr_array_index(s->d->points, 0);
    const struct ring1_place place = first->place;
    stop->reason = RING1_DEBUG_BEGIN;
    return go_to(s, &place);
}

static bool back_step(struct search *s, const struct ring1_place *from, unsigned vcpu, uint64_t had,
                      struct ring1_debug_stop *stop)
{
    struct ring1_place found;
    if (!last_step(s, from, vcpu, had, &found))
        return s->past == PAST_REACHED && at_begin(s, stop);
    stop->reason = RING1_DEBUG_STEPPED;
    stop->vcpu = vcpu;
    return go_to(s, &found);
}

static bool back_to_stop(struct search *s, const struct ring1_place *from, struct ring1_debug_stop *stop)
{
    struct candidate last = {0};
    if (!last_stop(s, from, &last))
        return false;
    if (!last.any)
        return at_begin(s, stop);
    const struct ring1_place behind = last.place;
    if (last.steps && !last_step(s, &behind, last.stop.vcpu, last.had, &last.place))
        return s->past == PAST_REACHED && at_begin(s, stop);
    *stop = last.stop;
    memcpy(s->d->call_arg, last.arg, sizeof last.arg);
    stop->call.arg = s->d->call_arg;
    return go_to(s, &last.place);
}

/* Where it began, after somebody asked for the end. */
static bool stay(struct search *s, const struct ring1_place *from, bool in_past,
                 struct ring1_debug_stop *stop)
{
    *stop = (struct ring1_debug_stop){.reason = RING1_DEBUG_INTERRUPTED};
    s->travel.asked = NULL;
    if (!in_past) {
        past_leave(s->d);
        return true;
    }
    return go_to(s, from);
}

bool ring1_debugger_run_back(ring1_debugger *d, enum ring1_debug_go how, unsigned vcpu,
                             bool (*asked)(void *user), void *user, struct ring1_debug_stop *stop,
                             GError **error)
{
    struct search s = {.d = d, .travel = {.asked = asked, .user = user}, .error = error};
    struct ring1_place from = ring1_debugger_place(d);
    bool in_past = d->in_past;
    *stop = (struct ring1_debug_stop){.vcpu = vcpu};
    if (vcpu >= debugger_inside(d)->domain->s.nr_vcpus)
        return debugger_fail(error, "there is no such vcpu");
    uint64_t had = ran(debugger_inside(d), vcpu);
    if (!past_open(d, error))
        return false;
    d->in_past = true;
    atomic_store(&d->interrupted, false);
    bool ok = how == RING1_GO_STEP ? back_step(&s, &from, vcpu, had, stop) : back_to_stop(&s, &from, stop);
    if (!ok && s.past == PAST_ASKED)
        return stay(&s, &from, in_past, stop);
    if (!ok && !in_past)
        past_leave(d);
    if (!ok && error && !*error)
        debugger_fail(error, "the past could not be gone through");
    if (ok && how == RING1_GO_ON)
        stop->vcpu = debugger_inside(d)->current->id;
    return ok;
}

bool ring1_debugger_goto(ring1_debugger *d, const struct ring1_place *place, struct ring1_debug_stop *stop,
                         GError **error)
{
    struct search s = {.d = d, .error = error};
    struct ring1_place present = {0};
    *stop = (struct ring1_debug_stop){.reason = RING1_DEBUG_STEPPED};
    if (!past_open(d, error))
        return false;
    if (d->live)
        present = stops_place(d->live->machine);
    if (d->live && ring1_place_compare(place, &present) >= 0) {
        past_leave(d);
        stop->reason = RING1_DEBUG_PRESENT;
        stop->vcpu = debugger_inside(d)->current->id;
        return true;
    }
    d->in_past = true;
    if (is_begin(d, place)) {
        if (!at_begin(&s, stop))
            return false;
    } else if (!go_to(&s, place)) {
        return false;
    }
    if (s.past == PAST_END) {
        stop->reason = RING1_DEBUG_PRESENT;
        past_leave(d);
    }
    stop->vcpu = debugger_inside(d)->current->id;
    return true;
}
