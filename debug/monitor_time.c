/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor_time.c - ways through time for a debugger's user: to a time or a call, to places
 * that have a name, and out of the past for good.
 */
#include "monitor_priv.h"

#include "dispatch/traps.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_S 1000000000u
/* A run towards a place in the future is looked at this often. */
#define SLICE_NS 20000000u
#define NAMES    1000u

struct named_place {
    char *name;
    struct ring1_place place;
};

void named_place_free(gpointer place)
{
    struct named_place *p = place;
    g_free(p->name);
    g_free(p);
}

static void say_error(GString *out, const GError *error)
{
    g_string_append_printf(out, "%s\n", error ? error->message : "this cannot be done");
}

/* --- where ------------------------------------------------------------------------------ */

void monitor_where(struct monitor *m, GString *out)
{
    struct ring1_place p = ring1_debugger_place(m->d);
    struct vcpu *v = monitor_vcpu(m);
    monitor_append_time(out, p.ns);
    g_string_append_printf(out, ", %" PRIu64 " hypercall%s made, in the %s\n", p.calls,
                           p.calls == 1 ? "" : "s", ring1_debugger_in_past(m->d) ? "past" : "present");
    if (p.entry)
        g_string_append_printf(out, "before entry [%u] of multicall #%" PRIu64 "\n", p.entry, p.calls);
    g_string_append_printf(out, "vcpu %u, ring %u, at ", v->id, regs_ring(&v->regs));
    monitor_append_place(out, v, monitor_eip(v), false);
    g_string_append_c(out, '\n');
}

void monitor_do_where(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    monitor_where(m, out);
}

void monitor_do_record(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    struct ring1_place here = ring1_debugger_place(m->d), begin = {0};
    struct ring1_debug_stop stop;
    g_autoptr(GError) error = NULL;
    if (!ring1_debugger_goto(m->d, &here, &stop, &error)) {
        say_error(out, error);
        return;
    }
    (void)begin;
    g_string_append(out, "the past begins at 0 s; ");
    monitor_where(m, out);
}

/* --- to a call --------------------------------------------------------------------------- */

/* So near before a call the rest is run. */
#define NEAR_CALLS 2000u
#define GUESSES    16u

static bool go(struct monitor *m, const struct ring1_place *to, struct ring1_place *at, GError **error)
{
    struct ring1_debug_stop stop;
    m->moved = true;
    if (!ring1_debugger_goto(m->d, to, &stop, error))
        return false;
    *at = ring1_debugger_place(m->d);
    return true;
}

/* A place before `call` and not long before it: calls are spread over time, so that a few guesses
 * do. */
static bool go_near(struct monitor *m, uint64_t call, GError **error)
{
    struct ring1_place low = {0}, high = ring1_debugger_place(m->d), at;
    for (unsigned i = 0; i < GUESSES && call - low.calls > NEAR_CALLS && high.ns > low.ns + 1; i++) {
        uint64_t calls = high.calls - low.calls + 1, wanted = call - low.calls - NEAR_CALLS / 2;
        double share = (double)wanted / (double)calls;
        struct ring1_place guess = {.ns = low.ns +
                                          (uint64_t)((double)(high.ns - low.ns) * CLAMP(share, 0.01, 0.99))};
        if (!go(m, &guess, &at, error))
            return false;
        if (at.calls < call && at.ns > low.ns)
            low = at;
        else if (at.calls >= call && at.ns < high.ns)
            high = at;
        else
            break;
    }
    return go(m, &low, &at, error);
}

