/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * target.c - see ring1/target.h.
 */
#include "devices.h"
#include "dispatch/access.h"
#include "dispatch/traps.h"
#include "emu/rewind.h"
#include "emu/symbols.h"
#include "machine_priv.h"

#include <ring1/target.h>
#include <string.h>

#define BUDGET_NS 50000000u

/* A part of the buffer in one frame. */
struct part {
    mfn_t mfn;
    uint32_t offset, len;
};

struct ring1_target {
    ring1_machine *m;
    struct ring1_target_setup setup;
    struct run_goals goals; /* until, then crash */
    struct cpu_coverage coverage;
    GArray *part; /* of the buffer */
    struct part length[2];
    unsigned nr_length;
    /* The start. */
    struct rewind *rewind;
    GBytes *console, *xenstore;
    GVariant *devices;
    uint64_t began_ns, began_calls;
    uint32_t began_exceptions;
    /* The last run. */
    struct ring1_target_end end;
    struct ring1_stop stop;
};

static bool refuse_state(GError **error, const char *what)
{
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_STATE, what);
    return false;
}

bool ring1_target_symbol(ring1_machine *m, const char *name, uint32_t *address, uint32_t *size)
{
    return symbols_find(machine_symbols(m), name, address, size);
}

/* --- getting there --------------------------------------------------------------------------- */

static bool not_there(const struct ring1_stop *stop, GError **error)
{
    switch (stop->reason) {
    case RING1_STOP_CRASH:
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "the guest crashed before it was there: %s",
                    stop->text ? stop->text : "no reason is known");
        return false;
    case RING1_STOP_SHUTDOWN:
        return refuse_state(error, "the guest shut down before it was there");
    case RING1_STOP_IDLE:
        return refuse_state(error, "the guest waits for ever, and is not there");
    default:
        return refuse_state(error, "the guest's time is up, and it is not there");
    }
}

bool ring1_target_goto(ring1_machine *m, const uint32_t *address, unsigned nr,
                       const struct ring1_budget *budget, unsigned *which, GError **error)
{
    uint64_t now = cpu_clock(m->machine->cpu);
    /* Where it stands it has been; but a guest that never ran has not been at its first instruction. */
    struct run_goals goals = {.nr = MIN(nr, MAX_GOALS), .begun = now ? now : UINT64_MAX};
    struct ring1_stop stop;
    memcpy(goals.address, address, goals.nr * sizeof *address);
    if (m->recorder)
        return refuse_state(error, "a machine that is recorded is no target");
    machine_set_goals(m->machine, &goals);
    bool ok = ring1_machine_run(m, budget, &stop, error);
    machine_set_goals(m->machine, NULL);
    machine_disturb(m->machine);
    if (!ok)
        return false;
    *which = goals.which;
    return goals.reached || not_there(&stop, error);
}

static struct vcpu *present(ring1_machine *m)
{
    return m->machine->current;
}

bool ring1_target_return_address(ring1_machine *m, uint32_t *address)
{
    struct vcpu *v = present(m);
    return guest_peek(v, GVA(vcpu_regs(v)->esp), address, sizeof *address) == 0;
}

/* --- the buffer ------------------------------------------------------------------------------- */

/* Frames that the guest could write to itself: no page table is changed past Xen's books. */
static bool find_parts(ring1_machine *m, GArray *parts, uint32_t va, uint32_t size, GError **error)
{
    struct domain *d = m->machine->domain;
    while (size) {
        struct part part = {.offset = va % RING1_PAGE_SIZE};
        struct walk walk;
        part.len = MIN(size, RING1_PAGE_SIZE - part.offset);
        if (guest_walk(present(m), GVA(va), ACCESS_WRITE, false, false, &walk) != WALK_OK ||
            !frame_exists(d->mem, walk.mfn) || frame_info(d->mem, walk.mfn)->owner != d->s.domid) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "the guest cannot write to its buffer at %#x",
                        va);
            return false;
        }
        part.mfn = walk.mfn;
        g_array_append_val(parts, part);
        va += part.len;
        size -= part.len;
    }
    return true;
}

static bool find_places(ring1_target *t, GError **error)
{
    g_autoptr(GArray) length = g_array_new(FALSE, FALSE, sizeof(struct part));
    if (!find_parts(t->m, t->part, t->setup.buffer, t->setup.size, error) ||
        (t->setup.length && !find_parts(t->m, length, t->setup.length, 4, error)))
        return false;
    t->nr_length = length->len;
    for (guint i = 0; i < length->len; i++)
        t->length[i] = g_array_index(length, struct part, i);
    return true;
}

static void put(ring1_target *t, const struct part *part, unsigned nr, const uint8_t *bytes, uint32_t len)
{
    struct domain *d = t->m->machine->domain;
    for (unsigned i = 0; i < nr && len; i++) {
        uint32_t n = MIN(len, part[i].len);
        memcpy((uint8_t *)frame_ptr(d->mem, part[i].mfn) + part[i].offset, bytes, n);
        frame_changed(d, part[i].mfn);
        bytes += n;
        len -= n;
    }
}

