/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb_run.c - time: how the client lets the guest go on, in both directions, and what
 * it is told when it stopped.
 */
#include "gdb_priv.h"

#include <string.h>

/* gdb's numbers of signals. */
enum { SIGNAL_INT = 2, SIGNAL_TRAP = 5, SIGNAL_ABORT = 6 };

/* Steps of one range until the outside is looked at again. */
#define RANGE_STEPS 1000u

/* --- what the client asks for ------------------------------------------------------------------ */

static void go(struct gdb_server *g, const struct gdb_go *how)
{
    g->go = *how;
    g->interrupt = false;
    g->state = GDB_RUNS;
}

/* One action of vCont, of one thread or of all that have no other. */
struct action {
    char what; /* s, c, r, t */
    bool any;
    unsigned vcpu;
    uint32_t start, end; /* r */
};

/* "s", "S05", "c", "C05", "r1000,1010" or "t", then ":THREAD" or nothing. */
static bool get_action(struct gdb_server *g, const char **args, struct action *a)
{
    uint64_t signal;
    *a = (struct action){.what = g_ascii_tolower(**args), .any = true};
    char what = *(*args)++;
    if (!strchr("scrt", a->what) || what == 'R' || what == 'T')
        return false;
    if ((what == 'S' || what == 'C') && !gdb_get_number(args, 255, &signal))
        return false;
    if (what == 'r' &&
        (!gdb_get_u32(args, &a->start) || !gdb_get_char(args, ',') || !gdb_get_u32(args, &a->end)))
        return false;
    return !gdb_get_char(args, ':') || gdb_get_thread(g, args, &a->vcpu, &a->any);
}

/* The guest's vcpus go on together, for that is how it runs: one of them can be stepped. */
static bool get_actions(struct gdb_server *g, const char *args, struct gdb_go *how, bool *stop)
{
    bool has_default = false, has_step = false;
    *stop = true;
    while (*args) {
        struct action a;
        if (!gdb_get_char(&args, ';') || !*args || !get_action(g, &args, &a))
            return false;
        if (a.any && has_default)
            continue;
        has_default |= a.any;
        *stop &= a.what == 't';
        if ((a.what != 's' && a.what != 'r') || has_step)
            continue;
        has_step = true;
        how->step = true;
        how->vcpu = a.any ? g->go_vcpu : a.vcpu;
        how->start = a.start;
        how->end = a.end;
    }
    return true;
}

void gdb_vcont(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    struct gdb_go how = {0};
    bool stop;
    if (!*args || !get_actions(g, args, &how, &stop))
        gdb_error(g, "vCont: an action is s, c, r START,END or t, of a vcpu that is there");
    else if (stop)
        gdb_stop_here(g, 0);
    else
        go(g, &how);
}

/* "c" and "s": `args` is an address to go on at, or empty. */
static void go_from(struct gdb_server *g, const char *args, bool step)
{
    bool jumps = *args != '\0';
    uint32_t eip;
    if (jumps && (!gdb_get_u32(&args, &eip) || *args))
        gdb_error(g, "that is no address to go on at");
    else if (!jumps || gdb_set_eip(g, g->go_vcpu, eip))
        go(g, &(struct gdb_go){.step = step, .vcpu = g->go_vcpu});
}

void gdb_continue(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    go_from(g, args, false);
}

void gdb_step(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    go_from(g, args, true);
}

/* "05" or "05;ADDRESS". The guest knows no signals: they are gdb's alone. */
static void go_with_signal(struct gdb_server *g, const char *args, bool step)
{
    uint64_t signal;
    if (!gdb_get_number(&args, 255, &signal) || (*args && !gdb_get_char(&args, ';')))
        gdb_error(g, "that is no signal");
    else
        go_from(g, args, step);
}

void gdb_continue_signal(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    go_with_signal(g, args, false);
}

void gdb_step_signal(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    go_with_signal(g, args, true);
}

/* "bs" and "bc" */
void gdb_backward(struct gdb_server *g, const char *args, G_GNUC_UNUSED size_t len)
{
    if (strcmp(args, "s") != 0 && strcmp(args, "c") != 0)
        gdb_reply(g, "");
    else if (!g->past)
        gdb_error_shown(g, "there is no past to go to: this run is not recorded");
    else
        go(g, &(struct gdb_go){.back = true, .step = *args == 's', .vcpu = g->go_vcpu});
}