static bool run_to_call(struct monitor *m, uint64_t call, uint64_t until_ns, struct ring1_debug_stop *stop,
                        GError **error)
{
    struct ring1_budget slice = RING1_BUDGET_UNLIMITED;
    bool ok, again;
    m->stop_before = call;
    monitor_update_catch(m);
    m->moved = true;
    do {
        slice.until_ns = MIN(until_ns, ring1_debugger_place(m->d).ns + SLICE_NS);
        ok = ring1_debugger_run(m->d, RING1_GO_ON, 0, &slice, stop, error);
        bool limit = stop->reason == RING1_DEBUG_GUEST && stop->guest.reason == RING1_STOP_BUDGET;
        again = ok && ((limit && ring1_debugger_place(m->d).ns < until_ns) ||
                       stop->reason == RING1_DEBUG_BREAKPOINT || stop->reason == RING1_DEBUG_WATCHPOINT);
    } while (again && !(m->asked && m->asked(m->asked_user)));
    m->stop_before = 0;
    monitor_update_catch(m);
    return ok;
}

bool monitor_goto_call(struct monitor *m, uint64_t call, GError **error)
{
    struct ring1_debug_stop stop;
    return go_near(m, call, error) && run_to_call(m, call, UINT64_MAX, &stop, error);
}

/* --- goto -------------------------------------------------------------------------------- */

/* "1.5s", "120ms", "7us", "10ns"; a number alone is of seconds. */
static bool parse_span(const char *text, uint64_t *ns)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"", 1e9}};
    char *end;
    if (!g_ascii_isdigit(text[0]) && text[0] != '.')
        return false;
    guint64 whole = g_ascii_strtoull(text, &end, 10);
    bool exact = *end != '.' && *end != 'e';
    double value = exact ? 0 : g_ascii_strtod(text, &end);
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        double result = (exact ? (double)whole : value) * units[i].ns;
        if (strcmp(end, units[i].unit) != 0 || result > 1e18)
            continue;
        *ns = exact ? whole * (uint64_t)units[i].ns : (uint64_t)(result + 0.5);
        return true;
    }
    return false;
}

/* Forward beyond the present; or in the past, up to it. */
static bool run_on(struct monitor *m, uint64_t ns, GError **error)
{
    struct ring1_debug_stop stop;
    return ring1_debugger_place(m->d).ns >= ns || run_to_call(m, UINT64_MAX, ns, &stop, error);
}

static bool goto_time(struct monitor *m, uint64_t ns, GError **error)
{
    struct ring1_place to = {.ns = ns}, at = ring1_debugger_place(m->d);
    if (!ring1_debugger_in_past(m->d) && at.ns <= ns)
        return run_on(m, ns, error);
    return go(m, &to, &at, error) && (ring1_debugger_in_past(m->d) || run_on(m, ns, error));
}

/* The vcpu that has the CPU is about to make it. */
static bool is_at_call(struct monitor *m, uint64_t call)
{
    struct machine *machine = monitor_machine(m);
    uint32_t behind;
    bool made;
    vcpu_regs(machine->current);
    return machine->s.hypercalls + 1 == call && monitor_call_at_eip(machine->current, &behind, &made) &&
           !made;
}

static bool goto_call(struct monitor *m, uint64_t call, GError **error)
{
    struct ring1_debug_stop stop;
    if (is_at_call(m, call))
        return true;
    bool back = ring1_debugger_place(m->d).calls >= call, past = ring1_debugger_in_past(m->d);
    if (back ? !monitor_goto_call(m, call, error) : !run_to_call(m, call, UINT64_MAX, &stop, error))
        return false;
    /* The past ended before that call. */
    if (past && !ring1_debugger_in_past(m->d) && !is_at_call(m, call) &&
        !run_to_call(m, call, UINT64_MAX, &stop, error))
        return false;
    if (is_at_call(m, call))
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the guest does not come to hypercall #%" PRIu64,
                call);
    return false;
}

