/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * iret.c - HYPERVISOR_iret: docs/xen-abi.md 6.5 (do_iret of
 * arch/x86/x86_32/traps.c, compat_iret of 4.17's arch/x86/pv/iret.c); and what had
 * its number in 2.0 and 3.0.0, switch_vm86 (arch/x86/x86_32/entry.S).
 */
#include "access.h"
#include "hypercall.h"
#include "traps.h"

/* 4.17 has no such mode: #GP is reported on the first instruction there. The frame
 * moves to the top of the kernel's stack, as it is, and takes an error code in the
 * place of EAX; the handler is entered whatever it is. */
static int32_t iret_to_vm86(struct vcpu *v, uint32_t eflags, uint32_t eax)
{
    struct regs *r = vcpu_regs_mut(v);
    const struct trap_gate *gate = &v->traps[TRAP_gp_fault];
    uint32_t frame[10], at = v->kernel_sp - (uint32_t)sizeof frame;

    if (guest_read(v, GVA(r->esp), frame, sizeof frame)) {
        domain_crash_at(v->domain, CRASH_READ, r->esp, "iret: the frame at %#010x cannot be read", r->esp);
        return (int32_t)eax;
    }
    frame[0] = 0;
    if (guest_write(v, GVA(at), frame, sizeof frame)) {
        domain_crash_at(v->domain, CRASH_WRITE, at, "iret: no frame can be written at %#010x", at);
        return (int32_t)eax;
    }
    r->esp = at;
    r->ss = (uint16_t)v->kernel_ss;
    r->eip = gate->address;
    r->cs = gate->cs;
    r->eflags = (eflags & EFLAGS_ALL & ~(EFLAGS_RF | EFLAGS_NT | EFLAGS_TF)) | EFLAGS_IF | 2u;
    if (v->domain->s.vm_assist & (1u << 4)) /* architectural_iopl */
        v->iopl = (eflags & EFLAGS_IOPL) >> 12;
    v->nmi_masked = false;
    vcpu_info(v)[1] = TRAP_MASKS_EVENTS(gate) || !(eflags & EFLAGS_IF);
    return (int32_t)eax;
}

int32_t do_iret(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    struct regs *r = vcpu_regs_mut(v);
    struct {
        uint32_t eax, eip, cs, eflags, esp, ss;
    } frame;
    uint32_t result = r->eax;
    (void)arg;

    if (guest_read(v, GVA(r->esp), &frame, 16)) {
        domain_crash_at(d, CRASH_READ, r->esp, "iret: the frame at %#010x cannot be read", r->esp);
        return (int32_t)result;
    }
    unsigned ring = frame.cs & 3u;
    if (frame.eflags & EFLAGS_VM) {
        if (d->abi->xen < RING1_XEN_4_17) {
            domain_crash(d, "iret: to virtual-8086 mode, which is not emulated");
            return (int32_t)result;
        }
        return iret_to_vm86(v, frame.eflags, frame.eax);
    }
    if (ring == 0) {
        domain_crash(d, "iret: CS %#06x is of ring 0", frame.cs & 0xFFFFu);
        return (int32_t)result;
    }
    if (ring >= 2 && guest_read(v, GVA(r->esp + 16), &frame.esp, 8)) {
        domain_crash_at(d, CRASH_READ, r->esp + 16, "iret: ESP and SS at %#010x cannot be read", r->esp + 16);
        return (int32_t)result;
    }
    if (ring >= 2) {
        r->esp = frame.esp;
        r->ss = (uint16_t)frame.ss;
    } else {
        r->esp += 16;
    }
    r->eip = frame.eip;
    r->cs = (uint16_t)frame.cs;
    if (d->s.vm_assist & (1u << 4)) /* architectural_iopl */
        v->iopl = (frame.eflags & EFLAGS_IOPL) >> 12;
    r->eflags = (frame.eflags & EFLAGS_ALL) | EFLAGS_IF | 2u;
    v->nmi_masked = false;
    vcpu_info(v)[1] = !(frame.eflags & EFLAGS_IF);
    return (int32_t)frame.eax;
}

/* EAX and the frame of an IRET to virtual-8086 mode at SS:ESP. Xen sets VM whatever
 * the frame says: there is no other way out of it than this mode, or the domain's
 * end when the frame cannot be read. The mode itself is not emulated. */
int32_t do_switch_vm86(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    const struct regs *r = vcpu_regs(v);
    struct {
        uint32_t eax, eip, cs, eflags, esp, ss, es, ds, fs, gs;
    } frame;
    uint32_t base;
    (void)arg;

    if (!selector_base(v, r->ss, &base))
        domain_crash(d, "switch_vm86: SS %#06x cannot be used", r->ss);
    else if (guest_read(v, GVA(base + r->esp), &frame, sizeof frame))
        domain_crash_at(d, CRASH_READ, base + r->esp, "switch_vm86: the frame at %#010x cannot be read",
                        base + r->esp);
    else
        domain_crash(
            d, "switch_vm86: to virtual-8086 mode, which is not emulated, at %04x:%04x, SS:SP %04x:%04x",
            frame.cs & 0xFFFFu, frame.eip & 0xFFFFu, frame.ss & 0xFFFFu, frame.esp & 0xFFFFu);
    return (int32_t)r->eax;
}
