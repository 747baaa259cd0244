/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * pagetables - page tables through Xen: mapping and unmapping, types that
 * exclude each other, pinning, a table of one's own, a new top level
 * (docs/xen-abi.md 5.2 to 5.6, 12, 13).
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))
static u32 page[1024] PAGE, other[1024] PAGE, window[1024] PAGE;
static pte_t l1[PTES] PAGE, l2[PTES] PAGE;
#ifdef GUEST_PAE
static pte_t l3[PTES] PAGE;
#endif

#define OWN_L1_VA 0xD0000000u /* has no table at the start */

/* What a refused L1 entry gives: 4.17 tells the reasons apart. */
#define L1_REFUSED (xen == XEN_4_17 ? -EBUSY : -EINVAL)

/* The first of Xen's slots in its level-2 table. */
#define XEN_SLOT ((HYPERVISOR_START >> L2_SHIFT) % PTES)

/* Xen performs the writes of a domain 0 to its tables. */
static int is_domain_0(void)
{
    return (start_info->flags & SIF_INITDOMAIN) != 0;
}

static u32 load(u32 va)
{
    return *(volatile u32 *)va;
}

static u32 store(u32 va)
{
    *(volatile u32 *)va = 0x57057057;
    return 0;
}

static void loads(const char *name, const void *va, u32 value)
{
    s32 vec = try_call(load, (u32)va);

    CHECK(name, vec == NO_TRAP ? try_result : (u32)vec | 0xBAD00000, value);
}

static void faults(const char *name, u32 (*access)(u32), const void *va, u32 error)
{
    s32 vec = try_call(access, (u32)va);

    print("%s:\n", name);
    CHECK("  vector", vec, 14);
    CHECK("  error code", last_trap.error, error);
    CHECK("  cr2", last_trap.cr2 - (u32)va, 0);
}

static void mapping(void)
{
    pte_t there = pte(virt_to_mfn(page), PTE_RWX);

    page[0] = 0x11111111;
    other[0] = 0x22222222;
    CHECK("unmap", map_page(page, 0), 0);
    faults("read of an unmapped page", load, page, 0);
    faults("write to an unmapped page", store, page + 3, 2);
    CHECK("map read-only", map_page(page, there & ~(pte_t)PTE_RW), 0);
    loads("read-only page", page, 0x11111111);
    faults("write to a read-only page", store, page + 1, 3);
    CHECK("map another page there", map_page(page, pte(virt_to_mfn(other), PTE_RWX)), 0);
    loads("the other page's word", page, 0x22222222);
    page[1] = 0x33333333;
    CHECK("a write through it", other[1], 0x33333333);
    CHECK("map the first again", map_page(page, there), 0);
    loads("its word", page, 0x11111111);
    CHECK("not present, any bits", map_page(page, (pte_t)0xABCDEF00u), 0);
    CHECK("  as they were", (u32)*L1E(page), 0xABCDEF00u);
    CHECK("map again", map_page(page, there), 0);
    CHECK("flags 0, 1, 2, 3",
          map_page_flags(page, there, 0) | map_page_flags(page, there, 1) | map_page_flags(page, there, 2) |
              map_page_flags(page, there, 3),
          0);
    CHECK("no table there", map_page((void *)0x40000000, there), -EINVAL);
    CHECK("in Xen's space", map_page((void *)(HYPERVISOR_START + PAGE_SIZE), there), -EINVAL);
}

static void accessed(void)
{
    map_page(page, pte(virt_to_mfn(page), PTE_P | PTE_RW));
    CHECK("A and D before", (u32)*L1E(page) & (PTE_A | PTE_D), 0);
    load((u32)page);
    CHECK("A after a read", (u32)*L1E(page) & (PTE_A | PTE_D), PTE_A);
    store((u32)page);
    CHECK("A and D after a write", (u32)*L1E(page) & (PTE_A | PTE_D), PTE_A | PTE_D);
    map_page(page, pte(virt_to_mfn(page), PTE_P | PTE_RW));
    store((u32)page);
    CHECK("A and D after a write alone", (u32)*L1E(page) & (PTE_A | PTE_D), PTE_A | PTE_D);
}

static void request(struct mmu_update *r, u64 maddr, pte_t value)
{
#ifdef GUEST_2_0
    r->ptr = (u32)maddr;
#else
    r->ptr = maddr;
#endif
    r->val = value;
}

