/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * evtchn_op.c - event_channel_op, old style (a structure with the command in it)
 * and new (docs/xen-abi.md 8.16, 8.32 with 12.2 and 13). FIFO event channels,
 * commands 11 to 13, are not offered: guests then use the 2-level ones.
 */
#include "access.h"
#include "evtchn.h"
#include "evtchn_port.h"
#include "hypercall.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/event_channel.h>

/* Arguments of all commands; `_2_0` are the layouts of that release. */
union evtchn_args {
    uint32_t port; /* close, send, unmask */
    uint16_t dom;  /* reset */
    struct {
        uint16_t remote_dom, pad;
        uint32_t remote_port, local_port;
    } bind_interdomain;
    struct {
        uint16_t dom1, dom2;
        uint32_t port1, port2;
    } bind_interdomain_2_0;
    struct {
        uint32_t virq, vcpu, port;
    } bind_virq;
    struct {
        uint32_t virq, port;
    } bind_virq_2_0;
    struct {
        uint32_t pirq, flags, port;
    } bind_pirq;
    struct {
        uint16_t dom, pad;
        uint32_t port;
    } close_2_0;
    struct {
        uint16_t dom, pad;
        uint32_t port, status, vcpu;
        union evtchn_status_u {
            uint16_t dom;
            struct {
                uint16_t dom, pad;
                uint32_t port;
            } interdomain;
            uint32_t irq;
        } u;
    } status;
    struct {
        uint16_t dom, pad;
        uint32_t port, status;
        union evtchn_status_u u;
    } status_2_0;
    struct {
        uint16_t dom, remote_dom;
        uint32_t port;
    } alloc_unbound;
    struct {
        uint16_t dom, pad;
        uint32_t port;
    } alloc_unbound_2_0;
    struct {
        uint32_t vcpu, port;
    } bind_ipi;
    struct {
        uint32_t port, vcpu;
    } bind_vcpu;
};
G_STATIC_ASSERT(sizeof(union evtchn_args) == 24);

typedef int32_t (*evtchn_fn)(struct vcpu *v, union evtchn_args *a);

static bool names_self(const struct domain *d, uint16_t dom)
{
    /* Older Xens take a domain's own number for a foreign one (12.2; 13, 7). */
    return dom == OWNER_DOMID_SELF || (dom == d->s.domid && d->abi->xen >= RING1_XEN_4_17);
}

/* For commands about another domain's ports. */
static int32_t foreign_domain(struct domain *d, uint16_t dom)
{
    if (d->abi->xen >= RING1_XEN_4_17 && dom != DOMID_BACKEND)
        return refuse(d, -XEN_ESRCH, "there is no domain %u", dom);
    return refuse(d, -XEN_EPERM, "domain %u is not the caller's own", dom);
}

static struct vcpu *find_vcpu(struct domain *d, uint32_t id)
{
    return id < d->s.nr_vcpus ? &d->s.vcpu[id] : NULL;
}

static int32_t bad_port(struct domain *d, uint32_t port)
{
    if (port >= NR_EVTCHNS)
        return refuse(d, -XEN_EINVAL, "port %u is not valid: there are %u", port, NR_EVTCHNS);
    return refuse(d, -XEN_EINVAL, "port %u is not valid: none so high was open yet", port);
}

/* --- binding --------------------------------------------------------------- */

static int32_t bind_interdomain(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint32_t rport = a->bind_interdomain.remote_port;
    uint16_t rdom = a->bind_interdomain.remote_dom;
    if (rdom != OWNER_DOMID_SELF && rdom != d->s.domid && rdom != DOMID_BACKEND)
        return refuse(d, -XEN_ESRCH, "there is no domain %u", rdom);
    int lport = port_alloc(d);
    if (lport < 0)
        return lport;
    if (rdom == DOMID_BACKEND || !port_is_valid(d, rport))
        return refuse(d, -XEN_EINVAL, "domain %u has no port %u for the caller", rdom, rport);
    struct evtchn *rchn = &d->s.evtchn[rport];
    if (rchn->kind != ECS_UNBOUND || rchn->remote_dom != d->s.domid)
        return refuse(d, -XEN_EINVAL, "port %u does not wait for the caller", rport);
    d->s.evtchn[lport] =
        (struct evtchn){.kind = ECS_INTERDOMAIN, .remote_dom = d->s.domid, .remote_port = (uint16_t)rport};
    rchn->kind = ECS_INTERDOMAIN;
    rchn->remote_port = (uint16_t)lport;
    /* An event sent before the binding was dropped: make up for it. */
    evtchn_set_pending(d, (unsigned)lport);
    a->bind_interdomain.local_port = (uint32_t)lport;
    return 0;
}

