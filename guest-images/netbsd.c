/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * netbsd - page tables as NetBSD/xen and FreeBSD/xen have them: the builder's are
 * given up for temporary ones and these for their own, which map themselves; under
 * PAE the kernel's L2 table has a second copy for that. All changes go through the
 * recursive mapping and mmu_update.
 */
#include "lib/paging.h"

#ifdef GUEST_PAE
#define LEVEL2_PAGES 6u /* L3, four L2, and the kernel's second L2 */
#define KERNEL_COPY  512u
#else
#define LEVEL2_PAGES 1u
#define KERNEL_COPY  0u
#endif
#define PDIRS        (LEVEL2_PAGES == 1 ? 1u : 4u)
#define KERNEL_SLOT  (0xC0000000u >> L2_SHIFT)
#define PTE_SLOT     (KERNEL_SLOT - PDIRS)
#define PTE_BASE     ((u32)PTE_SLOT << L2_SHIFT)
#define UAREA_PAGES  4u
#define PTE_USER_RAM (PTE_P | PTE_RW | PTE_US)

extern char _start[], image_text_end[], image_end[];
#define IMAGE_START ((u32)_start)
static pte_t *l3, *kernel_pde;
static volatile u8 *shared;
static u32 next_va, next_pfn;

static void must(const char *name, u32 got, u32 expected)
{
    if (check_quietly(name, got, expected))
        return;
    shut_down(SHUTDOWN_crash);
}

static u32 mfn_of(u32 va)
{
    return virt_to_mfn((const void *)va);
}

static void one_op(const char *name, u32 op, u32 mfn)
{
    must(name, mmuext(op, mfn, 0), 0);
}

static void pin(const char *name, u32 level, u32 mfn)
{
    one_op(name, MMUEXT_PIN_TABLE + level - 1, mfn);
}

static void read_only(const void *table)
{
    must("a table read-only", map_page(table, pte(virt_to_mfn(table), PTE_P)), 0);
}

/* Build tables in ordinary memory, use them, give up the old ones. */
static void bootstrap(u32 old, u32 old_count, u32 new, u32 new_count, int final)
{
    pte_t *top = (pte_t *)new, *pde = top, *table;
    u32 map_end = new + (new_count + LEVEL2_PAGES) * PAGE_SIZE, page = IMAGE_START, i, slot;
    u32 text_end = (u32)image_text_end, info = 0;
    u64 at;

    if (final) {
        map_end += UAREA_PAGES * PAGE_SIZE;
        info = map_end;
        map_end += PAGE_SIZE;
    }
    memset(top, 0, LEVEL2_PAGES * PAGE_SIZE);
    if (LEVEL2_PAGES > 1) {
        pde = (pte_t *)(new + PAGE_SIZE);
        for (i = 0; i < 4; i++)
            top[i] = pte(mfn_of((u32)pde + (i < 3 ? i : 4) * PAGE_SIZE), PTE_P);
    }
    table = (pte_t *)(new + LEVEL2_PAGES *PAGE_SIZE);
    for (i = 0; i < new_count; i++, table += PTES) {
        memset(table, 0, PAGE_SIZE);
        slot = page >> L2_SHIFT;
        for (; page >> L2_SHIFT == slot && page < map_end; page += PAGE_SIZE) {
            int is_table = (page >= old && page < old + old_count * PAGE_SIZE) ||
                           (page >= new &&page < new + (new_count + LEVEL2_PAGES) * PAGE_SIZE);
            u32 mfn = page == info ? start_info->shared_info >> 12 : mfn_of(page);
            table[(page >> 12) % PTES] = pte(mfn, PTE_P | (page < text_end || is_table ? 0 : PTE_RW));
        }
        page = (slot + 1) << L2_SHIFT;
        pde[slot] = pte(virt_to_mfn(table), PTE_P | PTE_RW);
        read_only(table);
    }
    if (LEVEL2_PAGES > 1) {
        memcpy(pde + KERNEL_SLOT + KERNEL_COPY, pde + KERNEL_SLOT, PAGE_SIZE);
        for (i = 0; i < 3; i++)
            pde[PTE_SLOT + i] = pte(mfn_of((u32)pde + i * PAGE_SIZE), PTE_P);
        for (i = 0; i < 5; i++)
            read_only((u8 *)pde + i * PAGE_SIZE);
        if (final)
            pin("the kernel's L2 for the recursive mapping", 2, mfn_of((u32)pde + 3 * PAGE_SIZE));
    } else {
        pde[PTE_SLOT] = pte(mfn_of(new), PTE_P);
    }
    read_only(top);
    pin("pinned", TOP_LEVEL, mfn_of(new));
    one_op("in use", MMUEXT_NEW_BASEPTR, mfn_of(new));
    if (LEVEL2_PAGES > 1 && final) {
        at = ((u64)mfn_of((u32)(pde + PTE_SLOT + 3)) << 12) + (PTE_SLOT + 3) % PTES * sizeof(pte_t);
        must("the kernel's part of the recursive mapping",
             write_pte(at, pte(mfn_of((u32)pde + 3 * PAGE_SIZE), PTE_P)), 0);
    }
    one_op("the old one unpinned", MMUEXT_UNPIN_TABLE, mfn_of(old));
    for (page = old; page < old + old_count * PAGE_SIZE && page < map_end; page += PAGE_SIZE) {
        table = mfn_to_virt((u32)(pde[page >> L2_SHIFT] >> 12));
        at = ((u64)virt_to_mfn(table) << 12) + (page >> 12) % PTES * sizeof(pte_t);
        must("an old table writable", write_pte(at, table[(page >> 12) % PTES] | PTE_RW), 0);
    }
    l3 = top;
    kernel_pde = pde;
    shared = (volatile u8 *)info;
    next_va = map_end;
}

