/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * linux26 - what a Linux 2.6.12 to 2.6.18 for Xen does from its first page table
 * to user space, in its order: an old image header, memory mapped by tables of
 * its own, a GDT with DPL 0, stores to tables in use, address spaces made by
 * copies, context switches in multicalls, frames exchanged with Xen.
 */
#include "linux26.h"

#define L2_SPAN (1u << L2_SHIFT)

u32 linux_gdt[1024] __attribute__((aligned(4096), section(".pages")));
static u32 *p2m;
static u32 next_pfn;

s32 call(u32 nr, u32 a, u32 b, u32 c, u32 d, u32 e)
{
    return has_hypercall_page() ? hypercall_by_page(nr, a, b, c, d, e) : hypercall(nr, a, b, c, d, e);
}

void must(const char *name, u32 got, u32 expected)
{
    if (check_quietly(name, got, expected))
        return;
    shut_down(SHUTDOWN_crash);
}

/* Memory. */

static void *va_of(u32 pfn)
{
    return (void *)(VIRT_BASE + pfn * PAGE_SIZE);
}

u32 pfn_of(const void *va)
{
    return ((u32)va - VIRT_BASE) / PAGE_SIZE;
}

u32 mfn_of(const void *va)
{
    return p2m[pfn_of(va)];
}

void *new_page(void)
{
    return memset(va_of(next_pfn++), 0, PAGE_SIZE);
}

void set_pte(volatile pte_t *entry, pte_t value)
{
#ifdef GUEST_PAE
    ((volatile u32 *)entry)[1] = (u32)(value >> 32);
#endif
    *(volatile u32 *)entry = (u32)value;
}

volatile pte_t *entry_in(pte_t *top, u32 va, u32 level)
{
#ifdef GUEST_PAE
    top = mfn_to_virt((u32)(top[va >> 30] >> 12));
#endif
    top += (va >> L2_SHIFT) % PTES;
    if (level == 2)
        return top;
    return *top & PTE_P ? (pte_t *)mfn_to_virt((u32)(*top >> 12)) + (va >> 12) % PTES : 0;
}

u64 machine(const volatile void *at)
{
    return ((u64)mfn_of((const void *)at) << 12) + ((u32)at & 0xFFF);
}

void set_l2(pte_t *top, u32 va, const void *table)
{
    must("an L2 entry by mmu_update", write_pte(machine(entry_in(top, va, 2)), pte(mfn_of(table), PTE_USER)),
         0);
}

static void map_all_memory(void)
{
    u32 at = VIRT_BASE, end = VIRT_BASE + start_info->nr_pages * PAGE_SIZE, tables = 0;

    if (end > VMALLOC_VA || end < VIRT_BASE)
        end = VMALLOC_VA;
    for (; at < end; at += L2_SPAN) {
        pte_t *table;
        u32 i;

        if (*entry_in(swapper, at, 2) & PTE_P)
            continue;
        table = new_page();
        for (i = 0; i < PTES && at + i * PAGE_SIZE < end; i++)
            set_pte(table + i, pte(mfn_of((void *)(at + i * PAGE_SIZE)), PTE_RWX));
        must("a new table read-only",
             call(NR_update_va_mapping, (u32)table, (u32)pte(mfn_of(table), PTE_RO), 0, 0, 0), 0);
        set_l2(swapper, at, table);
        tables++;
    }
    *(volatile u32 *)(end - 4) = 0x12345678;
    CHECK("the last word of memory", *(volatile u32 *)(end - 4), 0x12345678);
    print("%u tables\n", tables);
}

static void fixmap(void)
{
    u32 top = HYPERVISOR_START - 2 * PAGE_SIZE, zeros = top - PAGE_SIZE;
    pte_t *table = new_page();

    must("a table read-only", remap_page(table, PTE_RO), 0);
    if (!(*entry_in(swapper, top, 2) & PTE_P))
        set_l2(swapper, top, table);
    set_pte(entry_in(swapper, top, 1), pte(start_info->shared_info >> 12, PTE_RWX));
    CHECK("shared_info in the fixmap: masked", *(volatile u8 *)(top + 1), 1);
    set_pte(entry_in(swapper, zeros, 1), pte(mfn_of(new_page()), PTE_RO));
    CHECK("an empty page where a BIOS is looked for", *(volatile u32 *)zeros, 0);
    must("shared_info in the image", map_page(linux_shared, pte(start_info->shared_info >> 12, PTE_RWX)), 0);
}

