/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * paging.h - page tables of the ABI that the guest is built for: finding
 * entries, changing them through Xen. `mfn` is a machine frame number, `maddr`
 * a machine address.
 */
#ifndef PAGING_H
#define PAGING_H

#include "guest.h"

#define PTE_P    0x001u
#define PTE_RW   0x002u
#define PTE_US   0x004u
#define PTE_A    0x020u
#define PTE_D    0x040u
#define PTE_RWX  (PTE_P | PTE_RW | PTE_A | PTE_D) /* as the kernel's own pages */
#define PTE_RO   (PTE_P | PTE_A | PTE_D)
#define PTE_USER (PTE_RWX | PTE_US)

#ifdef GUEST_PAE
typedef u64 pte_t;
#define PTES      512u
#define L2_SHIFT  21
#define TOP_LEVEL 3
#else
typedef u32 pte_t;
#define PTES      1024u
#define L2_SHIFT  22
#define TOP_LEVEL 2
#endif

#ifdef GUEST_2_0
struct mmu_update {
    u32 ptr, val;
};
#define MMU_MACHPHYS 2u
#else
struct mmu_update {
    u64 ptr, val;
};
#define MMU_MACHPHYS 1u
#endif

/* Numbers of 3.0; paging.c knows 2.0's. PIN_TABLE + level - 1 pins. */
enum {
    MMUEXT_PIN_TABLE = 0,
    MMUEXT_UNPIN_TABLE = 4,
    MMUEXT_NEW_BASEPTR = 5,
    MMUEXT_TLB_FLUSH = 6,
    MMUEXT_INVLPG = 7,
    MMUEXT_SET_LDT = 13,
};

/* The machine-to-physical map, where this Xen has it. */
const u32 *m2p(void);

/* Of the pages that the builder mapped at VIRT_BASE + pfn * 4096. */
u32 virt_to_mfn(const void *va);
void *mfn_to_virt(u32 mfn);

/* The word that maps `va` at level 1 (or 2), as it lies in memory, and its
 * machine address. NULL: a level above is not present. */
volatile pte_t *pte_of(u32 va, u32 level, u64 *maddr);
#define L1E(va) pte_of((u32)(va), 1, 0)

/* A page-table word. */
static inline pte_t pte(u32 mfn, u32 flags)
{
    return ((pte_t)mfn << 12) | flags;
}

/* update_va_mapping with a local invlpg: 0 or Xen's error. */
s32 map_page(const void *va, pte_t value);
s32 map_page_flags(const void *va, pte_t value, u32 flags);
/* Its own page at its own place, with other rights. */
s32 remap_page(const void *va, u32 flags);

#define DOMID_SELF  0x7FF0u
#define NOT_WRITTEN 0xD0D0D0D0u
/* *done is NOT_WRITTEN before the call. */
s32 mmu_update(struct mmu_update *requests, u32 count, u32 *done);
s32 write_pte(u64 maddr, pte_t value);
/* One extended operation; `ends` are the entries of SET_LDT. */
s32 mmuext(u32 op, u32 mfn_or_va, u32 entries);

#endif