static void updates(void)
{
    struct mmu_update r[3];
    pte_t there = pte(virt_to_mfn(page), PTE_RWX);
    u64 maddr, ram = (u64)virt_to_mfn(other) << 12;
    u32 done, m2p_before = m2p()[virt_to_mfn(other)];

    pte_of((u32)page, 1, &maddr);
    request(r, maddr, there & ~(pte_t)PTE_RW);
    CHECK("mmu_update of an L1 entry", mmu_update(r, 1, &done), 0);
    CHECK("  done", done, 1);
    CHECK("  entry", (u32)*L1E(page) & 0xFFF, PTE_RO);
    request(r, maddr, there);
    request(r + 1, maddr, pte((u32)(maddr >> 12), PTE_RWX)); /* a table, read-write */
    request(r + 2, maddr, 0);
    CHECK("good, bad, good", mmu_update(r, 3, &done), L1_REFUSED);
    CHECK("  done", done, 1);
    CHECK("  entry", (u32)*L1E(page) & 0xFFF, PTE_RWX);
    CHECK("no requests", mmu_update(0, 0, &done), 0);
    CHECK("  done", done, 0);
#ifndef GUEST_2_0
    done = NOT_WRITTEN;
    CHECK("no extended operations", hypercall(NR_mmuext_op, 0, 0, (u32)&done, DOMID_SELF, 0), 0);
    CHECK("  done", done, xen == XEN_4_17 ? NOT_WRITTEN : 0);
#endif
    CHECK("requests unreadable", mmu_update(0, 1, &done), -EFAULT);
    request(r, ram + 8, 0x12345678);
    CHECK("ordinary memory", mmu_update(r, 1, &done), 0);
    CHECK("  word", other[2], 0x12345678);
    CHECK("without a place for done", hypercall(NR_mmu_update, (u32)r, 1, 0, DOMID_SELF, 0), 0);
    request(r, ram | MMU_MACHPHYS, 0x777);
    CHECK("m2p entry", mmu_update(r, 1, &done), 0);
    CHECK("  seen", m2p()[virt_to_mfn(other)], 0x777);
    request(r, ram | MMU_MACHPHYS, m2p_before);
    CHECK("m2p entry back", mmu_update(r, 1, &done), 0);
    request(r, 0x7FFFF000, there);
    CHECK("table beyond memory", mmu_update(r, 1, &done), -EINVAL);
    CHECK("  done", done, 0);
    faults("write to the m2p", store, m2p() + virt_to_mfn(other), 3);
    CHECK("m2p of all pages here", m2p()[virt_to_mfn(page)], ((u32)page - VIRT_BASE) / PAGE_SIZE);
}

static void types(void)
{
    u64 maddr;
    u32 table;

    pte_of((u32)page, 1, &maddr);
    table = (u32)(maddr >> 12);
    if (!is_domain_0())
        faults("write to an L1 table", store, (const void *)L1E(page), 3);
    faults("write to the top table", store, (const void *)start_info->pt_base, 3);
    CHECK("map an L1 table read-write", map_page(window, pte(table, PTE_RWX)), L1_REFUSED);
    CHECK("map an L1 table read-only", map_page(window, pte(table, PTE_RO)), 0);
    CHECK("  entry seen through it", window[(u32)(maddr % PAGE_SIZE) / 4] == (u32)*L1E(page), 1);
    remap_page(window, PTE_RWX);
    CHECK("pin a writable page as L1", mmuext(MMUEXT_PIN_TABLE, virt_to_mfn(l1), 0), -EINVAL);
    CHECK("make it read-only", remap_page(l1, PTE_RO), 0);
    CHECK("pin it", mmuext(MMUEXT_PIN_TABLE, virt_to_mfn(l1), 0), 0);
    CHECK("pin it again", mmuext(MMUEXT_PIN_TABLE, virt_to_mfn(l1), 0), -EINVAL);
    CHECK("pin it as L2", mmuext(MMUEXT_PIN_TABLE + 1, virt_to_mfn(l1), 0), -EINVAL);
    CHECK("map it read-write", remap_page(l1, PTE_RWX), L1_REFUSED);
    if (!is_domain_0())
        faults("write to a pinned table", store, l1, 3);
    CHECK("unpin", mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l1), 0), 0);
    CHECK("unpin again", mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l1), 0), -EINVAL);
    CHECK("map it read-write now", remap_page(l1, PTE_RWX), 0);
    l1[0] = pte(virt_to_mfn(l1), PTE_RWX);
    remap_page(l1, PTE_RO);
    CHECK("pin one that maps itself read-write", mmuext(MMUEXT_PIN_TABLE, virt_to_mfn(l1), 0), L1_REFUSED);
    remap_page(l1, PTE_RWX);
    l1[0] = 0;
}

