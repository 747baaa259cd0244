/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * callbacks.c - where the guest wants to be entered: set_trap_table,
 * set_callbacks, callback_op, nmi_op, stack_switch (docs/xen-abi.md 6.1, 6.4,
 * 6.6, 6.7).
 */
#include "access.h"
#include "hypercall.h"
#include "preempt.h"
#include "traps.h"

#include <string.h>
#include <xen/callback.h>
#include <xen/errno.h>
#include <xen/nmi.h>

struct trap_entry {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    uint32_t address;
};
G_STATIC_ASSERT(sizeof(struct trap_entry) == 8);

/* 2.0 and 3.0.0 want a kernel selector and refuse others; later Xens lift its
 * RPL out of ring 0 and never complain. */
static bool code_selector(const struct domain *d, uint16_t *cs)
{
    if (d->abi->xen <= RING1_XEN_3_0_0)
        return (*cs & 3u) == 1;
    if ((*cs & 3u) == 0)
        *cs |= 1;
    return true;
}

int32_t do_set_trap_table(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    gva_t traps = GVA(arg[0]);

    if (traps.va == 0 && d->abi->xen > RING1_XEN_3_0_0) {
        memset(v->traps, 0, sizeof v->traps);
        return 0;
    }
    for (uint32_t i = 0;; i++) {
        struct trap_entry info;
        if (guest_read_index(v, traps, i, &info, sizeof info))
            return refuse(d, -XEN_EFAULT, "entry %u of the trap table cannot be read", i);
        if (info.address == 0)
            return 0;
        if (!code_selector(d, &info.cs))
            return refuse(d, -XEN_EPERM, "entry %u (vector %u): CS %#06x is not of ring 1", i, info.vector,
                          info.cs);
        v->traps[info.vector] = (struct trap_gate){info.address, info.cs, info.flags};
        preempt_work(d, 1);
        if (preempt_check(v))
            return hypercall_continue(v, 0, 1,
                                      (const uint32_t[]){traps.va + (i + 1) * (uint32_t)sizeof info});
    }
}

int32_t do_set_callbacks(struct vcpu *v, const uint32_t *arg)
{
    uint16_t event_cs = (uint16_t)arg[0], failsafe_cs = (uint16_t)arg[2];
    if (!code_selector(v->domain, &event_cs))
        return refuse(v->domain, -XEN_EPERM, "event callback: CS %#06x is not of ring 1", event_cs);
    if (!code_selector(v->domain, &failsafe_cs))
        return refuse(v->domain, -XEN_EPERM, "failsafe callback: CS %#06x is not of ring 1", failsafe_cs);
    v->event_callback = (struct callback){.eip = arg[1], .cs = event_cs};
    v->failsafe_callback = (struct callback){.eip = arg[3], .cs = failsafe_cs};
    return 0;
}

int32_t do_stack_switch(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    uint32_t ss = arg[0] & 0xFFFFu;
    unsigned rpl = ss & 3u;
    if (d->abi->xen == RING1_XEN_2_0 ? rpl == 0 : d->abi->xen == RING1_XEN_3_0_0 && rpl != 1)
        return refuse(d, -XEN_EPERM, "SS %#06x: RPL %u is not allowed", ss, rpl);
    if (d->abi->xen > RING1_XEN_3_0_0 && rpl == 0)
        ss |= 1;
    v->kernel_ss = ss;
    v->kernel_sp = arg[1];
    return 0;
}

static void nmi_unregister(struct vcpu *v)
{
    if (v->domain->abi->xen >= RING1_XEN_4_17)
        v->traps[TRAP_nmi] = (struct trap_gate){0};
    v->nmi_masked = false;
}