static int32_t not_for(struct domain *d, uint32_t port, uint16_t dom)
{
    return refuse(d, -XEN_EINVAL, "port %u does not wait for domain %u", port, dom);
}

/* 2.0: both ends are named, and a port of 0 asks for a new one. An ordinary
 * domain may only join ports that wait for one another (12.2), or ask what a bound
 * one is bound to. */
static int32_t bind_interdomain_2_0(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint16_t self = d->s.domid, dom2 = a->bind_interdomain_2_0.dom2;
    uint32_t port1 = a->bind_interdomain_2_0.port1, port2 = a->bind_interdomain_2_0.port2;
    if (a->bind_interdomain_2_0.dom1 != OWNER_DOMID_SELF)
        return refuse(d, -XEN_EPERM, "the first domain, %u, is not the caller", a->bind_interdomain_2_0.dom1);
    if ((int32_t)port1 < 0 || (int32_t)port2 < 0)
        return bad_port(d, (int32_t)port1 < 0 ? port1 : port2);
    if (dom2 == OWNER_DOMID_SELF)
        dom2 = self;
    if (dom2 != self && dom2 != DOMID_BACKEND)
        return refuse(d, -XEN_ESRCH, "there is no domain %u", dom2);
    /* New ports are found first, also where they are not used in the end. */
    int port = port1 ? (int)port1 : port_find(d, 0);
    if (port < 0)
        return port;
    if (!port_is_valid(d, (uint32_t)port))
        return bad_port(d, port1);
    int other = port2 || dom2 != self ? 0 : port_find(d, (unsigned)port);
    if (other < 0)
        return other;
    if (port2 && dom2 == self && !port_is_valid(d, port2))
        return bad_port(d, port2);

    if (port1) {
        const struct evtchn *chn = &d->s.evtchn[port1];
        if (chn->kind == ECS_INTERDOMAIN && chn->remote_dom == dom2 &&
            (!port2 || chn->remote_port == port2)) {
            a->bind_interdomain_2_0.port2 = chn->remote_port;
            return 0;
        }
        if (chn->kind != ECS_FREE && (chn->kind != ECS_UNBOUND || chn->remote_dom != dom2))
            return not_for(d, port1, dom2);
    }
    if (!port2 || (dom2 == self && d->s.evtchn[port2].kind == ECS_FREE))
        return refuse(d, -XEN_EPERM, "port %u of domain %u does not wait for the caller", port2, dom2);
    if (dom2 != self)
        return not_for(d, port2, self);
    struct evtchn *chn2 = &d->s.evtchn[port2];
    if (chn2->kind == ECS_INTERDOMAIN && chn2->remote_dom == self && !port1) {
        a->bind_interdomain_2_0.port1 = chn2->remote_port;
        return 0;
    }
    if (chn2->kind != ECS_UNBOUND || chn2->remote_dom != self)
        return not_for(d, port2, self);
    if (!port1)
        port = port_alloc(d);
    d->s.evtchn_top = MAX(d->s.evtchn_top, (unsigned)port + 1); /* who names a port may leave some out */
    d->s.evtchn[port] =
        (struct evtchn){.kind = ECS_INTERDOMAIN, .remote_dom = self, .remote_port = (uint16_t)port2};
    *chn2 = (struct evtchn){.kind = ECS_INTERDOMAIN, .remote_dom = self, .remote_port = (uint16_t)port};
    a->bind_interdomain_2_0.port1 = (uint32_t)port;
    return 0;
}

