/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * privop_ops.h - what the files of privop share: one instruction at work, and
 * the functions of privop.c's table.
 */
#ifndef EMU_PRIVOP_OPS_H
#define EMU_PRIVOP_OPS_H

#include "privop.h"

struct priv {
    struct vcpu *v;
    const struct abi *abi;
    const struct insn *in;
    struct regs *r;
    bool kernel;     /* ring 1 */
    bool stay;       /* EIP is where it belongs already */
    uint32_t breaks; /* breakpoints on ports that were touched: bits of DR6 */
    bool unfinished; /* one of them ended a REP before its time */
};

/* What a row's function answers to PRIVOP_DONE: EIP moves on unless `stay`. */
typedef enum privop_result (*priv_fn)(struct priv *op);

enum privop_result priv_in(struct priv *op);
enum privop_result priv_out(struct priv *op);
enum privop_result priv_ins(struct priv *op);
enum privop_result priv_outs(struct priv *op);
enum privop_result priv_rdmsr(struct priv *op);
enum privop_result priv_wrmsr(struct priv *op);

/* The virtual IOPL allows it. With architectural_iopl (vm_assist 4) the kernel counts
 * as ring 0. */
static inline bool priv_iopl_ok(const struct priv *op)
{
    unsigned needed = !op->kernel ? 3 : op->v->domain->s.vm_assist & (1u << 4) ? 0 : 1;
    return op->v->iopl >= needed;
}

/* Give the guest an exception instead: EIP stays at the instruction. */
enum privop_result priv_raise(struct priv *op, unsigned vector);

#define CR4_DE 0x8u

#define MSR_HYPERCALL_PAGE 0x40000000u

/* EFER as a guest may see it, and as CPUID agrees with. */
uint32_t guest_efer(const struct abi *abi);

#endif
