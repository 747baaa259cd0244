/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * segments.h - limits and kinds of segments, which the engine does not enforce.
 * With `segment_limits` a machine looks at each instruction before it is executed,
 * but only while a segment with something to enforce is loaded: pages of the GDT
 * and the LDT with such descriptors are kept out of the CPU's TLB, so that a load
 * from them is seen (step.h).
 */
#ifndef EMU_SEGMENTS_H
#define EMU_SEGMENTS_H

#include "insn.h"

/* Whether a page of descriptors has one that is not flat. */
bool segments_page_matters(const struct abi *abi, const uint64_t *descriptors);

/* Whether a segment is loaded that needs checks: CS, SS, DS, ES, and FS and GS
 * unless they are null. */
bool segments_need_checks(struct vcpu *v);

/* The instruction at EIP, before it is executed: 0, or the vector of the fault that
 * it would raise, with error code 0. *segment is the one at fault, *offset where. */
unsigned segments_check(struct vcpu *v, const struct insn *in, enum insn_segment *segment, uint32_t *offset);

/* The operand's size as this execution of the instruction has it; 0: it is not
 * touched at all. */
uint32_t segments_operand_bytes(struct vcpu *v, const struct insn *in, const struct insn_operand *op);

/* Whether EIP lies in the code segment. */
bool segments_eip_ok(struct vcpu *v);

/* vm_assist 4gb_segments of native Xens (docs/xen-abi.md 5.3): the fault was at this
 * offset of GS in ring 3. True: the segment was turned round, the instruction can be
 * executed, or the guest has been told by vector 15. */
bool segments_fixup(struct vcpu *v, const struct insn *in, enum insn_segment segment, uint32_t offset);

#endif
