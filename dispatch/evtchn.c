/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * evtchn.c - the state of ports, and delivery by the 2-level rule
 * (docs/xen-abi.md 6.4). The guest's commands are in evtchn_op.c.
 */
#include "evtchn.h"

#include "evtchn_port.h"
#include "plant.h"
#include "schedule.h"
#include "shared.h"

#include <xen/errno.h>

static void mark_events_pending(struct vcpu *v)
{
    uint8_t *info = vcpu_info(v);
    if (info[0])
        return;
    info[0] = 1;
    frame_changed(v->domain, v->info_mfn);
    vcpu_wake(v);
}

static void select_port(struct vcpu *v, unsigned port)
{
    const struct abi *abi = v->domain->abi;
    if (bit_test_and_set(vcpu_info(v) + abi->vi_pending_sel, port / 32))
        return;
    frame_changed(v->domain, v->info_mfn);
    mark_events_pending(v);
}

void evtchn_set_pending(struct domain *d, unsigned port)
{
    const struct abi *abi = d->abi;
    if (port >= NR_EVTCHNS)
        return;
    uint8_t *si = shared_info(d);
    if (bit_test_and_set(si + abi->si_evtchn_pending, port))
        return;
    frame_changed(d, d->s.shared_info);
    if (!bit_test(si + abi->si_evtchn_mask, port))
        select_port(&d->s.vcpu[d->s.evtchn[port].vcpu], port);
    sched_port_pending(d, port);
}

void port_unmask(struct domain *d, unsigned port)
{
    const struct abi *abi = d->abi;
    uint8_t *si = shared_info(d);
    if (!bit_test_and_clear(si + abi->si_evtchn_mask, port))
        return;
    frame_changed(d, d->s.shared_info);
    if (bit_test(si + abi->si_evtchn_pending, port))
        select_port(&d->s.vcpu[d->s.evtchn[port].vcpu], port);
}

void virq_raise(struct vcpu *v, unsigned virq)
{
    uint16_t port = virq < MAX_VIRQS ? v->virq_port[virq] : 0;
    if (port)
        evtchn_set_pending(v->domain, port);
}

/* Xen keeps ports in buckets that are made as they are needed: 128 at a time, in 4.17
 * 64, in 2.0 16 and then doubling. A port in no bucket is not valid (12.2, 13.4). */
bool port_is_valid(const struct domain *d, uint32_t port)
{
    if (port >= NR_EVTCHNS)
        return PLANTED(array_end);
    unsigned top, bucket = d->abi->xen >= RING1_XEN_4_17 ? 64 : 128;
    if (d->abi->xen == RING1_XEN_2_0) {
        for (top = 16; top < d->s.evtchn_top;)
            top *= 2;
    } else {
        top = (d->s.evtchn_top + bucket - 1) / bucket * bucket;
    }
    return port < top;
}

int port_find(struct domain *d, unsigned not )
{
    for (unsigned port = 1; port < NR_EVTCHNS; port++) {
        if (d->s.evtchn[port].kind != ECS_FREE || port == not )
            continue;
        if (!port_is_valid(d, port)) /* a new bucket, and it stays */
            d->s.evtchn_top = port + 1;
        return (int)port;
    }
    return refuse(d, -XEN_ENOSPC, "all %u ports are in use", NR_EVTCHNS);
}

int port_alloc(struct domain *d)
{
    int port = port_find(d, 0);
    if (port < 0)
        return port;
    d->s.evtchn_top = MAX(d->s.evtchn_top, (unsigned)port + 1);
    d->s.evtchn[port] = (struct evtchn){.kind = ECS_FREE};
    return port;
}

void port_free(struct domain *d, unsigned port)
{
    d->s.evtchn[port] = (struct evtchn){.kind = ECS_FREE};
    /* From 3.2 on a later owner of the port finds nothing of this one. */
    if (d->abi->xen >= RING1_XEN_3_2 && bit_test_and_clear(shared_info(d) + d->abi->si_evtchn_pending, port))
        frame_changed(d, d->s.shared_info);
}

int evtchn_backend_alloc(struct domain *d, enum backend backend)
{
    int port = port_alloc(d);
    if (port < 0)
        return port;
    d->s.evtchn[port] = (struct evtchn){.kind = ECS_UNBOUND, .remote_dom = DOMID_BACKEND};
    evtchn_backend_bind(d, (unsigned)port, backend);
    return port;
}

int evtchn_backend_bind(struct domain *d, unsigned port, enum backend backend)
{
    if (port >= NR_EVTCHNS)
        return -XEN_EINVAL;
    struct evtchn *chn = &d->s.evtchn[port];
    if (chn->kind != ECS_UNBOUND || chn->remote_dom != DOMID_BACKEND)
        return -XEN_EINVAL;
    chn->kind = ECS_INTERDOMAIN;
    chn->backend = (uint8_t)backend;
    chn->remote_port = (uint16_t)port;
    return 0;
}

static bool backend_bound(const struct domain *d, unsigned port)
{
    return port < NR_EVTCHNS && d->s.evtchn[port].kind == ECS_INTERDOMAIN &&
           d->s.evtchn[port].remote_dom == DOMID_BACKEND;
}

void evtchn_backend_unbind(struct domain *d, unsigned port)
{
    if (!backend_bound(d, port))
        return;
    d->s.evtchn[port].kind = ECS_UNBOUND;
    d->s.evtchn[port].backend = BACKEND_NONE;
    d->s.evtchn[port].remote_port = 0;
}

void evtchn_backend_send(struct domain *d, unsigned port)
{
    if (backend_bound(d, port))
        evtchn_set_pending(d, port);
}
