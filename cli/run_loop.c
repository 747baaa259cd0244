/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run_loop.c - a machine runs: its time passes beside the host's, the outside is looked at,
 * limits are kept, and what follows from each of its stops.
 */
#include "run_session.h"
#include "signals.h"

/* While something may come from outside the guest runs in slices of its own time, and
 * the outside is looked at between them. */
#define SLICE_NS 10000000u
/* The same while a trace is written: whoever reads along waits no longer. */
#define TRACE_SLICE_NS 100000000u

/* A guest that polls while nothing can come: what it may execute between two looks
 * without being busy, how long its waits are taken as they are, and when they have
 * lasted for ever. All in ns of its own time. */
#define BUSY_NS     UINT64_C(1000000000)
#define PATIENCE_NS UINT64_C(60000000000)
#define FOR_EVER_NS UINT64_C(3600000000000)

/* What is left of a limit, after what former machines took of it. */
uint64_t session_left(uint64_t limit, uint64_t past)
{
    if (limit == NO_LIMIT)
        return NO_LIMIT;
    return limit > past ? limit - past : 0;
}

/* The guest's time passes with the host's while it waits: something outside may
 * still come, or the clock is the host's. */
static bool is_paced(const struct session *s)
{
    return poller_open(s->poller) || s->config->time == RING1_TIME_REAL;
}

/* The guest's time at which it has to be left. */
static uint64_t time_limit(const struct session *s)
{
    return MIN(session_left(s->o->max_guest_ns, s->past_ns), session_left(s->o->at_ns, s->past_ns));
}

static bool is_at(const struct session *s)
{
    return ring1_machine_now(s->machine) >= session_left(s->o->at_ns, s->past_ns) ||
           ring1_machine_hypercalls(s->machine) >= session_left(s->o->at_calls, s->past_calls);
}

/* What ended the run from outside the guest, if anything did. */
static enum next check_outside(struct session *s)
{
    if (signals_end() != 0)
        return session_end(s, STATUS_SIGNAL + signals_end());
    if (s->console.leave)
        return session_end(s, STATUS_SIGNAL + SIGTERM);
    if (s->console.write_errno != 0)
        return session_end_saying(s, STATUS_FAILED, "cannot write to standard output: %s",
                                  g_strerror(s->console.write_errno));
    if (tracing_error(s->tracing))
        return session_end_saying(s, STATUS_FAILED, "cannot write the trace: %s", tracing_error(s->tracing));
    if (control_destroyed(s->control))
        return session_end_saying(s, STATUS_OTHER, "the guest was destroyed");
    if (gdb_killed(s->gdb))
        return session_end_saying(s, STATUS_OTHER, "the guest was killed by gdb");
    if (s->network.error)
        return session_end_saying(s, STATUS_FAILED, "cannot write the packets: %s",
                                  s->network.error->message);
    if (signals_time_is_up())
        return session_end_saying(s, STATUS_BUDGET, "--max-time: %g s of the host's time are spent",
                                  (double)s->o->max_host_ns / NS_PER_S);
    return GO_ON;
}

static enum next check_limits(struct session *s)
{
    const struct options *o = s->o;
    if (ring1_machine_now(s->machine) >= session_left(o->max_guest_ns, s->past_ns))
        return session_end_saying(s, STATUS_BUDGET, "--max-guest-time: %g s of the guest's time are spent",
                                  (double)o->max_guest_ns / NS_PER_S);
    if (ring1_machine_hypercalls(s->machine) >= session_left(o->max_hypercalls, s->past_calls))
        return session_end_saying(s, STATUS_BUDGET, "--max-hypercalls: %" G_GUINT64_FORMAT " are spent",
                                  o->max_hypercalls);
    return GO_ON;
}

/* Nothing will happen any more, unless somebody with a debugger wants to see why. */
static enum next end_waiting(struct session *s)
{
    uint64_t waited;
    if (s->gdb) {
        if (!gdb_has_client(s->gdb) && !s->waits)
            complain("gdb: the guest waits for ever: attach to see why, or end ring1 with a signal");
        s->waits = true;
        poller_wait(s->poller, UINT64_MAX, &waited);
        poller_serve(s->poller);
        return GO_ON;
    }
    return session_end_saying(s, STATUS_OTHER,
                              "the guest waits for ever: no timer is set, and no input can come");
}