static void copy_p2m(void)
{
    u32 size = start_info->nr_pages * 4, pages = (size + PAGE_SIZE - 1) / PAGE_SIZE, *copy = va_of(next_pfn);

    next_pfn += pages;
    memcpy(copy, p2m, size);
    p2m = copy;
    start_info->mfn_list = (u32)copy;
    *(u32 *)(linux_shared + 2316) = start_info->nr_pages; /* max_pfn */
}

/* The CPU. */

/* Xens after 3.0.0 raise what is of ring 0: kernels stopped minding. */
u32 ring_0(u32 selector)
{
    return xen == XEN_3_0_0 ? selector : selector & ~1u;
}

static void describe(u32 entry, u32 base, u32 access, u32 flags)
{
    linux_gdt[entry * 2] = 0xFFFF | base << 16;
    linux_gdt[entry * 2 + 1] =
        (base >> 16 & 0xFF) | access << 8 | 0xF0000 | flags << 20 | (base & 0xFF000000);
}

static void cpu_init(void)
{
    u32 frame = mfn_of(linux_gdt), cr4, efer, dr, dpl = ring_0(1) << 5;
    u32 ldt[3] = {MMUEXT_SET_LDT, 0, 0};

    describe(12, 0, 0x9A | dpl, 0xC);
    describe(13, 0, 0x92 | dpl, 0xC);
    describe(14, 0, 0xFA, 0xC);
    describe(15, 0, 0xF2, 0xC);
    must("a GDT read-only", remap_page(linux_gdt, PTE_RO), 0);
    must("set_gdt", call(NR_set_gdt, (u32)&frame, 32, 0, 0, 0), 0);
    own_segments();
    must("no LDT", call(NR_mmuext_op, (u32)ldt, 1, 0, DOMID_SELF, 0), 0);
    must("stack_switch", call(NR_stack_switch, ring_0(K_DS), LINUX_STACK_TOP, 0, 0, 0), 0);
    if (xen != XEN_3_0_0)
        asm volatile("mov %%cr4, %0; mov %0, %%cr4" : "=r"(cr4));
    asm volatile("mov %%cr0, %0; mov %0, %%cr0" : "=r"(cr4));
    asm volatile("clts");
    asm volatile("rdmsr" : "=a"(efer), "=d"(dr) : "c"(0xC0000080));
    asm volatile("wrmsr" : : "a"(efer), "d"(dr), "c"(0xC0000080));
    asm volatile("mov %0, %%dr0; mov %0, %%dr1; mov %0, %%dr2; mov %0, %%dr3; mov %0, %%dr6; mov %0, %%dr7"
                 :
                 : "r"(0));
    asm volatile("mov %%dr7, %0" : "=r"(dr));
    CHECK("DR7", dr & 0xFF, 0);
}

struct trap_info {
    u8 vector, flags;
    u16 cs;
    u32 address;
};

static void trap_init(void)
{
    u32 cs = ring_0(K_CS), result;
    struct trap_info table[] = {
        {0, 0, cs, (u32)entry_divide},
        {3, 3, cs, (u32)entry_breakpoint},
        {6, 0, cs, (u32)entry_undefined},
        {7, 0 | 4, cs, (u32)entry_device},
        {13, 0, cs, (u32)entry_protection},
        {14, 0 | 4, cs, (u32)entry_fault},
        {15, 0, cs, (u32)entry_fixup},
        {0x80, 3, cs, (u32)entry_syscall},
        {0, 0, 0, 0},
    };
    struct {
        u16 type, flags;
        u32 cs, eip;
    } event = {0, 0, K_CS, (u32)entry_upcall}, failsafe = {1, 0, K_CS, (u32)entry_failsafe};

    must("set_trap_table", call(NR_set_trap_table, (u32)table, 0, 0, 0, 0), 0);
    result = (u32)call(30, 0, (u32)&event, 0, 0, 0);
    if (!result)
        result = (u32)call(30, 0, (u32)&failsafe, 0, 0, 0);
    CHECK("callback_op", result, xen == XEN_3_0_0 ? -ENOSYS : 0);
    if (result == (u32)-ENOSYS)
        must("set_callbacks", call(NR_set_callbacks, K_CS, (u32)entry_upcall, K_CS, (u32)entry_failsafe, 0),
             0);
    CHECK("4 GiB segments", call(NR_vm_assist, 0, 0, 0, 0, 0), 0);
    CHECK("  and being told of them", call(NR_vm_assist, 0, 1, 0, 0, 0), 0);
}

