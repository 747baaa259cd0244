/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vcpu_context.h - struct vcpu_guest_context: all that a vcpu starts with
 * (docs/xen-abi.md 8.24).
 */
#ifndef DISPATCH_VCPU_CONTEXT_H
#define DISPATCH_VCPU_CONTEXT_H

#include "domain.h"

/* Named vcpu_guest_context in Xen. */
struct vcpu_context {
    uint8_t fpu[512]; /* as FXSAVE has it */
    uint32_t flags;   /* VGCF_* */
    struct {
        uint32_t ebx, ecx, edx, esi, edi, ebp, eax;
        uint16_t error_code, entry_vector;
        uint32_t eip;
        uint16_t cs;
        uint8_t saved_upcall_mask, pad0;
        uint32_t eflags, esp;
        uint16_t ss, pad1, es, pad2, ds, pad3, fs, pad4, gs, pad5;
    } regs;
    struct {
        uint8_t vector, flags;
        uint16_t cs;
        uint32_t address;
    } traps[NR_TRAPS];
    uint32_t ldt_base, ldt_entries;
    uint32_t gdt_frames[MAX_GDT_FRAMES], gdt_entries;
    uint32_t kernel_ss, kernel_sp;
    uint32_t cr[8];
    uint32_t dr[8];
    uint32_t event_cs, event_eip;
    uint32_t failsafe_cs, failsafe_eip;
    uint32_t vm_assist;
};
G_STATIC_ASSERT(sizeof(struct vcpu_context) == 2800);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct vcpu_context, regs) == 516);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct vcpu_context, regs.eip) == 516 + 32);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct vcpu_context, regs.gs) == 516 + 64);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct vcpu_context, traps) == 584);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct vcpu_context, gdt_entries) == 2704);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct vcpu_context, cr) == 2716);
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct vcpu_context, vm_assist) == 2796);

/* Start values of a vcpu that has none yet: it takes references to its page tables
 * and its GDT. 0, or -EINVAL with nothing held. It stays down, or, when `c`
 * says that it is online, up without ever being woken (8.24). */
int32_t vcpu_set_context(struct vcpu *v, const struct vcpu_context *c);

#endif
