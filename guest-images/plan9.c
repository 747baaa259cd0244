/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * plan9 - what Plan 9 for Xen does that others do not: a kernel at 0x80000000,
 * memory mapped entry by entry with pinned L1 tables, processes whose L2 tables
 * are pinned copies of the kernel's and go into the L3 in use, a trap table for
 * each vector, a whole CR0 written for the FPU, events that a call of xen_version
 * brings.
 */
#include "lib/paging.h"
#include "lib/traps.h"

#ifdef GUEST_PAE
#define TOPS 3u /* the L2 tables of a process; slot 3 stays Xen's */
#else
#define TOPS 1u
#endif
#define CR0_TS 8u
#define CR0_NE 0x20u

static u32 next_pfn;
static pte_t *top;

static void must(const char *name, u32 got, u32 expected)
{
    if (check_quietly(name, got, expected))
        return;
    shut_down(SHUTDOWN_crash);
}

static void *va_of(u32 pfn)
{
    return (void *)(VIRT_BASE + pfn * PAGE_SIZE);
}

static void update(volatile pte_t *entry, pte_t value)
{
    struct mmu_update request = {((u64)virt_to_mfn((const void *)entry) << 12) + ((u32)entry & 0xFFF), value};

    must("mmu_update", hypercall(NR_mmu_update, (u32)&request, 1, 0, DOMID_SELF, 0), 0);
}

static void *pinned_table(u32 level, const void *like)
{
    void *page = va_of(next_pfn++);

    if (like)
        memcpy(page, like, PAGE_SIZE);
    else
        memset(page, 0, PAGE_SIZE);
    must("read-only", map_page(page, pte(virt_to_mfn(page), PTE_P)), 0);
    must("pin", mmuext(MMUEXT_PIN_TABLE + level - 1, virt_to_mfn(page), 0), 0);
    return page;
}

static void unpin(void *page)
{
    must("unpin", mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0), 0);
    must("writable", map_page(page, pte(virt_to_mfn(page), PTE_P | PTE_RW)), 0);
}

static void map_all_memory(void)
{
    u32 pfn, end = start_info->nr_pages;

    if (end > (0xC0000000 - VIRT_BASE) / PAGE_SIZE)
        end = (0xC0000000 - VIRT_BASE) / PAGE_SIZE;
    for (pfn = next_pfn; pfn < end; pfn++) {
        volatile pte_t *l2 = pte_of((u32)va_of(pfn), 2, 0);
        if (!(*l2 & PTE_P))
            update(l2, pte(virt_to_mfn(pinned_table(1, 0)), PTE_P | PTE_RW));
        update(pte_of((u32)va_of(pfn), 1, 0), pte(virt_to_mfn(va_of(pfn)), PTE_P | PTE_RW));
    }
    *(volatile u32 *)va_of(end - 1) = 0x12345678;
    CHECK("the last page", *(volatile u32 *)va_of(end - 1), 0x12345678);
}

/* The L2 table, or what the kernel has in that slot of the L3. */
static void *kernel_l2(u32 slot)
{
    if (TOPS == 1)
        return top;
    return top[slot] & PTE_P ? mfn_to_virt((u32)(top[slot] >> 12)) : 0;
}

static void use_space(void *const *tables)
{
    u32 i;

    if (TOPS == 1)
        must("another top", mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(tables[0]), 0), 0);
    for (i = 0; TOPS > 1 && i < TOPS; i++)
        update(top + i, tables[i] ? pte(virt_to_mfn(tables[i]), PTE_P) : 0);
    must("flush", mmuext(MMUEXT_TLB_FLUSH, 0, 0), 0);
}

static u32 load(u32 va)
{
    return *(volatile u32 *)va;
}

#define USER_VA 0x7FFFE000u

