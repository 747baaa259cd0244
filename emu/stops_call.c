/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stops_call.c - stops before and after hypercalls, and between the entries of a
 * multicall. A call that is stopped before was not made: the `int` is executed again. A
 * multicall that is stopped in its middle stands still (struct held_call), and goes on
 * without the guest: nothing in its registers says so, and what it does counts as one call.
 */
#include "stops_priv.h"

#include <string.h>

/* Why it was refused is told in the debugger's own time. */
static bool wants_stop(struct machine *m, struct vcpu *v, const struct call *call, bool is_return)
{
    struct stops *s = m->stops;
    struct ring1_call what = machine_call_seen(m->domain, call);
    if (!s->catch || !s->catch (s->catch_user, (ring1_vcpu *)v, &what, is_return))
        return false;
    if (stops_report(m, STOP_CALL)) {
        s->last.call = what;
        s->last.call.why = NULL;
        s->last.is_return = is_return;
        memcpy(s->last.arg, call->arg, sizeof s->last.arg);
        s->last.call.arg = s->last.arg;
    }
    return true;
}

/* The last stop was for this. (After an entry and before the next are one place.) */
static bool passed_here(const struct machine *m, uint32_t entry, uint64_t clock)
{
    const struct stops *s = m->stops;
    return s->passed == STOP_CALL && !s->last.is_return && s->passed_clock == clock &&
           s->passed_vcpu == m->current->id && s->passed_entry == entry;
}

static void report_changes(struct machine *m)
{
    struct stops *s = m->stops;
    bool pending = s->pending;
    stops_report_hits(m, stops_changed(m));
    if (!pending && s->pending)
        s->last.by_hypercall = true;
}

/* --- by `int 0x82` ---------------------------------------------------------------- */

bool stops_before_call(struct machine *m, struct vcpu *v, const struct cpu_call *made)
{
    /* The clock has the `int` and its price. */
    uint64_t clock = cpu_clock(m->cpu) - TRAP_NS - 2 * CPU_NS_PER_BYTE;
    const struct call call = {.nr = made->eax, .arg = made->arg};
    if (!m->s.goes_on && !passed_here(m, UINT32_MAX, clock) && wants_stop(m, v, &call, false)) {
        m->stops->undone = true;
        return true;
    }
    stops_note_watched(m, v);
    return false;
}

bool stops_after_call(struct machine *m, struct vcpu *v, const struct call_record *made)
{
    struct stops *s = m->stops;
    const struct call call = {.nr = made->nr,
                              .arg = made->arg,
                              .result = made->result,
                              .why = made->why[0] ? made->why : NULL,
                              .continued = made->continued};
    s->called = true;
    report_changes(m);
    if (!made->continued)
        wants_stop(m, v, &call, true);
    return s->pending;
}

/* --- entries of a multicall --------------------------------------------------------- */

static bool before_entry(void *user, struct vcpu *v, const struct call *call)
{
    struct machine *m = user;
    struct stops *s = m->stops;
    if (!s->pending && s->place_wanted) {
        struct ring1_place here = {.ns = cpu_clock(m->cpu), .calls = m->s.hypercalls, .entry = call->index};
        if (ring1_place_compare(&here, &s->place) >= 0)
            stops_report(m, STOP_PLACE);
    }
    if (!s->pending && !passed_here(m, call->index, cpu_clock(m->cpu)))
        wants_stop(m, v, call, false);
    if (s->pending)
        return true;
    stops_note_watched(m, v);
    return false;
}

static void after_entry(void *user, struct vcpu *v, const struct call *call)
{
    struct machine *m = user;
    report_changes(m);
    wants_stop(m, v, call, true);
}

void stops_hold_calls(struct machine *m)
{
    struct stops *s = m->stops;
    s->hold = (struct hold){.before = before_entry, .after = after_entry, .user = m};
    bool wanted = s->catch || s->place_wanted || s->nr_watches;
    m->domain->hold = wanted ? &s->hold : NULL;
}

void stops_resume_call(struct machine *m)
{
    struct stops *s = m->stops;
    uint64_t deadline = m->s.block.deadline;
    s->called = false;
    stops_note_watched(m, m->current);
    machine_resume_call(m);
    m->s.unseen = true;
    if (!m->domain->s.held.active)
        stops_call_over(m, deadline);
}