/* --- what the client is told ------------------------------------------------------------------- */

/* `why` is of a stop reply: "watch:c0001000;", or "". */
static void stop_with(struct gdb_server *g, unsigned signal, const char *why)
{
    struct ring1_registers r;
    g_string_printf(g->stopped, "T%02x%sthread:%x;", signal, why, g->stop_vcpu + 1);
    if (ring1_debugger_get_registers(g->debugger, g->stop_vcpu, &r))
        gdb_put_expedited(g->stopped, &r);
    g->vcpu = g->go_vcpu = g->stop_vcpu;
    g->state = GDB_STOPPED;
}

static void tell(struct gdb_server *g, unsigned signal, const char *why)
{
    stop_with(g, signal, why);
    gdb_reply_string(g, g->stopped);
}

void gdb_stop_silently(struct gdb_server *g)
{
    g->stop_call = UINT32_MAX;
    stop_with(g, SIGNAL_TRAP, "");
}

void gdb_stop_here(struct gdb_server *g, unsigned signal)
{
    g->interrupt = false;
    g->stop_call = UINT32_MAX;
    tell(g, signal, "");
    gdb_take_waiting(g);
}

/* Which of its breakpoints, as the client asked for it. */
static const char *breakpoint_word(const struct gdb_server *g, uint32_t address)
{
    if (g->reports_swbreak && gdb_has_point(g, GDB_SOFTWARE, address))
        return "swbreak:;";
    if (g->reports_hwbreak && gdb_has_point(g, GDB_HARDWARE, address))
        return "hwbreak:;";
    return "";
}

static char *stop_words(struct gdb_server *g, const struct ring1_debug_stop *stop)
{
    static const char *const watches[] = {
        [RING1_WATCH_WRITE] = "watch", [RING1_WATCH_READ] = "rwatch", [RING1_WATCH_ACCESS] = "awatch"};
    switch (stop->reason) {
    case RING1_DEBUG_BREAKPOINT:
        return g_strdup(breakpoint_word(g, stop->address));
    case RING1_DEBUG_WATCHPOINT:
        return g_strdup_printf("%s:%x;", watches[stop->watch], stop->address);
    case RING1_DEBUG_CALL:
        if (monitor_catches_number(g->monitor, stop->call.nr))
            return g_strdup_printf("syscall_%s:%x;", stop->is_return ? "return" : "entry", stop->call.nr);
        break;
    case RING1_DEBUG_BEGIN:
        return g_strdup("replaylog:begin;");
    case RING1_DEBUG_PRESENT:
        return g_strdup("replaylog:end;");
    default:
        break;
    }
    return g_strdup("");
}

/* It stopped while the client waited: true, and the client knows; false: it is not its affair.
 * `moved`: it is at another place than before. */
static bool told(struct gdb_server *g, const struct ring1_debug_stop *stop, bool moved)
{
    if (stop->reason == RING1_DEBUG_GUEST || (stop->reason == RING1_DEBUG_INTERRUPTED && !g->interrupt))
        return false;
    if (stop->reason == RING1_DEBUG_PRESENT && g->follows && !moved)
        return false;
    g_autofree char *more = monitor_stopped(g->monitor, stop);
    if (more)
        gdb_put_console(g, more);
    if (stop->reason == RING1_DEBUG_PRESENT && g->end_words)
        gdb_put_console(g, g->end_words);
    g_autofree char *words = stop_words(g, stop);
    g->stop_call = stop->reason == RING1_DEBUG_CALL ? stop->call.nr : UINT32_MAX;
    tell(g, g->interrupt && !*words ? SIGNAL_INT : SIGNAL_TRAP, words);
    g->interrupt = false;
    return true;
}

/* --- running -------------------------------------------------------------------------------------- */

bool gdb_asked(void *user)
{
    struct gdb_server *g = user;
    return (g->asked && g->asked(g->user)) || g->interrupt;
}

static bool run_back(struct gdb_server *g, struct ring1_debug_stop *stop)
{
    g_autoptr(GError) error = NULL;
    if (ring1_debugger_run_back(g->debugger, g->go.step ? RING1_GO_STEP : RING1_GO_ON, g->go.vcpu, gdb_asked,
                                g, stop, &error))
        return true;
    gdb_error_shown(g, "%s", error->message);
    g->state = GDB_STOPPED;
    return false;
}

