/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * debugger_look.c - a debugged machine's registers and memory. Nothing of the guest
 * changes by being read; what is changed goes through the record (poke.h).
 */
#include "debugger_priv.h"
#include "poke.h"

#include "emu/privop.h"

#include <string.h>

static struct vcpu *vcpu_of(ring1_debugger *d, unsigned vcpu)
{
    struct domain_state *s = &debugger_inside(d)->domain->s;
    return vcpu < s->nr_vcpus && s->vcpu[vcpu].initialised ? &s->vcpu[vcpu] : NULL;
}

/* --- registers ------------------------------------------------------------------------ */

bool ring1_debugger_get_registers(ring1_debugger *d, unsigned vcpu, struct ring1_registers *r)
{
    struct vcpu *v = vcpu_of(d, vcpu);
    memset(r, 0, sizeof *r);
    if (!v)
        return false;
    const struct regs *regs = vcpu_regs(v);
    *r = (struct ring1_registers){
        .eax = regs->eax,
        .ecx = regs->ecx,
        .edx = regs->edx,
        .ebx = regs->ebx,
        .esp = regs->esp,
        .ebp = regs->ebp,
        .esi = regs->esi,
        .edi = regs->edi,
        .eip = regs->eip,
        .eflags = regs->eflags,
        .cs = regs->cs,
        .ss = regs->ss,
        .ds = regs->ds,
        .es = regs->es,
        .fs = regs->fs,
        .gs = regs->gs,
        .cr0 = privop_control(v, 0),
        .cr2 = privop_control(v, 2),
        .cr3 = privop_control(v, 3),
        .cr4 = privop_control(v, 4),
        .gdt_base = HIDDEN_GDT_OF(v->id),
        .gdt_limit = v->domain->abi->first_reserved_gdt >= 512 ? 0xEFFF : MAX(v->gdt_entries, 512u) * 8 - 1,
        .cpl = regs->cs & 3u,
    };
    machine_get_fpu(debugger_inside(d), v, r->fxsave);
    return true;
}

static bool may_change(ring1_debugger *d, GError **error)
{
    if (d->live && !d->in_past)
        return true;
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_STATE,
                        d->live
                            ? "this is the past: it can be read, not changed, unless the future is dropped"
                            : "this is a replay: it can be read, not changed");
    return false;
}

static struct vcpu *changed_vcpu(ring1_debugger *d, unsigned vcpu, GError **error)
{
    struct vcpu *v = vcpu_of(d, vcpu);
    if (!may_change(d, error))
        return NULL;
    if (!v)
        g_set_error(error, RING1_ERROR, RING1_ERROR_STATE, "vcpu %u was never started", vcpu);
    return v;
}

bool ring1_debugger_set_registers(ring1_debugger *d, unsigned vcpu, const struct ring1_registers *r,
                                  GError **error)
{
    struct vcpu *v = changed_vcpu(d, vcpu, error);
    return v && poke_registers(d->live, v, r, error);
}

/* --- memory --------------------------------------------------------------------------- */

/* The frame that an address shows, hidden images of descriptor tables too. */
static bool find_frame(struct vcpu *v, uint32_t va, mfn_t *mfn)
{
    struct walk w;
    if (guest_walk(v, GVA(va), ACCESS_READ, false, false, &w) != WALK_OK)
        return false;
    *mfn = w.mfn;
    return true;
}

uint32_t ring1_debugger_read(ring1_debugger *d, unsigned vcpu, uint32_t va, void *dst, uint32_t len)
{
    struct vcpu *v = vcpu_of(d, vcpu);
    const struct memory *mem = debugger_inside(d)->mem;
    uint8_t *host = dst;
    uint32_t done = 0;
    len = (uint32_t)MIN(len, (UINT64_C(1) << 32) - va);
    while (v && done < len) {
        uint32_t offset = (va + done) % RING1_PAGE_SIZE, n = MIN(len - done, RING1_PAGE_SIZE - offset);
        mfn_t mfn;
        if (!find_frame(v, va + done, &mfn))
            break;
        memcpy(host + done, (const uint8_t *)frame_ptr(mem, mfn) + offset, n);
        done += n;
    }
    return done;
}

bool ring1_debugger_write(ring1_debugger *d, unsigned vcpu, uint32_t va, const void *src, uint32_t len,
                          GError **error)
{
    struct vcpu *v = changed_vcpu(d, vcpu, error);
    return v && poke_memory(d->live, v, va, src, len, error);
}

uint32_t ring1_debugger_read_physical(ring1_debugger *d, uint64_t maddr, void *dst, uint32_t len)
{
    const struct memory *mem = debugger_inside(d)->mem;
    uint64_t size = (uint64_t)mem->nr_frames << RING1_PAGE_SHIFT;
    if (maddr >= size)
        return 0;
    len = (uint32_t)MIN(len, size - maddr);
    memcpy(dst, mem->base + maddr, len);
    return len;
}