void ring1_target_put(ring1_target *t, const void *bytes, uint32_t len)
{
    len = MIN(len, t->setup.size);
    put(t, (const struct part *)(void *)t->part->data, t->part->len, bytes, len);
    put(t, t->length, t->nr_length, (const uint8_t *)&len, sizeof len);
}

/* --- the start --------------------------------------------------------------------------------- */

static void save(ring1_target *t)
{
    struct machine *m = t->m->machine;
    t->rewind = rewind_new(m);
    t->console = console_save(t->m->console);
    t->xenstore = xenstore_save(t->m->xenstore);
    t->devices = devices_save(t->m->devices);
    t->m->stirred = 0;
    t->began_ns = cpu_clock(m->cpu);
    t->began_calls = m->s.hypercalls;
    t->began_exceptions = m->domain->s.nr_exceptions;
}

static bool put_back(ring1_target *t, GError **error)
{
    ring1_machine *m = t->m;
    unsigned stirred = m->stirred;
    m->stirred = 0;
    if (stirred & STIRRED_CONSOLE)
        console_restore(m->console, t->console);
    if (stirred & STIRRED_DEVICES)
        devices_put_back_disks(m->devices);
    return !(stirred & (STIRRED_XENSTORE | STIRRED_DEVICES)) ||
           (xenstore_restore(m->xenstore, t->xenstore, error) &&
            devices_restore(m->devices, t->devices, error));
}

bool ring1_target_reset(ring1_target *t, GError **error)
{
    rewind_back(t->rewind);
    return put_back(t, error);
}

ring1_target *ring1_target_new(ring1_machine *m, const struct ring1_target_setup *setup, GError **error)
{
    if (m->recorder) {
        refuse_state(error, "a machine that is recorded is no target");
        return NULL;
    }
    ring1_target *t = g_new0(ring1_target, 1);
    t->m = m;
    t->setup = *setup;
    t->setup.budget_ns = setup->budget_ns ? setup->budget_ns : BUDGET_NS;
    t->setup.nr_until = MIN(setup->nr_until, RING1_TARGET_ADDRESSES);
    t->setup.nr_crash = MIN(setup->nr_crash, RING1_TARGET_ADDRESSES);
    t->goals.nr = t->setup.nr_until + t->setup.nr_crash;
    memcpy(t->goals.address, setup->until, t->setup.nr_until * sizeof(uint32_t));
    memcpy(t->goals.address + t->setup.nr_until, setup->crash, t->setup.nr_crash * sizeof(uint32_t));
    t->part = g_array_new(FALSE, FALSE, sizeof(struct part));
    machine_disturb(m->machine);
    if (!find_places(t, error) || !devices_mark_disks(m->devices, error)) {
        ring1_target_free(t);
        return NULL;
    }
    machine_set_goals(m->machine, &t->goals);
    cpu_cover(m->machine->cpu, &t->coverage);
    save(t);
    machine_set_quiet(m, true);
    return t;
}

void ring1_target_set_quiet(ring1_target *t, bool quiet)
{
    machine_set_quiet(t->m, quiet);
}

void ring1_target_free(ring1_target *t)
{
    if (!t)
        return;
    if (t->rewind) {
        machine_set_quiet(t->m, false);
        cpu_cover(t->m->machine->cpu, NULL);
        machine_set_goals(t->m->machine, NULL);
        rewind_free(t->rewind);
        g_bytes_unref(t->console);
        g_bytes_unref(t->xenstore);
        g_variant_unref(t->devices);
    }
    g_array_unref(t->part);
    g_free(t);
}

/* --- a run ------------------------------------------------------------------------------------- */

static enum ring1_target_reason reason_of(const ring1_target *t)
{
    if (t->goals.reached)
        return t->goals.which < t->setup.nr_until ? RING1_TARGET_DONE : RING1_TARGET_CRASHED;
    switch (t->stop.reason) {
    case RING1_STOP_CRASH:
        return RING1_TARGET_CRASHED;
    case RING1_STOP_SHUTDOWN:
        return t->stop.shutdown == RING1_SHUTDOWN_CRASH || t->stop.shutdown == RING1_SHUTDOWN_WATCHDOG
                   ? RING1_TARGET_CRASHED
                   : RING1_TARGET_ENDED;
    default:
        return RING1_TARGET_HANGS;
    }
}

/* The exception that the guest was given last, of this run, by code of its own: a handler that is none
 * raises one after the other. NULL: none. */