static bool in_range(struct gdb_server *g)
{
    struct ring1_registers r;
    return g->go.start != g->go.end && ring1_debugger_get_registers(g->debugger, g->go.vcpu, &r) &&
           r.eip >= g->go.start && r.eip < g->go.end;
}

/* One step, or many within a range; after some of them the caller looks around. */
static bool run_steps(struct gdb_server *g, const struct ring1_budget *budget, struct ring1_debug_stop *stop,
                      GError **error)
{
    for (unsigned i = 0; i < RANGE_STEPS; i++) {
        if (!ring1_debugger_run(g->debugger, RING1_GO_STEP, g->go.vcpu, budget, stop, error))
            return false;
        if (stop->reason != RING1_DEBUG_STEPPED || !in_range(g))
            return true;
    }
    *stop = (struct ring1_debug_stop){
        .reason = RING1_DEBUG_GUEST, .vcpu = stop->vcpu, .guest.reason = RING1_STOP_BUDGET};
    return true;
}

/* The guest ended here, and stands where it did. */
static bool is_dead(struct gdb_server *g)
{
    if (!g->dead || ring1_debugger_in_past(g->debugger))
        return false;
    struct ring1_place place = ring1_debugger_place(g->debugger);
    g->dead = ring1_place_compare(&place, &g->death_place) == 0;
    return g->dead;
}

static bool run_forward(struct gdb_server *g, const struct ring1_budget *budget,
                        struct ring1_debug_stop *stop, GError **error)
{
    if (is_dead(g)) {
        *stop = g->death;
        return true;
    }
    if (g->state == GDB_RUNS && g->go.step)
        return run_steps(g, budget, stop, error);
    return ring1_debugger_run(g->debugger, RING1_GO_ON, g->go_vcpu, budget, stop, error);
}

bool gdb_server_run(struct gdb_server *g, const struct ring1_budget *budget, struct ring1_debug_stop *stop,
                    GError **error)
{
    *stop = (struct ring1_debug_stop){.reason = RING1_DEBUG_INTERRUPTED};
    if (g->state == GDB_RUNS && g->interrupt) {
        gdb_stop_here(g, SIGNAL_INT);
        return true;
    }
    struct ring1_place before = ring1_debugger_place(g->debugger);
    if (g->state == GDB_RUNS && g->go.back) {
        if (!run_back(g, stop)) {
            gdb_take_waiting(g);
            return true;
        }
    } else if (!run_forward(g, budget, stop, error)) {
        return false;
    }
    g->stop_vcpu = stop->vcpu;
    struct ring1_place after = ring1_debugger_place(g->debugger);
    if (g->state == GDB_RUNS && told(g, stop, ring1_place_compare(&before, &after) != 0))
        gdb_take_waiting(g);
    return true;
}

/* --- the end ---------------------------------------------------------------------------------------- */

bool gdb_server_crash(struct gdb_server *g, const struct ring1_debug_stop *stop, const char *why)
{
    if (g->state != GDB_RUNS || g->dead)
        return false;
    g->dead = true;
    g->death = *stop;
    g->death_place = ring1_debugger_place(g->debugger);
    g->stop_vcpu = stop->vcpu;
    g_autofree char *more = monitor_stopped(g->monitor, stop);
    g_autofree char *text = g_strdup_printf("%s\n", why);
    gdb_put_console(g, more ? more : text);
    g->interrupt = false;
    g->stop_call = UINT32_MAX;
    tell(g, SIGNAL_ABORT, "");
    gdb_take_waiting(g);
    return true;
}

void gdb_server_end(struct gdb_server *g, int status, bool crashed)
{
    if (g->state == GDB_RUNS) {
        g_autofree char *reply = crashed         ? g_strdup_printf("X%02x", SIGNAL_ABORT)
                                 : status > 0x80 ? g_strdup_printf("X%02x", (unsigned)status & 0x7F)
                                                 : g_strdup_printf("W%02x", (unsigned)status & 0xFF);
        gdb_reply(g, reply);
    }
    if (g->state != GDB_ABSENT)
        g->state = GDB_DETACHED;
}
