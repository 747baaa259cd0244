/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * linux26.h - what the two halves of the guest linux26 share: memory and tables
 * as the kernel has them, and its spaces.
 */
#ifndef LINUX26_H
#define LINUX26_H

#include "lib/paging.h"

#define K_CS 0x61u
#define K_DS 0x69u

/* Beyond it no memory is mapped at VIRT_BASE + its physical address. */
#define VMALLOC_VA 0xEE000000u

extern u8 linux_shared[PAGE_SIZE]; /* shared_info */
extern u32 linux_gdt[1024];
extern u8 linux_stack[2 * PAGE_SIZE]; /* for what comes from ring 3 */
#define LINUX_STACK_TOP ((u32)linux_stack + 2 * PAGE_SIZE)
extern u32 linux_upcalls, linux_ticks, vmalloc_faults;

/* linux26_asm.S */
extern u8 user_program[], user_program_end[];
extern u32 kernel_read_where[2];
extern char entry_divide[], entry_breakpoint[], entry_undefined[], entry_device[], entry_protection[],
    entry_fault[], entry_fixup[], entry_syscall[], entry_upcall[], entry_failsafe[];
void own_segments(void), leave_user(void) __attribute__((noreturn)), to_user(u32 eip, u32 esp, u32 gs);
u32 kernel_read(u32 va, u32 otherwise);
void linux_upcall(void);

/* linux26.c. By the hypercall page, where there is one. */
s32 call(u32 nr, u32 a, u32 b, u32 c, u32 d, u32 e);
/* A check that says nothing when it holds, and ends the guest when not. */
void must(const char *name, u32 got, u32 expected);
u32 pfn_of(const void *va);
u32 mfn_of(const void *va);
u64 machine(const volatile void *at);
void *new_page(void);
u32 ring_0(u32 selector);
/* A store in the shape that the kernel's compiler gives it. */
void set_pte(volatile pte_t *entry, pte_t value);
/* Where an entry is, in a space that is given by its top table. NULL: no table. */
volatile pte_t *entry_in(pte_t *top, u32 va, u32 level);
void set_l2(pte_t *top, u32 va, const void *table);

/* linux26_spaces.c. The kernel's own space, and the one in use. */
extern pte_t *swapper, *current;
void switch_space(pte_t *top);
/* A program, as exec makes it; a space ends. */
pte_t *exec(void);
void exit_space(pte_t *top);
void processes(void);

#endif