/* Up to 3.2 NMIs are for domain 0 alone (13.5). */
static int32_t nmi_register(struct vcpu *v, uint32_t eip)
{
    struct domain *d = v->domain;
    uint16_t cs = eip ? d->abi->kernel_cs : 0;
    if (d->abi->xen < RING1_XEN_4_17)
        return refuse(d, -XEN_EINVAL, "only vcpu 0 of domain 0 takes NMIs: this is vcpu %u of domain %u",
                      v->id, d->s.domid);
    v->traps[TRAP_nmi] = (struct trap_gate){eip, cs, 4};
    v->nmi_masked = false;
    return 0;
}

int32_t do_nmi_op(struct vcpu *v, const uint32_t *arg)
{
    uint32_t nmi[2];
    switch (arg[0]) {
    case XENNMI_register_callback:
        if (guest_read(v, GVA(arg[1]), nmi, sizeof nmi))
            return refuse(v->domain, -XEN_EFAULT, "struct xennmi_callback at %#x cannot be read", arg[1]);
        return nmi_register(v, nmi[0]);
    case XENNMI_unregister_callback:
        nmi_unregister(v);
        return 0;
    default:
        return refuse(v->domain, -XEN_ENOSYS, "unknown command %u", arg[0]);
    }
}

/* 4.17 keeps callbacks for SYSENTER and SYSCALL, which no ring 1 or 3 of ours
 * can take: the CPU has neither. Older Xens have no such types. */
static bool callback_ignored(const struct domain *d, unsigned type)
{
    return d->abi->xen >= RING1_XEN_4_17 && (type == CALLBACKTYPE_sysenter || type == CALLBACKTYPE_syscall32);
}

static int32_t callback_register(struct vcpu *v, gva_t at)
{
    struct domain *d = v->domain;
    struct {
        uint16_t type, flags;
        uint32_t cs, eip;
    } reg;
    G_STATIC_ASSERT(sizeof reg == 12);
    if (guest_read(v, at, &reg, sizeof reg))
        return refuse(d, -XEN_EFAULT, "struct callback_register at %#x cannot be read", at.va);
    uint16_t cs = (uint16_t)reg.cs;
    code_selector(d, &cs);
    struct callback cb = {.eip = reg.eip, .cs = cs, .mask_events = (reg.flags & CALLBACKF_mask_events) != 0};
    if (reg.type == CALLBACKTYPE_event)
        v->event_callback = cb;
    else if (reg.type == CALLBACKTYPE_failsafe)
        v->failsafe_callback = cb;
    else if (reg.type == CALLBACKTYPE_nmi)
        return nmi_register(v, reg.eip);
    else if (!callback_ignored(d, reg.type))
        return refuse(d, d->abi->bad_callback_type, "callback type %u is unknown", reg.type);
    return 0;
}

static int32_t callback_unregister(struct vcpu *v, gva_t at)
{
    struct domain *d = v->domain;
    uint16_t unreg[2];
    if (guest_read(v, at, unreg, sizeof unreg))
        return refuse(d, -XEN_EFAULT, "struct callback_unregister at %#x cannot be read", at.va);
    if (unreg[0] == CALLBACKTYPE_nmi) {
        nmi_unregister(v);
        return 0;
    }
    /* Measured: 3.0.4 and 3.2 take the event callback away (12, callback_op). */
    if (unreg[0] == CALLBACKTYPE_event && d->abi->xen <= RING1_XEN_3_2) {
        v->event_callback = (struct callback){0};
        return 0;
    }
    if (unreg[0] <= CALLBACKTYPE_failsafe || callback_ignored(d, unreg[0]))
        return refuse(d, -XEN_EINVAL, "callback type %u cannot be taken away", unreg[0]);
    return refuse(d, d->abi->bad_callback_type, "callback type %u is unknown", unreg[0]);
}

int32_t do_callback_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    switch (arg[0]) {
    case CALLBACKOP_register:
        return callback_register(v, GVA(arg[1]));
    case CALLBACKOP_unregister:
        return callback_unregister(v, GVA(arg[1]));
    default:
        return refuse(d, d->abi->xen >= RING1_XEN_4_17 ? -XEN_EINVAL : -XEN_ENOSYS, "unknown command %u",
                      arg[0]);
    }
}