static void processes(void)
{
    void *kernel[TOPS], *tables[2][TOPS], *l1[2];
    volatile pte_t *l2;
    u32 i, p;

    for (i = 0; i < TOPS; i++)
        kernel[i] = kernel_l2(i);
    for (p = 0; p < 2; p++) {
        for (i = 0; i < TOPS; i++)
            tables[p][i] = pinned_table(2, kernel[i]);
        use_space(tables[p]);
        l1[p] = pinned_table(1, 0);
        l2 = (pte_t *)tables[p][TOPS > 1 ? USER_VA >> 30 : 0] + (USER_VA >> L2_SHIFT) % PTES;
        update(l2, pte(virt_to_mfn(l1[p]), PTE_P | PTE_RW | PTE_US));
        update((pte_t *)l1[p] + (USER_VA >> 12) % PTES,
               pte(virt_to_mfn(va_of(next_pfn)), PTE_P | PTE_RW | PTE_US));
        *(volatile u32 *)va_of(next_pfn++) = 0x11111111 * (p + 1);
        use_space(tables[p]);
        CHECK("its page", load(USER_VA), 0x11111111 * (p + 1));
    }
    use_space(tables[0]);
    CHECK("the first again", load(USER_VA), 0x11111111);
    use_space(kernel);
    CHECK("no process", try_call(load, USER_VA), 14);
    for (p = 0; p < 2; p++) {
        l2 = (pte_t *)tables[p][TOPS > 1 ? USER_VA >> 30 : 0] + (USER_VA >> L2_SHIFT) % PTES;
        update(l2, 0);
        unpin(l1[p]);
        for (i = 0; i < TOPS; i++)
            unpin(tables[p][i]);
    }
}

static u32 fpu(u32 on)
{
    u32 cr0;

    asm volatile("mov %%cr0, %0" : "=r"(cr0));
    cr0 &= on ? ~0xCu : ~4u;
    if (!on)
        cr0 |= CR0_NE | CR0_TS;
    asm volatile("mov %0, %%cr0" : : "r"(cr0));
    if (on)
        asm volatile("fninit; fwait");
    asm volatile("mov %%cr0, %0" : "=r"(cr0));
    return cr0 & (CR0_NE | CR0_TS | 4);
}

static void use_fpu(void)
{
    CHECK("FPU on", fpu(1), CR0_NE);
    CHECK("FPU off", fpu(0), CR0_NE | CR0_TS);
    CHECK("and on", fpu(1), CR0_NE);
}

static int upcall(struct trap *t)
{
    if (t->vec == VEC_EVENT) {
        UPCALL_PENDING = 0;
        EVTCHN_SEL = 0;
        EVTCHN_PENDING[0] = 0;
        UPCALL_MASK = 0;
        return 1;
    }
    return 0;
}

static void events(void)
{
    struct {
        u8 vector, flags;
        u16 cs;
        u32 address;
    } table[2] = {{0, 0, 0, 0}, {0, 0, 0, 0}};
    u32 op[8] = {1, VIRQ_TIMER, 0, 0}, vec, before;
    u64 next;

    for (vec = 0; vec < 256; vec++) {
        table[0].vector = (u8)vec;
        table[0].flags = vec == 3 || vec == 0x40 ? 3 | GATE_MASKS : GATE_MASKS;
        table[0].cs = KERNEL_CS;
        table[0].address = (u32)trap_stub(vec);
        must("one trap", hypercall(NR_set_trap_table, (u32)table, 0, 0, 0, 0), 0);
    }
    CHECK("bind_virq", hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0), 0);
    on_trap = upcall;
    EVTCHN_MASK[op[3] / 32] &= ~(1u << op[3] % 32);
    UPCALL_MASK = 1;
    while (!UPCALL_PENDING)
        asm volatile("pause");
    before = trap_count;
    UPCALL_MASK = 0;
    CHECK("pending, and nothing comes by itself", trap_count, before);
    hypercall(NR_xen_version, 0, 0, 0, 0, 0);
    CHECK("a call brings it", trap_count, before + 1);
    next = *(volatile u64 *)(shared_info + 48) + 50000000;
    UPCALL_MASK = 1;
    hypercall(NR_set_timer_op, (u32)next, (u32)(next >> 32), 0, 0, 0);
    before = trap_count;
    hypercall(NR_sched_op_compat, 1, 0, 0, 0, 0);
    CHECK("block, until the timer", trap_count > before, 1);
    UPCALL_MASK = 1;
    on_trap = 0;
}

void guest_main(void)
{
    u32 esp = boot_state.esp;

    CHECK("image", (u32)guest_main > 0x80010000 && (u32)guest_main < 0x80100000, 1);
    CHECK("the stack is the end of what is used",
          (esp - VIRT_BASE - 1) / PAGE_SIZE < start_info->nr_pages && esp > start_info->pt_base, 1);
    top = (pte_t *)start_info->pt_base;
    next_pfn = (esp - VIRT_BASE + PAGE_SIZE - 1) / PAGE_SIZE;
    CHECK("memory mapped beyond it", try_call(load, (u32)va_of(next_pfn + 127)), NO_TRAP);
    map_all_memory();
    install_traps();
    use_fpu();
    processes();
    processes();
    events();
}