/* The guest waits, and nothing outside can come: its clock jumps. A guest that
 * polls waits a moment at a time and says of none that it is the last; when it has
 * done nothing else for a while these moments grow, and in the end it has waited
 * for ever. A timer of the guest cuts the jump short. */
static enum next jump(struct session *s, uint64_t wake_ns)
{
    uint64_t now = ring1_machine_now(s->machine);
    if (now - s->idle_until > BUSY_NS || s->console.written != s->idle_written)
        s->idle_since = now;
    if (wake_ns == UINT64_MAX || now - s->idle_since > FOR_EVER_NS)
        return end_waiting(s);
    uint64_t end = MAX(wake_ns, now);
    if (now - s->idle_since > PATIENCE_NS)
        end = MAX(end, now + (now - s->idle_since) / 8);
    end = MIN(end, session_left(s->o->max_guest_ns, s->past_ns));
    uint64_t asked = end > now ? end - now : 0;
    if (ring1_machine_advance(s->machine, asked) < asked)
        s->idle_since = ring1_machine_now(s->machine);
    s->idle_until = ring1_machine_now(s->machine);
    s->idle_written = s->console.written;
    /* A wait is not left half-way for --at: a look there could be one too many. */
    return is_at(s) ? session_save_and_end(s) : GO_ON;
}

/* The guest waits, until wake_ns of its time or for input: so does ring1. */
static enum next wait_with_guest(struct session *s, uint64_t wake_ns)
{
    if (!is_paced(s))
        return jump(s, wake_ns);
    if (wake_ns == UINT64_MAX && !poller_open(s->poller))
        return end_waiting(s);
    uint64_t until = MIN(wake_ns, time_limit(s));
    uint64_t now = ring1_machine_now(s->machine);
    uint64_t span = until == UINT64_MAX ? UINT64_MAX : until > now ? until - now : 0;
    uint64_t waited;
    poller_wait(s->poller, span, &waited);
    ring1_machine_advance(s->machine, waited);
    poller_serve(s->poller);
    return GO_ON;
}

static enum next shut_down(struct session *s, uint32_t reason)
{
    static const char *const words[] = {
        [RING1_SHUTDOWN_REBOOT] = "reboot",         [RING1_SHUTDOWN_SUSPEND] = "suspend",
        [RING1_SHUTDOWN_CRASH] = "crash",           [RING1_SHUTDOWN_WATCHDOG] = "watchdog",
        [RING1_SHUTDOWN_SOFT_RESET] = "soft reset",
    };
    if (reason == RING1_SHUTDOWN_POWEROFF)
        return session_end(s, STATUS_OK);
    if (reason == RING1_SHUTDOWN_REBOOT && s->o->restart)
        return RESTART;
    int status = reason == RING1_SHUTDOWN_REBOOT  ? STATUS_REBOOT
                 : reason == RING1_SHUTDOWN_CRASH ? STATUS_CRASH
                                                  : STATUS_OTHER;
    if (reason < G_N_ELEMENTS(words))
        return session_end_saying(s, status, "the guest shut down: %s", words[reason]);
    return session_end_saying(s, status, "the guest shut down: reason %u", reason);
}

/* The guest suspended: it goes on at once, each time in frames of the next seed. */
static enum next wake_up(struct session *s)
{
    g_autoptr(GError) error = NULL;
    s->suspends++;
    if (s->o->on_suspend == SUSPEND_CANCEL
            ? ring1_machine_resume_cancelled(s->machine, &error)
            : ring1_machine_resume(s->machine, s->config->mfn_seed + s->suspends, &error))
        return check_limits(s);
    return session_end_saying(s, STATUS_OTHER, "the guest shut down: suspend; %s", error->message);
}