static const struct exception_record *last_exception(const ring1_target *t)
{
    const struct domain_state *s = &t->m->machine->domain->s;
    uint32_t nr = MIN(s->nr_exceptions - t->began_exceptions, LAST_EXCEPTIONS);
    for (uint32_t i = 1; i <= nr; i++) {
        const struct exception_record *e = &s->exception[(s->nr_exceptions - i) % LAST_EXCEPTIONS];
        if (symbols_is_code(machine_symbols(t->m), e->regs.eip))
            return e;
    }
    return nr ? &s->exception[(s->nr_exceptions - 1) % LAST_EXCEPTIONS] : NULL;
}

static uint32_t place_of(const ring1_target *t)
{
    const struct machine *m = t->m->machine;
    const struct exception_record *e = last_exception(t);
    if (e)
        return e->regs.eip;
    if (t->goals.reached || t->stop.reason == RING1_STOP_CRASH || m->s.hypercalls == t->began_calls)
        return vcpu_regs(m->current)->eip;
    return m->s.last_call[(m->s.hypercalls - 1) % LAST_CALLS].eip;
}

static void clear_coverage(struct cpu_coverage *c)
{
    for (uint32_t i = 0; i < c->nr; i++)
        c->count[c->place[i]] = 0;
    c->nr = c->previous = 0;
}

bool ring1_target_run(ring1_target *t, struct ring1_target_end *end, GError **error)
{
    struct machine *m = t->m->machine;
    struct ring1_budget budget = RING1_BUDGET_UNLIMITED;
    budget.until_ns = t->began_ns + t->setup.budget_ns;
    clear_coverage(&t->coverage);
    t->goals.reached = false;
    t->goals.begun = t->began_ns;
    t->m->running = true;
    bool ok = machine_run(m, &budget, &t->stop, error);
    t->m->running = false;
    if (!ok)
        return false;
    t->end = (struct ring1_target_end){
        .reason = reason_of(t),
        .ns = cpu_clock(m->cpu) - t->began_ns,
        .hypercalls = m->s.hypercalls - t->began_calls,
    };
    if (t->end.reason != RING1_TARGET_DONE)
        t->end.eip = place_of(t);
    *end = t->end;
    return true;
}

unsigned ring1_target_calls(ring1_target *t, struct ring1_target_call *calls, unsigned max)
{
    const struct machine_state *s = &t->m->machine->s;
    unsigned nr = (unsigned)MIN(s->hypercalls - t->began_calls, MIN(max, LAST_CALLS)), n = 0;
    for (unsigned i = 0; i < nr; i++) {
        const struct call_record *c = &s->last_call[(s->hypercalls - nr + i) % LAST_CALLS];
        if (!c->continued) /* the last, which goes on where the run ended */
            calls[n++] = (struct ring1_target_call){.nr = c->nr, .result = c->result, .arg = c->arg};
    }
    return n;
}

unsigned ring1_target_coverage(ring1_target *t, const uint16_t **place, const uint8_t **count)
{
    *place = t->coverage.place;
    *count = t->coverage.count;
    return t->coverage.nr;
}

/* --- words ------------------------------------------------------------------------------------- */

static void add_place(ring1_target *t, GString *out, uint32_t eip)
{
    const char *name = ring1_machine_symbol(t->m, eip, false);
    g_string_append_printf(out, " at %s%s%#x%s", name ? name : "", name ? " (" : "", eip, name ? ")" : "");
}

static void describe_crash(ring1_target *t, GString *out)
{
    const struct exception_record *e = last_exception(t);
    if (t->goals.reached)
        g_string_append(out, "it has come");
    else if (t->stop.reason == RING1_STOP_SHUTDOWN)
        g_string_append(out, t->stop.shutdown == RING1_SHUTDOWN_WATCHDOG ? "its watchdog barked"
                                                                         : "it shut down with \"crash\"");
    else
        g_string_append(out, "Xen killed it");
    if (t->goals.reached)
        add_place(t, out, t->goals.address[t->goals.which]);
    if (e)
        g_string_append_printf(out, ", after exception %u", e->vector);
    if (e || !t->goals.reached)
        add_place(t, out, t->end.eip);
    if (e && e->vector == TRAP_page_fault)
        g_string_append_printf(out, ": CR2 %#x, error %#x", e->cr2, e->error);
    else if (t->stop.reason == RING1_STOP_CRASH && t->stop.text)
        g_string_append_printf(out, ": %s", t->stop.text);
}

char *ring1_target_describe(ring1_target *t)
{
    GString *out = g_string_new(NULL);
    switch (t->end.reason) {
    case RING1_TARGET_DONE:
        g_string_append(out, "done");
        break;
    case RING1_TARGET_ENDED:
        g_string_append_printf(out, "the guest shut down: reason %u", t->stop.shutdown);
        break;
    case RING1_TARGET_CRASHED:
        describe_crash(t, out);
        break;
    case RING1_TARGET_HANGS:
        g_string_append(out, t->stop.reason == RING1_STOP_IDLE ? "it waits for what will never come"
                                                               : "it goes on");
        add_place(t, out, t->end.eip);
        break;
    }
    return g_string_free(out, FALSE);
}
