/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * monitor_calls.c - hypercalls for a debugger's user: the last ones, and the one that is
 * being made here.
 *
 * Nothing is kept of calls while the guest runs. `info hypercalls` has the last part of
 * the run made once more from the record, and looks on: so arguments are decoded with the
 * memory of their time. Without a record there are the 16 calls that a crash report has.
 */
#include "monitor_priv.h"

#include "dispatch/access.h"
#include "dispatch/traps.h"
#include "emu/backtrace.h"
#include "report.h"
#include "site.h"

#include <inttypes.h>
#include <string.h>

#define INT_BYTES     2u
#define NR_MULTICALL  13u
#define CALLS_DEFAULT 10u
#define CALLS_MAX     1000u
#define ENTRIES_SHOWN 64u
#define STOPS_MAX     1000000u

/* A call that was seen again. */
struct kept_call {
    uint64_t number;
    GString *head;    /* the call, its result when that is known */
    GString *entries; /* of a multicall: a line each */
    unsigned nr_entries;
    bool entry_open, done;
};

void kept_call_free(gpointer call)
{
    struct kept_call *c = call;
    g_string_free(c->head, TRUE);
    g_string_free(c->entries, TRUE);
    g_free(c);
}

/* --- seen again ------------------------------------------------------------------------ */

static struct kept_call *begin_call(struct monitor *m, struct vcpu *v, const struct ring1_call *call,
                                    uint64_t number)
{
    struct kept_call *c = g_new0(struct kept_call, 1);
    c->number = number;
    c->head = g_string_new(NULL);
    c->entries = g_string_new(NULL);
    g_string_append_printf(c->head, "#%-6" PRIu64 " [%4" PRIu64 ".%09" PRIu64 "] v%u ", number,
                           domain_now(v->domain) / 1000000000u, domain_now(v->domain) % 1000000000u, v->id);
    monitor_append_call(m, c->head, v, call);
    g_ptr_array_add(m->collector.calls, c);
    return c;
}

static void tell_entry(struct monitor *m, struct kept_call *c, struct vcpu *v, const struct ring1_call *call,
                       bool is_return)
{
    if (!is_return && c->nr_entries++ < ENTRIES_SHOWN) {
        g_string_append_printf(c->entries, "         [%u] ", call->index);
        monitor_append_call(m, c->entries, v, call);
        c->entry_open = true;
    } else if (is_return && c->entry_open) {
        monitor_append_result(m, c->entries, v, call);
        g_string_append_c(c->entries, '\n');
        c->entry_open = false;
    }
}

void collector_tell(struct monitor *m, struct vcpu *v, const struct ring1_call *call, bool is_return)
{
    GPtrArray *calls = m->collector.calls;
    uint64_t number = monitor_call_number(v, call, is_return);
    struct kept_call *c = calls->len ? calls->pdata[calls->len - 1] : NULL;
    if (number < m->collector.from || number > m->collector.to)
        return;
    if (call->depth > 0) {
        if (c && c->number == number)
            tell_entry(m, c, v, call, is_return);
    } else if (!is_return && (!c || c->number != number)) {
        begin_call(m, v, call, number);
    } else if (is_return && c && c->number == number && !c->done && !call->continued) {
        monitor_append_result(m, c->head, v, call);
        c->done = true;
    }
}

/* From before call `from` up to `here`, whatever else there is to stop for. */
static bool run_again(struct monitor *m, uint64_t from, const struct ring1_place *here, GError **error)
{
    struct ring1_debug_stop stop = {.reason = RING1_DEBUG_STEPPED};
    struct ring1_place at = {0};
    /* Where it stopped before a call nobody is asked about that again: one call more. */
    if (!(from > 1 ? monitor_goto_call(m, from - 1, error) : ring1_debugger_goto(m->d, &at, &stop, error)))
        return false;
    m->collector.active = true;
    monitor_update_catch(m);
    bool ok = true;
    for (unsigned i = 0; ok && i < STOPS_MAX; i++) {
        at = ring1_debugger_place(m->d);
        if (ring1_place_compare(&at, here) >= 0)
            break;
        ok = ring1_debugger_run(m->d, RING1_GO_ON, 0, NULL, &stop, error);
        if (stop.reason == RING1_DEBUG_CALL || stop.reason == RING1_DEBUG_PRESENT ||
            stop.reason == RING1_DEBUG_GUEST)
            break;
    }
    m->collector.active = false;
    monitor_update_catch(m);
    return ok;
}