/* Virqs that each vcpu has for itself; all others are the domain's. */
static bool virq_is_global(const struct abi *abi, uint32_t virq)
{
    static const uint32_t own = 1u << VIRQ_TIMER | 1u << VIRQ_DEBUG | 1u << VIRQ_XENOPROF;
    static const uint32_t own_4_17 = own | 1u << VIRQ_XENPMU;
    return !((abi->xen >= RING1_XEN_4_17 ? own_4_17 : own) >> virq & 1u);
}

static int bind_virq_port(struct vcpu *v, uint32_t virq)
{
    struct domain *d = v->domain;
    int port = port_alloc(d);
    if (port < 0)
        return port;
    d->s.evtchn[port] = (struct evtchn){.kind = ECS_VIRQ, .virq = (uint16_t)virq, .vcpu = (uint16_t)v->id};
    v->virq_port[virq] = (uint16_t)port;
    return port;
}

static int32_t bind_virq(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint32_t virq = a->bind_virq.virq, id = a->bind_virq.vcpu;
    if (virq >= d->abi->nr_virqs)
        return refuse(d, -XEN_EINVAL, "virq %u: there are %u", virq, d->abi->nr_virqs);
    if (d->abi->xen > RING1_XEN_3_0_0 && virq_is_global(d->abi, virq) && id != 0)
        return refuse(d, -XEN_EINVAL, "virq %u is the domain's: vcpu must be 0", virq);
    struct vcpu *target = find_vcpu(d, id);
    if (!target)
        return refuse(d, -XEN_ENOENT, "there is no vcpu %u", id);
    if (target->virq_port[virq])
        return refuse(d, -XEN_EEXIST, "virq %u is bound to port %u", virq, target->virq_port[virq]);
    int port = bind_virq_port(target, virq);
    if (port < 0)
        return port;
    a->bind_virq.port = (uint32_t)port;
    return 0;
}

static int32_t bind_virq_2_0(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint32_t virq = a->bind_virq_2_0.virq;
    if (virq >= d->abi->nr_virqs)
        return refuse(d, -XEN_EINVAL, "virq %u: there are %u", virq, d->abi->nr_virqs);
    /* Virq 0 is bound to port 0 from the start; others give their port again. */
    int port = virq == 0 || v->virq_port[virq] ? v->virq_port[virq] : bind_virq_port(v, virq);
    if (port < 0)
        return port;
    a->bind_virq_2_0.port = (uint32_t)port;
    return 0;
}

/* An ordinary domain has no physical interrupts. */
static int32_t bind_pirq(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    enum ring1_xen xen = d->abi->xen;
    uint32_t nr = xen == RING1_XEN_2_0 ? 128 : xen < RING1_XEN_4_17 ? 256 : 56;
    if (a->bind_pirq.pirq >= nr)
        return refuse(d, -XEN_EINVAL, "pirq %u: there are %u", a->bind_pirq.pirq, nr);
    int port = xen == RING1_XEN_2_0 ? port_find(d, 0) : 0; /* the right is asked for later */
    if (port < 0)
        return port;
    return refuse(d, -XEN_EPERM, "pirq %u is not the domain's", a->bind_pirq.pirq);
}

static int32_t bind_ipi(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint32_t id = a->bind_ipi.vcpu;
    if (!find_vcpu(d, id))
        return refuse(d, -XEN_ENOENT, "there is no vcpu %u", id);
    int port = port_alloc(d);
    if (port < 0)
        return port;
    d->s.evtchn[port] = (struct evtchn){.kind = ECS_IPI, .vcpu = (uint16_t)id};
    a->bind_ipi.port = (uint32_t)port;
    return 0;
}

static int32_t bind_vcpu(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint32_t port = a->bind_vcpu.port, id = a->bind_vcpu.vcpu;
    if (!find_vcpu(d, id))
        return refuse(d, -XEN_ENOENT, "there is no vcpu %u", id);
    if (!port_is_valid(d, port))
        return bad_port(d, port);
    struct evtchn *chn = &d->s.evtchn[port];
    bool movable =
        chn->kind == ECS_UNBOUND || chn->kind == ECS_INTERDOMAIN || chn->kind == ECS_PIRQ ||
        (chn->kind == ECS_VIRQ && d->abi->xen > RING1_XEN_3_0_0 && virq_is_global(d->abi, chn->virq));
    if (!movable)
        return refuse(d, -XEN_EINVAL, "port %u stays with its vcpu", port);
    chn->vcpu = (uint16_t)id;
    return 0;
}

