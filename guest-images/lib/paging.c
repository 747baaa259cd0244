/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * paging.c - reading page tables as the builder made them, and the calls that
 * change them in the shape that each ABI wants (docs/xen-abi.md 5.5).
 */
#include "paging.h"

const u32 *m2p(void)
{
#ifdef GUEST_PAE
    static u32 place[3];

    /* 4.17 moves it for a domain 0: machphys_mapping says where. */
    if (!place[0] && hypercall(NR_memory_op, 12, (u32)place, 0, 0, 0))
        place[0] = HYPERVISOR_START;
    return (const u32 *)place[0];
#else
    return (const u32 *)HYPERVISOR_START;
#endif
}

u32 virt_to_mfn(const void *va)
{
    return ((const u32 *)start_info->mfn_list)[((u32)va - VIRT_BASE) / PAGE_SIZE];
}

void *mfn_to_virt(u32 mfn)
{
    return (void *)(VIRT_BASE + m2p()[mfn] * PAGE_SIZE);
}

volatile pte_t *pte_of(u32 va, u32 level, u64 *maddr)
{
    volatile pte_t *table = (volatile pte_t *)start_info->pt_base;
    u32 slot, mfn = virt_to_mfn((const void *)start_info->pt_base);

#ifdef GUEST_PAE
    if (!(table[va >> 30] & PTE_P))
        return 0;
    mfn = (u32)(table[va >> 30] >> 12);
    table = mfn_to_virt(mfn);
#endif
    slot = (va >> L2_SHIFT) % PTES;
    if (level == 1) {
        if (!(table[slot] & PTE_P))
            return 0;
        mfn = (u32)(table[slot] >> 12);
        table = mfn_to_virt(mfn);
        slot = (va >> 12) % PTES;
    }
    if (maddr)
        *maddr = ((u64)mfn << 12) + slot * sizeof(pte_t);
    return table + slot;
}

s32 map_page_flags(const void *va, pte_t value, u32 flags)
{
#ifdef GUEST_2_0
    return hypercall(NR_update_va_mapping, (u32)va >> 12, value, flags, 0, 0);
#else
    return hypercall(NR_update_va_mapping, (u32)va, (u32)value, (u32)((u64)value >> 32), flags, 0);
#endif
}

s32 map_page(const void *va, pte_t value)
{
    return map_page_flags(va, value, 2);
}

s32 remap_page(const void *va, u32 flags)
{
    return map_page(va, pte(virt_to_mfn(va), flags));
}

s32 mmu_update(struct mmu_update *requests, u32 count, u32 *done)
{
    *done = NOT_WRITTEN;
    return hypercall(NR_mmu_update, (u32)requests, count, (u32)done, DOMID_SELF, 0);
}

s32 write_pte(u64 maddr, pte_t value)
{
    struct mmu_update request = {.val = value};
    u32 done;

#ifdef GUEST_2_0
    request.ptr = (u32)maddr;
#else
    request.ptr = maddr;
#endif
    return mmu_update(&request, 1, &done);
}

s32 mmuext(u32 op, u32 mfn_or_va, u32 entries)
{
#ifdef GUEST_2_0
    /* An entry of mmu_update with command 3; frames are machine addresses. */
    int takes_frame = op <= MMUEXT_NEW_BASEPTR;
    struct mmu_update request = {
        .ptr = (takes_frame ? mfn_or_va << 12 : mfn_or_va & ~3u) | 3,
        .val = op == MMUEXT_SET_LDT ? 9 | entries << 8 : op,
    };
    u32 done;

    return mmu_update(&request, 1, &done);
#else
    u32 request[3] = {op, mfn_or_va, entries};

    return hypercall(NR_mmuext_op, (u32)request, 1, 0, DOMID_SELF, 0);
#endif
}
