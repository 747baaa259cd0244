/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vcpu_context.c - see vcpu_context.h (arch_set_info_guest of arch/x86/domain.c).
 */
#include "vcpu_context.h"

#include "descriptor.h"
#include "hypercall.h"
#include "page_type.h"
#include "schedule.h"

#include <string.h>
#include <xen/errno.h>

#define VGCF_I387_VALID              0x01u
#define VGCF_FAILSAFE_DISABLES_EVENT 0x08u
#define VGCF_ONLINE                  0x20u /* from 3.1 on */
#define CR0_TS                       0x08u
#define LDT_MAX_ENTRIES              8192u

/* From 3.0.2 on selectors are lifted out of ring 0. */
static uint16_t lifted(const struct domain *d, uint32_t selector)
{
    bool lifts = d->abi->xen > RING1_XEN_3_0_0 && (selector & 3u) == 0;
    return (uint16_t)(lifts ? selector | 1u : selector);
}

static int32_t check(struct vcpu *v, const struct vcpu_context *c)
{
    struct domain *d = v->domain;
    if (d->abi->xen <= RING1_XEN_3_0_0 && ((c->regs.cs & 3u) == 0 || (c->regs.ss & 3u) == 0))
        return refuse(d, -XEN_EINVAL, "vcpu %u: CS %#06x or SS %#06x is of ring 0", v->id, c->regs.cs,
                      c->regs.ss);
    if (c->ldt_base % RING1_PAGE_SIZE || c->ldt_entries > LDT_MAX_ENTRIES ||
        (d->abi->array_range_checked && !guest_range_ok(d, GVA(c->ldt_base), c->ldt_entries * 8ull)))
        return refuse(d, -XEN_EINVAL, "vcpu %u: no LDT of %u entries can lie at %#x", v->id, c->ldt_entries,
                      c->ldt_base);
    if (c->gdt_entries > d->abi->max_gdt_entries)
        return refuse(d, -XEN_EINVAL, "vcpu %u: %u GDT entries, %u at most", v->id, c->gdt_entries,
                      d->abi->max_gdt_entries);
    return 0;
}

/* What holds references. */
static int32_t take_tables(struct vcpu *v, const struct vcpu_context *c)
{
    struct domain *d = v->domain;
    mfn_t top = MFN(c->cr[3] >> 12 | c->cr[3] << 20);
    if (gdt_set(v, c->gdt_frames, c->gdt_entries))
        return refuse(d, -XEN_EINVAL, "vcpu %u: a frame of the GDT cannot be one", v->id);
    if (page_take_cr3(d, top)) {
        gdt_set(v, NULL, 0);
        return refuse(d, -XEN_EINVAL, "vcpu %u: frame %#x cannot be a top-level table", v->id, top.mfn);
    }
    v->cr3 = top;
    return 0;
}

static void set_regs(struct vcpu *v, const struct vcpu_context *c)
{
    const struct domain *d = v->domain;
    v->regs_loaded = true;
    *vcpu_regs_mut(v) = (struct regs){
        .eax = c->regs.eax,
        .ebx = c->regs.ebx,
        .ecx = c->regs.ecx,
        .edx = c->regs.edx,
        .esi = c->regs.esi,
        .edi = c->regs.edi,
        .ebp = c->regs.ebp,
        .esp = c->regs.esp,
        .eip = c->regs.eip,
        .eflags = (c->regs.eflags & ~(EFLAGS_IOPL | EFLAGS_VM)) | EFLAGS_IF | 2u,
        .cs = lifted(d, c->regs.cs),
        .ss = lifted(d, c->regs.ss),
        .ds = c->regs.ds,
        .es = c->regs.es,
        .fs = c->regs.fs,
        .gs = c->regs.gs,
    };
    v->iopl = (c->regs.eflags & EFLAGS_IOPL) >> 12;
}

static void set_entries(struct vcpu *v, const struct vcpu_context *c)
{
    const struct domain *d = v->domain;
    for (unsigned i = 0; i < NR_TRAPS; i++)
        v->traps[i] = (struct trap_gate){c->traps[i].address, lifted(d, c->traps[i].cs), c->traps[i].flags};
    v->event_callback = (struct callback){.eip = c->event_eip, .cs = lifted(d, c->event_cs)};
    v->failsafe_callback = (struct callback){.eip = c->failsafe_eip,
                                             .cs = lifted(d, c->failsafe_cs),
                                             .mask_events = (c->flags & VGCF_FAILSAFE_DISABLES_EVENT) != 0};
    v->kernel_ss = lifted(d, c->kernel_ss & 0xFFFFu);
    v->kernel_sp = c->kernel_sp;
}

static void set_control(struct vcpu *v, const struct vcpu_context *c)
{
    v->ts = (c->cr[0] & CR0_TS) != 0;
    v->cr4 = c->cr[4];
    /* What a register cannot be is left out. */
    for (uint32_t i = 0; i < 8; i++)
        (void)do_set_debugreg(v, (const uint32_t[MAX_HYPERCALL_ARGS]){i, c->dr[i]});
    v->ldt_base = c->ldt_base;
    v->ldt_entries = c->ldt_entries;
    v->fpu_given = (c->flags & VGCF_I387_VALID) != 0;
    memcpy(v->fpu, c->fpu, sizeof v->fpu);
}

int32_t vcpu_set_context(struct vcpu *v, const struct vcpu_context *c)
{
    int32_t rc = check(v, c);
    if (!rc)
        rc = take_tables(v, c);
    if (rc)
        return rc;
    set_regs(v, c);
    set_entries(v, c);
    set_control(v, c);
    v->initialised = true;
    vcpu_attend(v, ATTN_REGS | ATTN_GDT | ATTN_TS | ATTN_DEBUG);
    if ((c->flags & VGCF_ONLINE) && v->domain->abi->xen >= RING1_XEN_3_2)
        vcpu_set_run(v, VCPU_DORMANT);
    return 0;
}