static void own_table(void)
{
    volatile pte_t *slot;
    u64 slot_at, entry_at = (u64)virt_to_mfn(l1) << 12;
    pte_t there = pte(virt_to_mfn(page), PTE_RWX);

    slot = pte_of(OWN_L1_VA, 2, &slot_at);
    CHECK("slot empty", (u32)*slot & PTE_P, 0);
    page[0] = 0x44444444;
    l1[3] = there;
    remap_page(l1, PTE_RO);
    CHECK("hook a table", write_pte(slot_at, pte(virt_to_mfn(l1), PTE_USER)), 0);
    loads("  through it", (void *)(OWN_L1_VA + 3 * PAGE_SIZE), 0x44444444);
    faults("  beside it", load, (void *)OWN_L1_VA, 0);
    CHECK("  add an entry", write_pte(entry_at, there), 0);
    loads("  through that", (void *)OWN_L1_VA, 0x44444444);
    CHECK("  update_va_mapping there", map_page((void *)(OWN_L1_VA + PAGE_SIZE), there), 0);
    loads("  through that", (void *)(OWN_L1_VA + PAGE_SIZE), 0x44444444);
    CHECK("  map the table itself read-write",
          map_page((void *)(OWN_L1_VA + PAGE_SIZE), pte(virt_to_mfn(l1), PTE_RWX)), L1_REFUSED);
    CHECK("unhook", write_pte(slot_at, 0), 0);
    mmuext(MMUEXT_TLB_FLUSH, 0, 0);
    faults("  nothing there", load, (void *)OWN_L1_VA, 0);
    CHECK("its page is ordinary again", remap_page(l1, PTE_RWX), 0);
    memset(l1, 0, sizeof(l1));
}

/* A top level of our own: the guest's slots are copied, Xen's it fills in. PAE
 * needs an L2 of its own for the last GiB (5.6). */
static void new_top(void)
{
    u32 i, old_top = virt_to_mfn((void *)start_info->pt_base), top;
    const volatile pte_t *old = (const volatile pte_t *)start_info->pt_base;
    const char *name = "new top level";

#ifdef GUEST_PAE
    const volatile pte_t *old_l2 = (const volatile pte_t *)mfn_to_virt((u32)(old[3] >> 12));

    for (i = 0; i < XEN_SLOT; i++)
        l2[i] = old_l2[i];
    for (i = 0; i < 3; i++)
        l3[i] = old[i] & PTE_P ? (old[i] & ~(pte_t)0xFFF) | PTE_P : 0;
    l3[3] = pte(virt_to_mfn(l2), PTE_P);
    remap_page(l3, PTE_RO);
    top = virt_to_mfn(l3);
#else
    for (i = 0; i < XEN_SLOT; i++)
        l2[i] = old[i];
    top = virt_to_mfn(l2);
#endif
    remap_page(l2, PTE_RO);
    CHECK(name, mmuext(MMUEXT_PIN_TABLE + TOP_LEVEL - 1, top, 0), 0);
    page[0] = 0x55555555;
    CHECK("new baseptr", mmuext(MMUEXT_NEW_BASEPTR, top, 0), 0);
    loads("  memory is there", page, 0x55555555);
    loads("  the m2p too", m2p() + virt_to_mfn(page), ((u32)page - VIRT_BASE) / PAGE_SIZE);
    CHECK("  update_va_mapping", map_page(window, pte(virt_to_mfn(page), PTE_RO)), 0);
    loads("  through it", window, 0x55555555);
    remap_page(window, PTE_RWX);
#ifdef GUEST_PAE
    CHECK("  RW and US of the L3 entries", (u32)l3[3] & (PTE_RW | PTE_US),
          xen == XEN_4_17 ? PTE_RW | PTE_US : 0);
    CHECK("  Xen's slots filled", (u32)l2[((u32)m2p() >> L2_SHIFT) % PTES] & PTE_P, PTE_P);
#else
    CHECK("  Xen's slots filled", l2[XEN_SLOT] & PTE_P, PTE_P);
#endif
    CHECK("back", mmuext(MMUEXT_NEW_BASEPTR, old_top, 0), 0);
    CHECK("unpin the new one", mmuext(MMUEXT_UNPIN_TABLE, top, 0), 0);
    CHECK("its page is ordinary again", remap_page(l2, PTE_RWX), 0);
    CHECK("not a top level", mmuext(MMUEXT_PIN_TABLE + TOP_LEVEL - 1, 0x7FFFF, 0), -EINVAL);
}

void guest_main(void)
{
    install_traps();
    mapping();
    accessed();
    updates();
    types();
    own_table();
    new_top();
}