static int32_t alloc_unbound_port(struct domain *d, uint16_t remote, uint32_t *out)
{
    int port = port_alloc(d);
    if (port < 0)
        return port;
    d->s.evtchn[port] = (struct evtchn){.kind = ECS_UNBOUND, .remote_dom = remote};
    *out = (uint32_t)port;
    return 0;
}

static int32_t alloc_unbound(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint16_t remote = a->alloc_unbound.remote_dom;
    if (!names_self(d, a->alloc_unbound.dom))
        return foreign_domain(d, a->alloc_unbound.dom);
    return alloc_unbound_port(d, remote == OWNER_DOMID_SELF ? d->s.domid : remote, &a->alloc_unbound.port);
}

static int32_t alloc_unbound_2_0(struct vcpu *v, union evtchn_args *a)
{
    return alloc_unbound_port(v->domain, a->alloc_unbound_2_0.dom, &a->alloc_unbound_2_0.port);
}

/* --- using and closing ----------------------------------------------------- */

static void close_port(struct domain *d, unsigned port)
{
    struct evtchn *chn = &d->s.evtchn[port];
    if (chn->kind == ECS_INTERDOMAIN && chn->remote_dom == d->s.domid) {
        struct evtchn *rchn = &d->s.evtchn[chn->remote_port];
        rchn->kind = ECS_UNBOUND;
        rchn->remote_port = 0;
    }
    if (chn->kind == ECS_VIRQ)
        d->s.vcpu[chn->vcpu].virq_port[chn->virq] = 0;
    /* A global virq may have been moved to another vcpu since it was bound. */
    for (unsigned i = 0; chn->kind == ECS_VIRQ && i < d->s.nr_vcpus; i++)
        if (d->s.vcpu[i].virq_port[chn->virq] == port)
            d->s.vcpu[i].virq_port[chn->virq] = 0;
    port_free(d, port);
}

static int32_t close_checked(struct domain *d, uint32_t port)
{
    if (!port_is_valid(d, port))
        return bad_port(d, port);
    uint8_t kind = d->s.evtchn[port].kind;
    if (kind == ECS_FREE || kind == ECS_RESERVED)
        return refuse(d, -XEN_EINVAL, "port %u is not open", port);
    close_port(d, port);
    return 0;
}

static int32_t evtchn_close(struct vcpu *v, union evtchn_args *a)
{
    return close_checked(v->domain, a->port);
}

static int32_t evtchn_close_2_0(struct vcpu *v, union evtchn_args *a)
{
    if (a->close_2_0.dom != OWNER_DOMID_SELF)
        return foreign_domain(v->domain, a->close_2_0.dom);
    return close_checked(v->domain, a->close_2_0.port);
}

static int32_t evtchn_send(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint32_t port = a->port;
    if (!port_is_valid(d, port))
        return bad_port(d, port);
    const struct evtchn *chn = &d->s.evtchn[port];
    bool only_interdomain = d->abi->xen == RING1_XEN_2_0;
    if (chn->kind == ECS_INTERDOMAIN && chn->remote_dom == DOMID_BACKEND) {
        if (d->ops && d->ops->notify)
            d->ops->notify(d->ops_user, (enum backend)chn->backend, (uint16_t)port);
    } else if (chn->kind == ECS_INTERDOMAIN) {
        evtchn_set_pending(d, chn->remote_port);
    } else if (chn->kind == ECS_IPI && !only_interdomain) {
        evtchn_set_pending(d, port);
    } else if (chn->kind != ECS_UNBOUND || only_interdomain) {
        return refuse(d, -XEN_EINVAL, "port %u cannot send", port);
    }
    return 0;
}