/* Time and events. */

static u32 event_op(u32 command, u32 a, u32 b, u32 *port)
{
    u32 op[4] = {command, a, b, 0};
    s32 result = xen == XEN_3_0_0 ? call(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0)
                                  : call(NR_event_channel_op, command, (u32)(op + 1), 0, 0, 0);

    *port = op[3];
    return (u32)result;
}

static u64 system_time(void)
{
    volatile u32 *time = (volatile u32 *)(linux_shared + 32);
    u32 version;
    u64 now;

    do {
        version = time[0];
        asm volatile("" ::: "memory");
        now = (u64)time[5] << 32 | time[4];
        asm volatile("" ::: "memory");
    } while ((version & 1) || version != time[0]);
    return now;
}

static void time_init(void)
{
    static u8 runstate[48] __attribute__((aligned(8)));
    u32 place[2] = {(u32)runstate, 0}, port, before = linux_ticks;
    u64 start = system_time(), at = start + 25000000;

    if (xen != XEN_3_0_0)
        CHECK("runstate", call(24, 5, 0, (u32)place, 0, 0), 0);
    memset(linux_shared + 2176, 0xFF, 128); /* all masked: 3.0.0 has them open */
    CHECK("VIRQ_TIMER", event_op(1, 0, 0, &port), 0);
    asm volatile("lock btrl %1, %0" : "+m"(*(volatile u32 *)(linux_shared + 2176)) : "r"(port));
    do {
        linux_shared[1] = 1;
        call(NR_set_timer_op, (u32)at, (u32)(at >> 32), 0, 0, 0);
        call(xen == XEN_3_0_0 ? NR_sched_op_compat : NR_sched_op, 1, 0, 0, 0, 0);
    } while (system_time() < at);
    CHECK("ticks", linux_ticks > before, 1);
    CHECK("not much later", system_time() - at < 100000000, 1);
    if (xen == XEN_3_0_0)
        return;
    CHECK("running", *(volatile u32 *)runstate, 0);
    CHECK("  and was blocked", *(volatile u32 *)(runstate + 12 + 16) > 1000000, 1);
}

/* Memory that goes and comes. */

static s32 memory_op(u32 command, void *with)
{
    return call(NR_memory_op, command, (u32)with, 0, 0, 0);
}

/* 3.0.0 reads the number, then takes the low half of its address for it. */
static u32 reservation(void)
{
    u32 self = DOMID_SELF;

    return (u32)memory_op(3, xen == XEN_3_0_0 ? (void *)(va_of(7) + 0xFF0) : &self);
}

static void exchange(void)
{
    u8 *page = new_page();
    u32 in = mfn_of(page), out = pfn_of(page);
    u32 args[11] = {(u32)&in, 1, 0, 0, DOMID_SELF, (u32)&out, 1, 0, 32, DOMID_SELF, 0};
    u32 reservation[5] = {(u32)&in, 1, 0, 0, DOMID_SELF};
    s32 result;

    must("a page unmapped", map_page_flags(page, 0, 2 | 4), 0);
    result = memory_op(11, args);
    CHECK("exchange", result, xen == XEN_3_0_0 ? -ENOSYS : 0);
    if (result == -ENOSYS) {
        must("decrease", memory_op(1, reservation), 1);
        reservation[0] = (u32)&out;
        reservation[3] = 32;
        must("populate", memory_op(xen == XEN_3_0_0 ? 0 : 6, reservation), 1);
        p2m[pfn_of(page)] = out;
        if (xen == XEN_3_0_0) {
            struct mmu_update update = {(u64)out << 12 | MMU_MACHPHYS, pfn_of(page)};
            u32 done;
            must("its place in the m2p", mmu_update(&update, 1, &done), 0);
        }
    } else {
        CHECK("exchanged", args[10], 1);
    }
    p2m[pfn_of(page)] = out;
    CHECK("its place in the m2p", m2p()[out], pfn_of(page));
    CHECK("mapped", map_page_flags(page, pte(out, PTE_RWX), 2 | 4), 0);
    memset(page, 0x5A, PAGE_SIZE);
    CHECK("written", page[4095], 0x5A);
}