/* The guest stands still, and so does its clock, until somebody wants it to go on. */
static enum next stand_still(struct session *s)
{
    enum next next = GO_ON;
    while (next == GO_ON && (control_paused(s->control) || gdb_stands(s->gdb))) {
        uint64_t waited;
        poller_wait(s->poller, UINT64_MAX, &waited);
        poller_serve(s->poller);
        next = check_outside(s);
    }
    return next;
}

/* A look at the outside, without waiting. */
static void look_outside(struct session *s)
{
    uint64_t waited;
    poller_wait(s->poller, 0, &waited);
    poller_serve(s->poller);
}

static void choose_budget(const struct session *s, struct ring1_budget *budget)
{
    uint64_t now = ring1_machine_now(s->machine);
    *budget = (struct ring1_budget)RING1_BUDGET_UNLIMITED;
    budget->until_ns = time_limit(s);
    budget->hypercalls = session_left(MIN(s->o->max_hypercalls, s->o->at_calls),
                                      s->past_calls + ring1_machine_hypercalls(s->machine));
    budget->return_when_idle = true;
    if (poller_open(s->poller))
        budget->until_ns = MIN(budget->until_ns, now + SLICE_NS);
    else if (s->tracing)
        budget->until_ns = MIN(budget->until_ns, now + TRACE_SLICE_NS);
}

/* Without a debugger the machine's own stops are all that there are. */
static bool run_for(struct session *s, const struct ring1_budget *budget, struct ring1_debug_stop *stop,
                    GError **error)
{
    if (s->gdb)
        return gdb_run(s->gdb, budget, stop, error);
    stop->reason = RING1_DEBUG_GUEST;
    return ring1_machine_run(s->machine, budget, &stop->guest, error);
}

/* The guest shut down or crashed. */
static enum next after_end(struct session *s, const struct ring1_debug_stop *end)
{
    const struct ring1_stop *stop = &end->guest;
    const char *text = stop->text ? stop->text : "no reason is known";
    if (stop->reason == RING1_STOP_SHUTDOWN && stop->shutdown == RING1_SHUTDOWN_SUSPEND &&
        s->o->on_suspend != SUSPEND_EXIT)
        return wake_up(s);
    if (ring1_machine_report_due(s->machine) &&
        gdb_crash(s->gdb, end, stop->reason == RING1_STOP_CRASH ? text : "the guest shut down after a fault"))
        return stand_still(s);
    session_print_report(s);
    if (stop->reason == RING1_STOP_SHUTDOWN)
        return shut_down(s, stop->shutdown);
    return session_end_saying(s, STATUS_CRASH, "the guest crashed: %s", text);
}

/* One run of the machine, and what follows from its stop. */
static enum next run_slice(struct session *s)
{
    struct ring1_budget budget;
    struct ring1_debug_stop stop = {0};
    g_autoptr(GError) error = NULL;
    choose_budget(s, &budget);
    bool ran = run_for(s, &budget, &stop, &error);
    tracing_flush(s->tracing);
    if (!ran)
        return session_end_saying(s, status_of_error(error), "%s", error->message);
    enum next next = check_outside(s);
    if (next != GO_ON)
        return next;
    if (gdb_stands(s->gdb))
        return stand_still(s);
    if (stop.reason != RING1_DEBUG_GUEST || gdb_in_past(s->gdb))
        look_outside(s);
    else if (stop.guest.reason == RING1_STOP_SHUTDOWN || stop.guest.reason == RING1_STOP_CRASH)
        return after_end(s, &stop);
    else if (stop.guest.reason == RING1_STOP_IDLE)
        next = wait_with_guest(s, stop.guest.wake_ns);
    else if (is_at(s))
        next = session_save_and_end(s);
    else
        look_outside(s);
    if (next == GO_ON)
        next = check_outside(s);
    if (next == GO_ON)
        next = stand_still(s);
    return next == GO_ON ? check_limits(s) : next;
}

enum next session_run(struct session *s)
{
    enum next next = check_outside(s);
    if (next == GO_ON)
        next = stand_still(s);
    while (next == GO_ON)
        next = run_slice(s);
    return next;
}