static uint32_t port_status(const struct domain *d, uint32_t port, union evtchn_status_u *u)
{
    const struct evtchn *chn = &d->s.evtchn[port];
    switch (chn->kind) {
    case ECS_UNBOUND:
        u->dom = chn->remote_dom;
        return EVTCHNSTAT_unbound;
    case ECS_INTERDOMAIN:
        u->interdomain.dom = chn->remote_dom;
        u->interdomain.port = chn->remote_port;
        return EVTCHNSTAT_interdomain;
    case ECS_VIRQ:
        u->irq = chn->virq;
        return EVTCHNSTAT_virq;
    case ECS_IPI:
        return EVTCHNSTAT_ipi;
    default:
        return EVTCHNSTAT_closed;
    }
}

static int32_t evtchn_status(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    /* The port is looked at before the right to ask. */
    if (d->abi->xen >= RING1_XEN_4_17 && a->status.dom == DOMID_BACKEND && a->status.port >= 4096)
        return bad_port(d, a->status.port);
    if (!names_self(d, a->status.dom))
        return foreign_domain(d, a->status.dom);
    if (!port_is_valid(d, a->status.port))
        return bad_port(d, a->status.port);
    a->status.status = port_status(d, a->status.port, &a->status.u);
    a->status.vcpu = d->s.evtchn[a->status.port].vcpu;
    return 0;
}

static int32_t evtchn_status_2_0(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    uint32_t port = a->status_2_0.port;
    if (a->status_2_0.dom != OWNER_DOMID_SELF)
        return foreign_domain(d, a->status_2_0.dom);
    if (!port_is_valid(d, port))
        return bad_port(d, port);
    a->status_2_0.status = port_status(d, port, &a->status_2_0.u);
    if (port == 0) {
        /* VIRQ_MISDIRECT. */
        a->status_2_0.status = EVTCHNSTAT_virq;
        a->status_2_0.u.irq = 0;
    }
    return 0;
}

static int32_t evtchn_unmask(struct vcpu *v, union evtchn_args *a)
{
    if (!port_is_valid(v->domain, a->port))
        return bad_port(v->domain, a->port);
    port_unmask(v->domain, a->port);
    return 0;
}

static int32_t evtchn_reset_all(struct vcpu *v, union evtchn_args *a)
{
    struct domain *d = v->domain;
    if (!names_self(d, a->dom))
        return foreign_domain(d, a->dom);
    for (unsigned port = 1; port < d->s.evtchn_top; port++)
        if (d->s.evtchn[port].kind != ECS_FREE)
            close_port(d, port);
    return 0;
}

/* A reset goes on: but none was interrupted. */
static int32_t evtchn_reset_cont(struct vcpu *v, union evtchn_args *a)
{
    if (!names_self(v->domain, a->dom))
        return foreign_domain(v->domain, a->dom);
    return refuse(v->domain, -XEN_EBUSY, "no reset of domain %u is under way", v->domain->s.domid);
}

/* --- commands -------------------------------------------------------------- */

#define EVTCHNOP_reset_cont 14 /* Xen's own */

struct evtchn_cmd {
    evtchn_fn fn;
    uint32_t size; /* bytes of the argument */
    bool answers;  /* the argument is given back */
    enum ring1_xen from;
};

static const struct evtchn_cmd cmds[] = {
    [EVTCHNOP_bind_interdomain] = {bind_interdomain, 12, true, RING1_XEN_3_0_0},
    [EVTCHNOP_bind_virq] = {bind_virq, 12, true, RING1_XEN_3_0_0},
    [EVTCHNOP_bind_pirq] = {bind_pirq, 12, true, RING1_XEN_3_0_0},
    [EVTCHNOP_close] = {evtchn_close, 4, false, RING1_XEN_3_0_0},
    [EVTCHNOP_send] = {evtchn_send, 4, false, RING1_XEN_3_0_0},
    [EVTCHNOP_status] = {evtchn_status, 24, true, RING1_XEN_3_0_0},
    [EVTCHNOP_alloc_unbound] = {alloc_unbound, 8, true, RING1_XEN_3_0_0},
    [EVTCHNOP_bind_ipi] = {bind_ipi, 8, true, RING1_XEN_3_0_0},
    [EVTCHNOP_bind_vcpu] = {bind_vcpu, 8, false, RING1_XEN_3_0_0},
    [EVTCHNOP_unmask] = {evtchn_unmask, 4, false, RING1_XEN_3_0_4},
    [EVTCHNOP_reset] = {evtchn_reset_all, 2, false, RING1_XEN_3_2},
    [EVTCHNOP_reset_cont] = {evtchn_reset_cont, 2, false, RING1_XEN_4_17},
};