static void balloon(void)
{
    u32 mfns[8], pages[8], i, before = reservation();
    u32 args[5] = {(u32)mfns, 8, 0, 0, DOMID_SELF};
    u8 *first = va_of(next_pfn);

    next_pfn += 8;
    CHECK("pages now", before, start_info->nr_pages);
    for (i = 0; i < 8; i++) {
        mfns[i] = mfn_of(first + i * PAGE_SIZE);
        pages[i] = pfn_of(first) + i;
        must("a page unmapped", map_page_flags(first + i * PAGE_SIZE, 0, 0), 0);
        p2m[pages[i]] = 0xFFFFFFFF;
    }
    mmuext(MMUEXT_TLB_FLUSH, 0, 0);
    CHECK("decrease_reservation", memory_op(1, args), 8);
    CHECK("pages now", reservation(), before - 8);
    if (xen != XEN_3_0_0)
        memcpy(mfns, pages, sizeof(mfns));
    CHECK("and back", memory_op(xen == XEN_3_0_0 ? 0 : 6, args), 8);
    for (i = 0; i < 8; i++) {
        p2m[pages[i]] = mfns[i];
        must("mapped again", map_page_flags(first + i * PAGE_SIZE, pte(mfns[i], PTE_RWX), 0), 0);
        must("cleared", first[i * PAGE_SIZE], 0);
        if (xen != XEN_3_0_0)
            must("in the m2p", m2p()[mfns[i]], pages[i]);
    }
    CHECK("pages now", reservation(), before);
}

/* In another space, where the table of vmalloc's place is not known yet. */
static void vmalloc(void)
{
    pte_t *space = exec(), *table;
    u32 frames[4], setup[4] = {DOMID_SELF, 4, 0xFFFF, (u32)frames}, i;

    switch_space(space);
    table = new_page();
    must("a table read-only", remap_page(table, PTE_RO), 0);
    set_l2(swapper, VMALLOC_VA, table);
    CHECK("grant table", call(20, 2, (u32)setup, 1, 0, 0), 0);
    CHECK("  status", setup[2] & 0xFFFF, 0);
    for (i = 0; i < 4; i++)
        set_pte(entry_in(swapper, VMALLOC_VA + i * PAGE_SIZE, 1), pte(frames[i], PTE_RWX));
    CHECK("a grant", kernel_read(VMALLOC_VA + 3 * PAGE_SIZE, 1), 0);
    CHECK("  by a fault", vmalloc_faults, 1);
    CHECK("beyond it", kernel_read(VMALLOC_VA + 4 * PAGE_SIZE, 0x60AE), 0x60AE);
    exit_space(space);
}

void guest_main(void)
{
    u32 features[2], platform = 0, assist;

    CHECK("pages", reservation(), start_info->nr_pages);
    p2m = (u32 *)start_info->mfn_list;
    swapper = current = (pte_t *)start_info->pt_base;
    next_pfn = pfn_of(swapper) + start_info->nr_pt_frames;
    for (features[0] = 0; features[0] < 2 && !call(NR_xen_version, 6, (u32)features, 0, 0, 0); features[0]++)
        print("features %u: 0x%x\n", features[0], features[1]);
    CHECK("platform_parameters", call(NR_xen_version, 5, (u32)&platform, 0, 0, 0), 0);
    CHECK("  Xen's place", platform >= HYPERVISOR_START, 1);
    CHECK("writable page tables", call(NR_vm_assist, 0, 2, 0, 0, 0), 0);
    assist = (u32)call(NR_vm_assist, 0, 3, 0, 0, 0);
#ifdef GUEST_PAE
    CHECK("L3 tables anywhere", assist, xen == XEN_3_0_0 ? -EINVAL : 0);
#else
    (void)assist;
#endif
    map_all_memory();
    fixmap();
    copy_p2m();
    cpu_init();
    trap_init();
    must("unmasked", (linux_shared[1] = 0), 0);
    time_init();
    exchange();
    balloon();
    processes();
    vmalloc();
    CHECK("upcalls", linux_upcalls > 0, 1);
}
