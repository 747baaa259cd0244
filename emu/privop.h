/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * privop.h - privileged instructions in rings 1 and 3, as each Xen emulates them
 * (docs/xen-abi.md section 7 with 12.2 and 13), and the CPU that CPUID shows.
 */
#ifndef EMU_PRIVOP_H
#define EMU_PRIVOP_H

#include "cpuid.h"
#include "insn.h"

enum privop_result {
    PRIVOP_DONE,  /* v->regs is how the guest goes on, be it in a handler */
    PRIVOP_NOT,   /* not for this Xen to emulate: #GP(0) for the guest */
    PRIVOP_FAULT, /* emulated, and refused: #GP(0) as well */
};

struct privop;

/* The cache stays the caller's. */
struct privop *privop_new(struct insn_cache *insns, const struct cpu_model *model);
void privop_free(struct privop *p);

/* The CPU raised #GP with error code 0, EIP is at the instruction. */
enum privop_result privop_emulate(struct privop *p, struct vcpu *v);

/* The CPU raised #UD: whether it was Xen's forced-emulation prefix before a
 * CPUID. True: served, v->regs is how the guest goes on. */
bool privop_forced(struct privop *p, struct vcpu *v);

/* CPUID: regs hold EAX, EBX, ECX, EDX. `forced` asks for Xen's own view, which
 * a bare CPUID gives since Xen can have the CPU fault on it. docs/cpu.md has the
 * whole model. */
void privop_cpuid(struct privop *p, struct vcpu *v, uint32_t regs[4], bool forced);

/* What a MOV from control register 0, 2, 3 or 4 gives. */
uint32_t privop_control(const struct vcpu *v, unsigned control);

#endif