static const struct evtchn_cmd cmds_2_0[] = {
    [EVTCHNOP_bind_interdomain] = {bind_interdomain_2_0, 12, true, RING1_XEN_2_0},
    [EVTCHNOP_bind_virq] = {bind_virq_2_0, 8, true, RING1_XEN_2_0},
    [EVTCHNOP_bind_pirq] = {bind_pirq, 12, true, RING1_XEN_2_0},
    [EVTCHNOP_close] = {evtchn_close_2_0, 8, false, RING1_XEN_2_0},
    [EVTCHNOP_send] = {evtchn_send, 4, false, RING1_XEN_2_0},
    [EVTCHNOP_status] = {evtchn_status_2_0, 20, true, RING1_XEN_2_0},
    [EVTCHNOP_alloc_unbound] = {alloc_unbound_2_0, 8, true, RING1_XEN_2_0},
};

static const struct evtchn_cmd *find_cmd(const struct abi *abi, uint32_t cmd)
{
    bool old = abi->xen == RING1_XEN_2_0;
    const struct evtchn_cmd *table = old ? cmds_2_0 : cmds;
    size_t nr = old ? G_N_ELEMENTS(cmds_2_0) : G_N_ELEMENTS(cmds);
    return cmd < nr && table[cmd].fn && abi->xen >= table[cmd].from ? &table[cmd] : NULL;
}

static int32_t unknown_cmd(struct domain *d, uint32_t cmd)
{
    return refuse(d, -XEN_ENOSYS, "event channel command %u is unknown to Xen %s", cmd, d->abi->xen_name);
}

int32_t do_event_channel_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    const struct evtchn_cmd *cmd = find_cmd(d->abi, arg[0]);
    gva_t at = GVA(arg[1]);
    union evtchn_args a;
    if (!cmd)
        return unknown_cmd(d, arg[0]);
    memset(&a, 0, sizeof a);
    if (guest_read(v, at, &a, cmd->size))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", at.va);
    int32_t rc = cmd->fn(v, &a);
    /* What was done stays done when the answer cannot be given. */
    if (rc == 0 && cmd->answers && guest_write(v, at, &a, cmd->size))
        return refuse(d, -XEN_EFAULT, "the answer at %#x cannot be written", at.va);
    return rc;
}

int32_t do_event_channel_op_compat(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    enum ring1_xen xen = d->abi->xen;
    /* struct evtchn_op: 2.0 has a reserved word after the command. */
    unsigned at = xen == RING1_XEN_2_0 ? 2 : 1;
    uint32_t op[8];
    memset(op, 0, sizeof op);
    if (guest_read(v, GVA(arg[0]), op, (uint32_t)((at + 6) * sizeof op[0])))
        return refuse(d, -XEN_EFAULT, "the structure at %#x cannot be read", arg[0]);
    const struct evtchn_cmd *cmd = find_cmd(d->abi, op[0]);
    if (!cmd || (xen >= RING1_XEN_4_17 && op[0] > EVTCHNOP_unmask))
        return unknown_cmd(d, op[0]);
    union evtchn_args a;
    memcpy(&a, &op[at], sizeof a);
    int32_t rc = cmd->fn(v, &a);
    if (rc || !cmd->answers)
        return rc;
    /* Up to 3.0.0 the whole structure is given back, then the command's own part. */
    bool whole = xen <= RING1_XEN_3_0_0;
    memcpy(&op[at], &a, sizeof a);
    if (guest_write(v, GVA(arg[0] + (whole ? 0 : at * 4)), whole ? op : &op[at],
                    whole ? (at + 6) * 4 : cmd->size))
        return refuse(d, -XEN_EFAULT, "the answer at %#x cannot be written", arg[0]);
    return 0;
}