static bool do_goto(struct monitor *m, const char *text, GError **error)
{
    struct ring1_place end = {.ns = UINT64_MAX}, begin = {0}, at = ring1_debugger_place(m->d);
    uint64_t number;
    if (strcmp(text, "begin") == 0)
        return go(m, &begin, &at, error);
    if (strcmp(text, "end") == 0 || strcmp(text, "present") == 0)
        return go(m, &end, &at, error);
    if (text[0] == '#' && g_ascii_string_to_unsigned(text + 1, 10, 1, UINT64_MAX - 1, &number, NULL))
        return goto_call(m, number, error);
    if ((text[0] == '+' || text[0] == '-') && parse_span(text + 1, &number))
        return goto_time(m, text[0] == '+' ? at.ns + number : at.ns - MIN(at.ns, number), error);
    if (parse_span(text, &number))
        return goto_time(m, number, error);
    g_set_error(
        error, RING1_ERROR, RING1_ERROR_OPTION,
        "'%s' is no place: a time (1.5s, 120ms, 7us, 10ns; +10us and -1ms from here), a call (#1042), "
        "`begin` or `end`",
        text);
    return false;
}

void monitor_do_goto(struct monitor *m, GString *out, const char *args)
{
    g_autoptr(GError) error = NULL;
    if (!do_goto(m, args, &error))
        say_error(out, error);
    if (m->moved)
        monitor_where(m, out);
}

/* --- snapshots ------------------------------------------------------------------------------ */

static struct named_place *find_place(const struct monitor *m, const char *name)
{
    for (unsigned i = 0; i < m->snapshots->len; i++) {
        struct named_place *p = m->snapshots->pdata[i];
        if (strcmp(p->name, name) == 0)
            return p;
    }
    return NULL;
}

void monitor_do_snapshot(struct monitor *m, GString *out, const char *args)
{
    struct named_place *p = find_place(m, args);
    if (strcspn(args, " \t") != strlen(args) || strlen(args) > 64) {
        g_string_append(out, "a snapshot's name is one word, of 64 bytes at most\n");
        return;
    }
    if (!p && m->snapshots->len >= NAMES) {
        g_string_append(out, "1000 snapshots are the most\n");
        return;
    }
    if (!p) {
        p = g_new0(struct named_place, 1);
        p->name = g_strdup(args);
        g_ptr_array_add(m->snapshots, p);
    }
    p->place = ring1_debugger_place(m->d);
    g_string_append_printf(out, "snapshot %s: ", args);
    monitor_where(m, out);
}

void monitor_do_restore(struct monitor *m, GString *out, const char *args)
{
    g_autoptr(GError) error = NULL;
    const struct named_place *p = find_place(m, args);
    struct ring1_place at;
    if (!p) {
        g_string_append_printf(out, "there is no snapshot '%s'; `snapshots` lists them\n", args);
        return;
    }
    if (!go(m, &p->place, &at, &error)) {
        say_error(out, error);
        return;
    }
    monitor_where(m, out);
}

void monitor_do_snapshots(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    struct ring1_place here = ring1_debugger_place(m->d);
    for (unsigned i = 0; i < m->snapshots->len; i++) {
        const struct named_place *p = m->snapshots->pdata[i];
        g_string_append_printf(out, "%s %-16s ", ring1_place_compare(&p->place, &here) == 0 ? "=>" : "  ",
                               p->name);
        monitor_append_time(out, p->place.ns);
        g_string_append_printf(out, ", %" PRIu64 " hypercalls made", p->place.calls);
        if (p->place.entry)
            g_string_append_printf(out, ", before entry [%u]", p->place.entry);
        g_string_append_c(out, '\n');
    }
    if (!m->snapshots->len)
        g_string_append(out, "there are none; `snapshot NAME` makes one\n");
}

void monitor_do_drop_future(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    g_autoptr(GError) error = NULL;
    struct ring1_place here = ring1_debugger_place(m->d);
    if (!ring1_debugger_in_past(m->d)) {
        g_string_append(out, "this is the present: there is no future to drop\n");
        return;
    }
    if (!ring1_debugger_drop_future(m->d, &error)) {
        say_error(out, error);
        return;
    }
    m->moved = true;
    for (unsigned i = m->snapshots->len; i-- > 0;)
        if (ring1_place_compare(&((const struct named_place *)m->snapshots->pdata[i])->place, &here) > 0)
            g_ptr_array_remove_index(m->snapshots, i);
    monitor_where(m, out);
}
