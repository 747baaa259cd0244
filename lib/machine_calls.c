/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * machine_calls.c - a machine's hypercalls as its user sees them: handlers of its own, the
 * watch that is told of each call, and what both may ask of the vcpu that makes it.
 */
#include "dispatch/preempt.h"
#include "dispatch/traps.h"
#include "emu/backtrace.h"
#include "machine_priv.h"
#include "networks.h"
#include "poke.h"
#include "record.h"

#include <xen/errno.h>

static struct hypercall_slot *slot_for(struct domain *d, uint32_t nr)
{
    if (nr < NR_HYPERCALLS)
        return &d->table[nr];
    if (!d->extra)
        d->extra = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    struct hypercall_slot *slot = g_hash_table_lookup(d->extra, GUINT_TO_POINTER(nr));
    if (!slot) {
        slot = g_new0(struct hypercall_slot, 1);
        slot->answer = -XEN_ENOSYS;
        g_hash_table_insert(d->extra, GUINT_TO_POINTER(nr), slot);
    }
    return slot;
}

bool ring1_machine_register_hypercall(ring1_machine *m, uint32_t nr, unsigned nargs, ring1_hypercall_fn fn,
                                      void *user, GError **error)
{
    struct domain *d = m->machine->domain;
    if ((nr & d->abi->number_mask) != nr) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                    "hypercall %u cannot be served: Xen %s takes it for number %u", nr, d->abi->xen_name,
                    nr & d->abi->number_mask);
        return false;
    }
    if (nargs > MAX_HYPERCALL_ARGS) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                    "hypercall %u: %u arguments, at most %u are possible", nr, nargs, MAX_HYPERCALL_ARGS);
        return false;
    }
    struct hypercall_slot *slot = slot_for(d, nr);
    slot->user_fn = fn;
    slot->user = user;
    slot->nargs = fn ? nargs : slot->row ? slot->row->nargs : 0;
    return true;
}

/* In a replay; the watch looks on. */
static bool answer_again(ring1_machine *m, struct vcpu *v, struct call *call, struct ring1_call *seen)
{
    uint32_t work = 0;
    seen->answered = m->answers->before(m->answers->user, seen, &work);
    seen->delayed = work > 0;
    bool answered = seen->answered;
    call->result = seen->result;
    if (m->watch.before && !m->quiet)
        m->watch.before(v, seen, m->watch_user);
    preempt_work(v->domain, work);
    return answered;
}

static bool tap_before(void *user, struct vcpu *v, struct call *call)
{
    ring1_machine *m = user;
    struct ring1_call seen = machine_call_seen(v->domain, call);
    if (G_UNLIKELY(m->answers))
        return answer_again(m, v, call, &seen);
    uint32_t work = v->domain->s.preempt.work;
    bool answered = m->watch.before(v, &seen, m->watch_user);
    if (answered)
        call->result = seen.result;
    if (G_UNLIKELY(m->recorder))
        recorder_answer(m->recorder, &seen, answered, v->domain->s.preempt.work - work);
    return answered;
}

static void tap_after(void *user, struct vcpu *v, const struct call *call)
{
    ring1_machine *m = user;
    struct ring1_call seen = machine_call_seen(v->domain, call);
    m->watch.after(v, &seen, m->watch_user);
}

static void tap_event(void *user, struct vcpu *v, const struct ring1_event *event)
{
    ring1_machine *m = user;
    m->watch.event(v, event, m->watch_user);
}

void ring1_machine_set_watch(ring1_machine *m, const struct ring1_watch *watch, void *user)
{
    m->watch = watch ? *watch : (struct ring1_watch){0};
    m->watch_user = user;
    machine_set_tap(m);
}

void machine_set_quiet(ring1_machine *m, bool quiet)
{
    if (m->quiet == quiet)
        return;
    m->quiet = quiet;
    networks_set_quiet(devices_networks(m->devices), quiet);
    machine_set_tap(m);
}

void machine_set_tap(ring1_machine *m)
{
    bool told = !m->quiet;
    m->tap = (struct tap){
        .before = (told && m->watch.before) || m->answers ? tap_before : NULL,
        .after = told && m->watch.after ? tap_after : NULL,
        .event = tap_event,
        .events = told && m->watch.event ? m->watch.events : 0,
        .user = m,
    };
    bool used = m->tap.before || m->tap.after || m->tap.events;
    m->machine->domain->tap = used ? &m->tap : NULL;
}

uint32_t ring1_vcpu_call_site(ring1_vcpu *v)
{
    const struct machine *m = v->domain->ops_user;
    uint16_t ss = v->regs.ss;
    uint32_t esp = v->regs.esp, eip = m->s.last_call[(m->s.hypercalls - 1) % LAST_CALLS].eip;
    if (!v->regs_loaded)
        cpu_stack(m->cpu, &ss, &esp);
    bool stack32;
    return backtrace_call_site(v, eip, segment_base_peek(v, ss, &stack32) + esp);
}

unsigned ring1_vcpu_stack(ring1_vcpu *v, struct ring1_stack_frame *frames, unsigned max)
{
    return backtrace(v, machine_symbols(ring1_vcpu_machine(v)), frames, max);
}

/* --- the vcpu, and the guest's memory --------------------------------------- */

ring1_machine *ring1_vcpu_machine(ring1_vcpu *v)
{
    const struct machine *machine = v->domain->ops_user;
    return v->domain->machine ? v->domain->machine : machine->ops_user;
}

unsigned ring1_vcpu_id(const ring1_vcpu *v)
{
    return v->id;
}

ring1_vcpu *ring1_machine_vcpu(ring1_machine *m, unsigned id)
{
    struct domain_state *s = &m->machine->domain->s;
    return id < s->nr_vcpus ? &s->vcpu[id] : NULL;
}

int32_t ring1_read(ring1_vcpu *v, gva_t va, void *dst, uint32_t len)
{
    return guest_read(v, va, dst, len);
}

int32_t ring1_write(ring1_vcpu *v, gva_t va, const void *src, uint32_t len)
{
    ring1_machine *m = ring1_vcpu_machine(v);
    return m->recorder && !m->running ? poke_write(m, v, va, src, len) : guest_write(v, va, src, len);
}