/* The last `n` calls once more. False: there is no going back. */
static bool collect(struct monitor *m, unsigned n, GError **error)
{
    struct ring1_place here = ring1_debugger_place(m->d);
    struct ring1_debug_stop stop;
    uint64_t made = monitor_machine(m)->s.hypercalls;
    struct collector *c = &m->collector;
    c->to = made;
    c->from = made > n ? made - n + 1 : 1;
    g_ptr_array_set_size(c->calls, 0);
    bool seen = run_again(m, c->from, &here, error);
    return ring1_debugger_goto(m->d, &here, &stop, seen ? error : NULL) && seen;
}

static void show_kept(GString *out, const struct kept_call *c)
{
    g_string_append_printf(out, "%s%s\n%s%s", c->head->str, c->done ? "" : " = ? (it is being made)",
                           c->entries->str, c->entry_open ? " = ? (it is being made)\n" : "");
    if (c->nr_entries > ENTRIES_SHOWN)
        g_string_append_printf(out, "         %u entries more\n", c->nr_entries - ENTRIES_SHOWN);
}

/* --- what the machine keeps ------------------------------------------------------------- */

static struct report_call remembered(const struct domain *d, const struct call_record *c)
{
    const struct hypercall_slot *slot = hypercall_slot(d, c->nr);
    struct report_call call = {
        .nr = c->nr,
        .row = slot ? slot->row : NULL,
        .nargs = slot ? slot->nargs : 0,
        .result = c->result,
        .continued = c->continued,
        .why = c->why[0] ? c->why : NULL,
    };
    memcpy(call.arg, c->arg, sizeof call.arg);
    return call;
}

static void show_remembered(const struct monitor *m, GString *out, uint64_t number)
{
    const struct call_record *c = &monitor_machine(m)->s.last_call[(number - 1) % LAST_CALLS];
    struct report_call call = remembered(monitor_domain(m), c);
    g_autofree char *words = report_call_words(&call), *result = report_result_words(&call);
    g_string_append_printf(out, "#%-6" PRIu64 " v%u %s = %s%s%s\n", number, c->vcpu, words, result,
                           call.why ? ": " : "", call.why ? call.why : "");
}

void monitor_do_hypercalls(struct monitor *m, GString *out, const char *args)
{
    g_autoptr(GError) error = NULL;
    uint64_t n = CALLS_DEFAULT, made = monitor_machine(m)->s.hypercalls;
    if (args[0] && (!monitor_number(m, args, &n) || n == 0 || n > CALLS_MAX)) {
        g_string_append(out, "info hypercalls takes how many: 1 to 1000\n");
        return;
    }
    if (made == 0) {
        g_string_append(out, "no hypercalls were made\n");
        return;
    }
    if (collect(m, (unsigned)n, &error) && m->collector.calls->len) {
        for (unsigned i = 0; i < m->collector.calls->len; i++)
            show_kept(out, m->collector.calls->pdata[i]);
        return;
    }
    n = MIN(MIN(n, LAST_CALLS), made);
    for (uint64_t number = made - n + 1; number <= made; number++)
        show_remembered(m, out, number);
    if (error)
        g_string_append_printf(out, "without what their pointers lead to, 16 at most: %s\n", error->message);
}

/* --- here ------------------------------------------------------------------------------- */

/* `int $0x82` at a linear address. */
static bool is_door(struct vcpu *v, uint32_t at)
{
    uint8_t bytes[INT_BYTES];
    return report_peek(v, at, bytes, sizeof bytes) == sizeof bytes && bytes[0] == 0xCD && bytes[1] == 0x82;
}

bool monitor_call_at_eip(struct vcpu *v, uint32_t *behind, bool *made)
{
    uint32_t eip = monitor_eip(v);
    if (regs_ring(vcpu_regs(v)) != 1)
        return false;
    *made = !is_door(v, eip);
    *behind = *made ? eip : eip + INT_BYTES;
    return !*made || is_door(v, eip - INT_BYTES);
}

void monitor_append_stack(GString *out, struct vcpu *v, const char *indent)
{
    uint32_t behind;
    bool made;
    struct vcpu as_called = *v; /* as a call finds it: behind its `int` */
    if (!monitor_call_at_eip(v, &behind, &made)) {
        site_append_stack(out, v, monitor_eip(v), indent);
        return;
    }
    if (!made)
        as_called.regs.eip += INT_BYTES;
    uint32_t eip = backtrace_call_site(&as_called, behind,
                                       segment_base_peek(v, v->regs.ss, &(bool){false}) + v->regs.esp);
    site_append_stack(out, &as_called, eip, indent);
}

