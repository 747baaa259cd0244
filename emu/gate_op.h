/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gate_op.h - far calls and jumps through call gates in 4.17: a 64-bit hypervisor
 * keeps the guest's gates at DPL 0, so that each use faults, and follows them
 * itself (docs/xen-abi.md 13.2).
 */
#ifndef EMU_GATE_OP_H
#define EMU_GATE_OP_H

#include "insn.h"

/* The CPU raised #GP with the selector `error`, EIP is at the instruction. The
 * guest goes on behind the gate, or has an exception. */
void gate_op_emulate(struct insn_cache *insns, struct vcpu *v, uint32_t error);

/* On native Xens the CPU follows gates, but for the way to the kernel's stack: true,
 * if the instruction at EIP is a call through a gate, and that was done. */
bool gate_op_inwards(struct insn_cache *insns, struct vcpu *v);

/* Is the descriptor of a kind that long mode does not have? A far transfer to one
 * is #GP, present or not. */
bool gate_op_no_type(struct vcpu *v, uint32_t selector);

#endif