/* The recursive mapping. */

static volatile pte_t *pte_at(u32 va)
{
    return (volatile pte_t *)PTE_BASE + (va >> 12);
}

static volatile pte_t *pde_at(u32 va)
{
    return pte_at((u32)pte_at(va));
}

static u64 machine(volatile pte_t *entry)
{
    return (*pte_at((u32)entry) >> 12 << 12) + ((u32)entry & 0xFFF);
}

static void enter(volatile pte_t *entry, pte_t value)
{
    must("an entry through the recursive mapping", write_pte(machine(entry), value), 0);
}

static void flush(u32 va)
{
    one_op("invlpg", MMUEXT_INVLPG, va);
}

static u32 take_frame(void)
{
    return ((u32 *)start_info->mfn_list)[next_pfn++];
}

static void set_kernel_pde(u32 slot, pte_t value)
{
    u64 at = ((u64)mfn_of((u32)(kernel_pde + slot)) << 12) + slot % PTES * sizeof(pte_t);

    must("a kernel table", write_pte(at, value), 0);
}

/* Where no table is: of a page that is mapped nowhere. */
static void need_table(u32 va, u32 flags)
{
    u32 mfn;

    if (*pde_at(va) & PTE_P)
        return;
    mfn = take_frame();
    if (va >= 0xC0000000) {
        set_kernel_pde((va >> L2_SHIFT) + KERNEL_COPY, pte(mfn, flags));
        if (KERNEL_COPY)
            set_kernel_pde(va >> L2_SHIFT, pte(mfn, flags));
    }
    if (!(*pde_at(va) & PTE_P))
        enter(pde_at(va), pte(mfn, flags));
}

static u32 new_page(void)
{
    u32 va = next_va;

    next_va += PAGE_SIZE;
    need_table(va, PTE_P | PTE_RW);
    enter(pte_at(va), pte(take_frame(), PTE_P | PTE_RW));
    memset((void *)va, 0, PAGE_SIZE);
    return va;
}

static u32 frame(u32 va)
{
    return (u32)(*pte_at(va) >> 12);
}

/* A process: its directories, pinned, in the kernel's place. */

static u32 new_space(void)
{
    u32 pages[4], i;
    pte_t *pde;

    for (i = 0; i < PDIRS; i++)
        pages[i] = new_page();
    pde = (pte_t *)pages[0];
    memcpy(pde + KERNEL_SLOT, kernel_pde + KERNEL_SLOT + KERNEL_COPY,
           (HYPERVISOR_START - 0xC0000000) >> L2_SHIFT << (KERNEL_COPY ? 3 : 2));
    for (i = 0; i < PDIRS; i++)
        pde[PTE_SLOT + i] = pte(frame(pages[i]), PTE_P);
    for (i = 0; i < PDIRS; i++) {
        enter(pte_at(pages[i]), pte(frame(pages[i]), PTE_P));
        flush(pages[i]);
        if (PDIRS == 1 || i != 2)
            pin("a directory", 2, frame(pages[i]));
    }
    if (PDIRS > 1)
        pin("the directory that has the others", 2, frame(pages[2]));
    return pages[0];
}

static void use_space(u32 pde)
{
    u32 i;

    if (PDIRS == 1)
        one_op("another space", MMUEXT_NEW_BASEPTR, frame(pde));
    for (i = 0; PDIRS > 1 && i < 3; i++)
        must("an L3 entry",
             write_pte(((u64)mfn_of((u32)l3) << 12) + i * sizeof(pte_t),
                       pte(frame(pde + i * PAGE_SIZE), PTE_P)),
             0);
    one_op("flush", MMUEXT_TLB_FLUSH, 0);
}

