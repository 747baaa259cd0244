/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * traps.h - giving exceptions, upcalls and callbacks to the guest: the frames
 * that it finds on its stack (docs/xen-abi.md section 6).
 */
#ifndef DISPATCH_TRAPS_H
#define DISPATCH_TRAPS_H

#include "domain.h"

/* Vectors. */
#define TRAP_divide_error    0u
#define TRAP_debug           1u
#define TRAP_nmi             2u
#define TRAP_int3            3u
#define TRAP_overflow        4u
#define TRAP_bounds          5u
#define TRAP_invalid_op      6u
#define TRAP_no_device       7u
#define TRAP_double_fault    8u
#define TRAP_invalid_tss     10u
#define TRAP_no_segment      11u
#define TRAP_stack_error     12u
#define TRAP_gp_fault        13u
#define TRAP_page_fault      14u
#define TRAP_copro_error     16u
#define TRAP_alignment_check 17u
#define TRAP_simd_error      19u

/* Whether the CPU pushes an error code with this exception. */
bool trap_has_error_code(unsigned vector);

/* Give exception `vector` to the guest's handler: v->regs holds the interrupted
 * state on entry (EIP where the frame's shall point) and the handler's on return.
 * `error` is pushed where the vector has a code. A guest that has no handler, or
 * whose stack cannot take the frame, is crashed as its Xen does. */
void deliver_exception(struct vcpu *v, unsigned vector, uint32_t error);

/* The same for #GP, #NP and #SS that Xen's own IRETQ to the guest raised: the frame
 * is of where the guest would be, and has no RF. */
void deliver_entry_fault(struct vcpu *v, unsigned vector, uint32_t error);

/* #DB for these reasons, which are bits of DR6; none for `int1`. */
#define DR6_BREAKPOINTS 0x000Fu /* B0 to B3 */
#define DR6_BS          0x4000u /* single step */
void deliver_debug(struct vcpu *v, uint32_t reasons);

/* Vector 15 of native Xens: an access beyond a segment was mended, `bytes` of the
 * instruction were looked at (5.3). */
void deliver_4gb_notify(struct vcpu *v, uint32_t bytes);

/* #PF: also sets CR2, virtual and in vcpu_info. `error` is the code as the CPU
 * makes it: bit 2 is adapted to the ABI. */
void deliver_page_fault(struct vcpu *v, gva_t address, uint32_t error);

/* `int n` of `len` bytes, EIP after it: the guest's vector if its DPL allows,
 * else #GP with n << 3 | 2 and EIP back at the instruction (6.3). */
void deliver_soft_interrupt(struct vcpu *v, unsigned vector, unsigned len);

/* The event callback: the caller saw vcpu_event_deliverable. */
void deliver_upcall(struct vcpu *v);
/* The failsafe callback: a selector could not be loaded on the way to the guest. */
void deliver_failsafe(struct vcpu *v);
/* Whether DS, ES, FS and GS as they are could be loaded now. Native Xen loads them
 * whenever it returns to the guest, and finds what became of their descriptors. */
bool data_segments_load(struct vcpu *v);
/* A pending NMI; false when none is pending, registered or it is masked. */
bool deliver_nmi(struct vcpu *v);

/* What must happen before the guest runs on: NMI, then an upcall when the two
 * bytes ask for it. True when v->regs changed. */
bool deliver_pending(struct vcpu *v);

/* The descriptor behind a selector as the CPU would load it: GDT (Xen's own
 * entries included) or LDT. False: beyond the table, or its page is absent. */
bool selector_descriptor(struct vcpu *v, uint16_t selector, uint64_t *descriptor);
/* Where it lies, for whoever is to change it; NULL: the same. */
uint64_t *selector_place(struct vcpu *v, uint16_t selector, mfn_t *frame);
/* Base of a code or data segment; false when the selector is null, absent or no
 * such segment. */
bool selector_base(struct vcpu *v, uint16_t selector, uint32_t *base);
/* For who looks on: the same without a trace, 0 where there is none; *code32 is its D
 * bit. */
uint32_t segment_base_peek(struct vcpu *v, uint16_t selector, bool *code32);

#endif
