/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * event.c - see event.h.
 */
#include "event.h"

#include "access.h"
#include "shared.h"
#include "traps.h"

uint32_t event_linear(struct vcpu *v, uint16_t selector, uint32_t offset)
{
    bool code32;
    return segment_base_peek(v, selector, &code32) + offset;
}

struct ring1_event event_here(struct vcpu *v, enum ring1_event_kind kind)
{
    const struct regs *r = vcpu_regs(v);
    return (struct ring1_event){
        .kind = kind,
        .ring = regs_ring(r),
        .eip = event_linear(v, r->cs, r->eip),
    };
}

struct ring1_handler event_handler(struct vcpu *v, bool exists, uint16_t cs, uint32_t eip)
{
    return (struct ring1_handler){.exists = exists, .cs = cs, .eip = event_linear(v, cs, eip)};
}

/* The ports that an upcall is about, as far as can be told from outside. */
static void find_ports(const struct vcpu *v, struct ring1_upcall_event *upcall)
{
    const struct domain *d = v->domain;
    const uint8_t *pending = shared_info(d) + d->abi->si_evtchn_pending;
    const uint8_t *mask = shared_info(d) + d->abi->si_evtchn_mask;
    for (unsigned port = 0; port < NR_EVTCHNS; port++) {
        if (!bit_test(pending, port) || bit_test(mask, port) || d->s.evtchn[port].vcpu != v->id)
            continue;
        if (upcall->nr_ports < RING1_PORTS_SHOWN)
            upcall->ports[upcall->nr_ports] = (uint16_t)port;
        upcall->nr_ports++;
    }
}

void event_upcall(struct vcpu *v, bool handled)
{
    struct ring1_event e = event_here(v, RING1_EVENT_UPCALL);
    e.upcall.handler = event_handler(v, handled, v->event_callback.cs, v->event_callback.eip);
    find_ports(v, &e.upcall);
    event_tell(v, &e);
}

void event_exception(struct vcpu *v, const struct ring1_exception_event *exception)
{
    struct ring1_event e = event_here(v, RING1_EVENT_EXCEPTION);
    e.exception = *exception;
    if (exception->vector == TRAP_page_fault)
        e.exception.cr2 = v->cr2;
    event_tell(v, &e);
}

void event_store(struct vcpu *v, gva_t va, mfn_t table, unsigned index, uint64_t old, uint64_t value)
{
    struct ring1_event e = event_here(v, RING1_EVENT_STORE);
    e.store =
        (struct ring1_store_event){.va = va, .table = table, .index = index, .old = old, .value = value};
    event_tell(v, &e);
}

void event_frame(struct domain *d, const struct ring1_frame_event *frame)
{
    struct ring1_event e = {.kind = RING1_EVENT_FRAME, .frame = *frame};
    e.frame.pfn = PFN(m2p_get(d->mem, frame->mfn));
    if (e.frame.pfn.pfn >= d->s.max_pages)
        e.frame.pfn = PFN(UINT32_MAX);
    if (frame->why == RING1_FRAME_ENTRY)
        e.frame.table_type = (enum ring1_frame_type)frame_info(d->mem, frame->table)->type;
    event_tell(event_vcpu(d), &e);
}

void event_device(struct domain *d, const struct ring1_device_event *device)
{
    if (G_LIKELY(!event_wanted(d, RING1_EVENT_DEVICE)))
        return;
    event_tell(event_vcpu(d), &(const struct ring1_event){.kind = RING1_EVENT_DEVICE, .device = *device});
}
