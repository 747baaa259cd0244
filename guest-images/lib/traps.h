/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * traps.h - exceptions and upcalls: one handler for all of them, which either
 * goes on where the frame says or breaks off what try_call began; and ring 3.
 */
#ifndef TRAPS_H
#define TRAPS_H

#include "guest.h"

/* Vectors of try_call's answer beyond the CPU's. */
#define NO_TRAP      (-1)
#define VEC_EVENT    256
#define VEC_FAILSAFE 257

/* Gates that install_traps makes for `int n`, by what may use them. */
#define INT_RING1       0x90 /* DPL 1 */
#define INT_NOBODY      0x91 /* DPL 0 */
#define INT_RING1_MASKS 0x92 /* DPL 1, masks events */
#define INT_RING3       0x93 /* DPL 3 */
#define GATE_MASKS      4u

/* The frame as Xen pushed it, taken apart: docs/xen-abi.md 6.2. */
struct trap {
    u32 vec;
    u32 at;    /* its address */
    u32 error; /* 0 where the vector has none */
    u32 cr2;   /* of a #PF */
    u32 eip, cs, saved_mask, eflags;
    u32 esp, ss;       /* from ring 3 only */
    u32 mask, pending; /* the two bytes, in the handler */
    u32 msw;           /* SMSW, in the handler */
    u32 fs;            /* in the handler */
    u32 regs[8];       /* EDI ESI EBP ESP EBX EDX ECX EAX */
};
#define TRAP_EAX 7

extern struct trap last_trap;
/* DS, ES, FS, GS as a failsafe callback's frame has them. */
extern u32 failsafe_segments[4];
extern u32 trap_count;

/* Called in the handler. Nonzero: go on at t->eip (and t->esp); else try_call
 * returns the vector. NULL: never go on. */
extern int (*on_trap)(struct trap *t);

/* All vectors but 0x82, both callbacks, the stack for ring 3, shared_info. */
void install_traps(void);
s32 set_trap(u32 vec, u32 flags, void *handler);
void *trap_stub(u32 vec);

/* Run fn(arg): NO_TRAP, its value is in try_result; or the vector that ended
 * it. An exception outside of try_call ends the guest. */
extern u32 try_result;
s32 try_call(void *fn, u32 arg);

/* Code and stack of ring 3: pages that install_traps gave the user bit. */
extern u8 user_code[PAGE_SIZE], user_stack[PAGE_SIZE], user_data[PAGE_SIZE];
extern u8 kernel_stack[2 * PAGE_SIZE];
#define USER_STACK_TOP   ((u32)user_stack + PAGE_SIZE)
#define KERNEL_STACK_TOP ((u32)kernel_stack + 2 * PAGE_SIZE)
/* Copy `len` bytes of code there, run it in ring 3 with EAX = `eax`; the vector
 * that brought it back. An int3 follows the code. */
s32 run_user(const void *code, u32 len, u32 eax);

/* The bytes and words of shared_info, at the ABI's places (4.5). */
extern volatile u8 shared_info[PAGE_SIZE];
#define UPCALL_PENDING shared_info[0]
#define UPCALL_MASK    shared_info[1]
#ifdef GUEST_2_0
#define EVTCHN_PENDING ((volatile u32 *)(shared_info + 4))
#define EVTCHN_SEL     (*(volatile u32 *)(shared_info + 132))
#define EVTCHN_MASK    ((volatile u32 *)(shared_info + 136))
#define VIRQ_TIMER     1u
#else
#define EVTCHN_PENDING ((volatile u32 *)(shared_info + 2048))
#define EVTCHN_SEL     (*(volatile u32 *)(shared_info + 4))
#define EVTCHN_MASK    ((volatile u32 *)(shared_info + 2176))
#define VIRQ_TIMER     0u
#define VCPU_CR2       (*(volatile u32 *)(shared_info + 8))
#endif

#endif
