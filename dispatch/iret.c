/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * iret.c - HYPERVISOR_iret: docs/xen-abi.md 6.5 (do_iret of
 * arch/x86/x86_32/traps.c, compat_iret of 4.17's arch/x86/pv/iret.c); and what had
 * its number in 2.0 and 3.0.0, switch_vm86 (arch/x86/x86_32/entry.S).
 */
#include "access.h"
#include "hypercall.h"
#include "traps.h"

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
        deliver_exception(v, TRAP_gp_fault, 0);
        return (int32_t)r->eax;
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
    r->eflags = (frame.eflags & ~(EFLAGS_IOPL | EFLAGS_VM)) | EFLAGS_IF | 2u;
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