/* The call that registers say, which is about to be made. */
static struct ring1_call call_of_registers(struct vcpu *v, uint32_t arg[MAX_HYPERCALL_ARGS])
{
    const struct regs *r = vcpu_regs(v);
    const struct hypercall_slot *slot = hypercall_slot(v->domain, r->eax);
    const uint32_t words[MAX_HYPERCALL_ARGS] = {r->ebx, r->ecx, r->edx, r->esi, r->edi, r->ebp};
    unsigned nargs = slot ? slot->nargs : 0;
    memset(arg, 0, MAX_HYPERCALL_ARGS * sizeof *arg);
    memcpy(arg, words, nargs * sizeof *arg);
    return (struct ring1_call){
        .nr = r->eax, .name = slot && slot->row ? slot->row->name : NULL, .nargs = nargs, .arg = arg};
}

/* One entry of the list of a multicall, as it stands in memory. */
static bool entry_of_memory(struct vcpu *v, uint32_t list, uint32_t index, uint32_t arg[MAX_HYPERCALL_ARGS],
                            struct ring1_call *call)
{
    uint32_t words[8];
    if (report_peek(v, list + index * (uint32_t)sizeof words, words, sizeof words) != sizeof words)
        return false;
    const struct hypercall_slot *slot = hypercall_slot(v->domain, words[0]);
    memcpy(arg, words + v->domain->abi->multicall_arg, MAX_HYPERCALL_ARGS * sizeof *arg);
    *call = (struct ring1_call){.nr = words[0],
                                .name = slot && slot->row ? slot->row->name : NULL,
                                .nargs = slot ? slot->nargs : 0,
                                .arg = arg,
                                .depth = 1,
                                .index = index};
    return true;
}

static void show_entries(const struct monitor *m, GString *out, struct vcpu *v, uint32_t list, uint32_t count,
                         int64_t here)
{
    uint32_t arg[MAX_HYPERCALL_ARGS];
    struct ring1_call call;
    uint32_t from = here > 8 ? (uint32_t)here - 8 : 0;
    for (uint32_t i = from; i < count && i < from + 16; i++) {
        if (!entry_of_memory(v, list, i, arg, &call)) {
            g_string_append_printf(out, "     [%u] cannot be read\n", i);
            return;
        }
        g_string_append_printf(out, "  %s [%u] ", i == here ? "=>" : "  ", i);
        monitor_append_call(m, out, v, &call);
        g_string_append_c(out, '\n');
    }
    if (count > from + 16)
        g_string_append_printf(out, "     ... %u in all\n", count);
}

/* Stopped for a call, and still there. */
static const struct ring1_debug_stop *stopped_call(const struct monitor *m)
{
    struct ring1_place here = ring1_debugger_place(m->d);
    bool same = m->last.known && ring1_place_compare(&m->last.place, &here) == 0;
    return same && m->last.stop.reason == RING1_DEBUG_CALL ? &m->last.stop : NULL;
}

void monitor_do_backtrace(struct monitor *m, GString *out, const char *args)
{
    (void)args;
    const struct ring1_debug_stop *stop = stopped_call(m);
    struct ring1_place place = ring1_debugger_place(m->d);
    struct vcpu *v = stop ? &monitor_domain(m)->s.vcpu[stop->vcpu] : monitor_vcpu(m);
    const struct call_record *last =
        &monitor_machine(m)->s.last_call[(monitor_machine(m)->s.hypercalls - 1) % LAST_CALLS];
    uint32_t arg[MAX_HYPERCALL_ARGS], behind;
    bool made;
    if (stop && stop->call.depth == 0) {
        monitor_append_call(m, out, v, &stop->call);
        if (stop->is_return)
            monitor_append_result(m, out, v, &stop->call);
        g_string_append_c(out, '\n');
        if ((stop->call.nr & v->domain->abi->number_mask) == NR_MULTICALL)
            show_entries(m, out, v, stop->call.arg[0], stop->call.arg[1], -1);
    } else if (place.entry || stop) {
        /* Inside a multicall: it was begun, and has its arguments there. */
        g_string_append_printf(out, "multicall(%#x, %u)\n", last->arg[0], last->arg[1]);
        show_entries(m, out, v, last->arg[0], last->arg[1], stop ? stop->call.index : place.entry);
    } else if (monitor_call_at_eip(v, &behind, &made) && !made) {
        struct ring1_call call = call_of_registers(v, arg);
        monitor_append_call(m, out, v, &call);
        g_string_append_c(out, '\n');
        if ((call.nr & v->domain->abi->number_mask) == NR_MULTICALL)
            show_entries(m, out, v, call.arg[0], call.arg[1], -1);
    } else if (monitor_machine(m)->s.hypercalls) {
        g_string_append(out, "no hypercall is being made; the last one was\n");
        show_remembered(m, out, monitor_machine(m)->s.hypercalls);
    } else {
        g_string_append(out, "no hypercalls were made\n");
    }
    monitor_append_stack(out, v, " ");
}