static void end_space(u32 pde)
{
    u32 i;

    use_space((u32)kernel_pde);
    for (i = 0; i < PDIRS; i++)
        one_op("a directory unpinned", MMUEXT_UNPIN_TABLE, frame(pde + i * PAGE_SIZE));
    for (i = 0; i < PDIRS; i++) {
        enter(pte_at(pde + i * PAGE_SIZE), pte(frame(pde + i * PAGE_SIZE), PTE_P | PTE_RW));
        flush(pde + i * PAGE_SIZE);
        memset((void *)(pde + i * PAGE_SIZE), 0, PAGE_SIZE);
    }
}

#define USER_VA 0x08048000u

static void processes(void)
{
    u32 space[2], i;

    for (i = 0; i < 2; i++) {
        space[i] = new_space();
        use_space(space[i]);
        CHECK("nothing there", *pde_at(USER_VA), 0);
        need_table(USER_VA, PTE_USER_RAM);
        enter(pte_at(USER_VA), pte(take_frame(), PTE_USER_RAM));
        *(volatile u32 *)USER_VA = 0x11111111 * (i + 1);
        CHECK("its page", *(volatile u32 *)USER_VA, 0x11111111 * (i + 1));
    }
    use_space(space[0]);
    CHECK("the first again", *(volatile u32 *)USER_VA, 0x11111111);
    CHECK("  dirty and accessed", (u32)*pte_at(USER_VA) & (PTE_A | PTE_D), PTE_A | PTE_D);
    for (i = 0; i < 2; i++) {
        use_space(space[i]);
        enter(pte_at(USER_VA), 0);
        enter(pde_at(USER_VA), 0);
        flush(USER_VA);
        end_space(space[i]);
    }
}

void guest_main(void)
{
    u32 old = start_info->pt_base, frames = start_info->nr_pt_frames, temporary, count = 1, more, va, i;

    if (PDIRS > 1 && xen == XEN_3_0_0) {
        print("this Xen pins no L2 table under PAE: no such kernel runs there\n");
        return;
    }
    while (old + (count + LEVEL2_PAGES + UAREA_PAGES + 8) * PAGE_SIZE > (KERNEL_SLOT + count) << L2_SHIFT)
        count++;
    count++;
    temporary = old + frames * PAGE_SIZE;
    if (temporary < old + (count + LEVEL2_PAGES) * PAGE_SIZE)
        temporary = old + (count + LEVEL2_PAGES) * PAGE_SIZE;
    for (more = count; temporary + (more + LEVEL2_PAGES) * PAGE_SIZE > (KERNEL_SLOT + more) << L2_SHIFT;
         more++)
        ;
    bootstrap(old, frames, temporary, more, 0);
    print("temporary tables\n");
    bootstrap(temporary, more + LEVEL2_PAGES, old, count, 1);
    print("own tables\n");
    next_pfn = ((temporary > next_va ? temporary : next_va) - VIRT_BASE) / PAGE_SIZE + more + LEVEL2_PAGES;
    CHECK("symbols after the image", *(u32 *)image_end > 1000, 1);
    CHECK("  in an ELF file", *(u32 *)(image_end + 4), 0x464C457F);
    CHECK("shared_info", shared[1], 1);
    CHECK("a table maps itself", frame((u32)pde_at(0)), mfn_of((u32)kernel_pde));
    CHECK("  and the kernel", frame(IMAGE_START), mfn_of(IMAGE_START));
    if (KERNEL_COPY) {
        /* FreeBSD has no second copy: the table that is in the L3 maps itself too. */
        pte_t copy = kernel_pde[PTE_SLOT + 3],
              real = pte(mfn_of((u32)(kernel_pde + KERNEL_SLOT + KERNEL_COPY)), PTE_P);

        set_kernel_pde(PTE_SLOT + 3, real);
        one_op("flush", MMUEXT_TLB_FLUSH, 0);
        CHECK("  without a copy", frame(IMAGE_START), mfn_of(IMAGE_START));
        CHECK("  Xen's part", (u32)*pde_at(HYPERVISOR_START) & PTE_P, PTE_P);
        set_kernel_pde(PTE_SLOT + 3, copy);
        one_op("flush", MMUEXT_TLB_FLUSH, 0);
    }
    for (i = 0, va = 0; i < 3 * PTES; i++)
        va = new_page();
    *(volatile u32 *)va = 0x600DF00D;
    CHECK("far from the image", *(volatile u32 *)va, 0x600DF00D);
    processes();
    processes();
}
