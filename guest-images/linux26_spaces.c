/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * linux26_spaces.c - address spaces as Linux 2.6 makes, copies, pins and leaves
 * them, what runs in them, and the kernel's traps.
 */
#include "linux26.h"

/* Where the program of ring 3 lies; the third page comes when it is touched. */
#define CODE_VA  0x08048000u
#define DATA_VA  0x08049000u
#define LATE_VA  0x0804A000u
#define STACK_VA 0xBFFFE000u

struct regs {
    u32 ebx, ecx, edx, esi, edi, ebp, eax, ds, es, vec, error, eip, cs, eflags, esp, ss;
};

void linux_trap(struct regs *r);

pte_t *swapper, *current;
u8 linux_stack[2 * PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
u32 linux_upcalls, linux_ticks, vmalloc_faults;
static u32 faults, cow_faults, device_faults, syscalls;

static pte_t get_and_clear(volatile pte_t *entry)
{
    u32 low = 0, high = 0;

    asm volatile("xchgl %0, %1" : "+r"(low), "+m"(*(volatile u32 *)entry));
#ifdef GUEST_PAE
    high = ((volatile u32 *)entry)[1];
    ((volatile u32 *)entry)[1] = 0;
#endif
    return (pte_t)((u64)high << 32 | low);
}

static const u32 user_pages[] = {CODE_VA, DATA_VA, LATE_VA, STACK_VA};

static pte_t *new_space(void)
{
    pte_t *top = new_page();

#ifdef GUEST_PAE
    u32 i;

    for (i = 0; i < 4; i++) {
        pte_t *l2 = new_page();
        if (i == 3)
            memcpy(l2, (const void *)entry_in(swapper, VIRT_BASE, 2), PAGE_SIZE);
        top[i] = pte(mfn_of(l2), PTE_P);
    }
#else
    memcpy(top + (VIRT_BASE >> L2_SHIFT), swapper + (VIRT_BASE >> L2_SHIFT), PAGE_SIZE / 4);
#endif
    return top;
}

/* In a space that is not in use yet: tables are ordinary memory. */
static void give_page(pte_t *top, u32 va, void *page, u32 flags)
{
    volatile pte_t *l2 = entry_in(top, va, 2);

    if (!(*l2 & PTE_P))
        set_pte(l2, pte(mfn_of(new_page()), PTE_USER));
    set_pte(entry_in(top, va, 1), pte(mfn_of(page), flags));
}

struct multicall {
    u32 op, result, args[6];
};

static u32 add_protection(struct multicall *at, void *table, u32 flags, u32 flush)
{
    *at = (struct multicall){NR_update_va_mapping, 0, {(u32)table, (u32)pte(mfn_of(table), flags), 0, flush}};
    return 1;
}

/* All tables of user space, then the top one. */
static void protect(pte_t *top, u32 flags)
{
    struct multicall list[16];
    u32 n = 0, i;
    pte_t *before = 0;

    for (i = 0; i < sizeof(user_pages) / sizeof(user_pages[0]); i++) {
        pte_t *table = (pte_t *)((u32)entry_in(top, user_pages[i], 1) & ~0xFFFu);
        if (table != before)
            n += add_protection(list + n, table, flags, 0);
        before = table;
    }
#ifdef GUEST_PAE
    for (i = 0; i < 4; i++)
        n += add_protection(list + n, mfn_to_virt((u32)(top[i] >> 12)), flags, 0);
#endif
    n += add_protection(list + n, top, flags, 1);
    must("multicall", call(NR_multicall, (u32)list, n, 0, 0, 0), 0);
    for (i = 0; i < n; i++)
        must("a table's protection", list[i].result, 0);
}

static void pin(pte_t *top)
{
    u32 op[3] = {MMUEXT_PIN_TABLE + TOP_LEVEL - 1, mfn_of(top), 0};

    protect(top, PTE_RO);
    must("pin", call(NR_mmuext_op, (u32)op, 1, 0, DOMID_SELF, 0), 0);
}

static void unpin(pte_t *top)
{
    u32 op[3] = {MMUEXT_UNPIN_TABLE, mfn_of(top), 0};

    must("unpin", call(NR_mmuext_op, (u32)op, 1, 0, DOMID_SELF, 0), 0);
    protect(top, PTE_RWX);
}

void switch_space(pte_t *top)
{
    u32 ops[2][3] = {{MMUEXT_NEW_BASEPTR, mfn_of(top), 0}, {MMUEXT_SET_LDT, 0, 0}}, cr3;

    must("two operations", call(NR_mmuext_op, (u32)ops, 2, 0, DOMID_SELF, 0), 0);
    asm volatile("mov %%cr3, %0" : "=r"(cr3));
    must("cr3", (cr3 >> 12) | (cr3 & 0xFFF) << 20, mfn_of(top));
    current = top;
}

/* The rest of a context switch. */
static void switch_thread(u32 tls_base)
{
    u32 iopl[2] = {6, 0};
    u64 at;
    struct multicall list[4];

    at = machine(linux_gdt + 12);
    list[0] = (struct multicall){NR_stack_switch, 0, {ring_0(K_DS), LINUX_STACK_TOP}};
    list[1] = (struct multicall){NR_fpu_taskswitch, 0, {1}};
    list[2] = (struct multicall){10,
                                 0,
                                 {(u32)at, (u32)(at >> 32), 0xFFFF | tls_base << 16,
                                  (tls_base >> 16 & 0xFF) | 0xCFF200 | (tls_base & 0xFF000000)}};
    if (xen == XEN_3_0_0)
        list[3] = (struct multicall){19, 0, {(u32)iopl}};
    else
        list[3] = (struct multicall){33, 0, {6, (u32)(iopl + 1)}};
    must("a switch's multicall", call(NR_multicall, (u32)list, 4, 0, 0, 0), 0);
    must("its results", list[0].result | list[1].result | list[2].result | list[3].result, 0);
}

static void user_fault(u32 va, u32 error)
{
    volatile pte_t *entry = entry_in(current, va, 1);
    void *page = new_page();

    if (error & 1) {
        pte_t value = pte(mfn_of(page), PTE_USER);

        memcpy(page, (void *)(va & ~0xFFFu), PAGE_SIZE);
        must("a copied page in the place of the shared one",
             call(NR_update_va_mapping, va & ~0xFFFu, (u32)value, (u32)((u64)value >> 32), 2 | 4, 0), 0);
        cow_faults++;
    } else {
        set_pte(entry, pte(mfn_of(page), PTE_USER));
        faults++;
    }
}

void linux_trap(struct regs *r)
{
    u32 cr2 = *(volatile u32 *)(linux_shared + 8);

    if (r->vec == 0x100) {
        linux_upcall();
    } else if (r->vec == 7) {
        device_faults++;
    } else if (r->vec == 15) {
        print("a segment's limit was exceeded at 0x%x\n", r->eip);
    } else if (r->vec == 0x80 && r->eax == 1) {
        leave_user();
    } else if (r->vec == 0x80) {
        syscalls++;
        r->eax = 7;
    } else if (r->vec == 14 && (r->cs & 2)) {
        user_fault(cr2, r->error);
    } else if (r->vec == 14 && r->eip == kernel_read_where[0]) {
        volatile pte_t *wanted = entry_in(swapper, cr2 | VIRT_BASE, 2);
        if (cr2 >= VIRT_BASE && (*wanted & PTE_P) && !(*entry_in(current, cr2, 2) & PTE_P)) {
            must("a kernel table into this space", write_pte(machine(entry_in(current, cr2, 2)), *wanted), 0);
            vmalloc_faults++;
        } else {
            r->eip = kernel_read_where[1];
        }
    } else {
        print("trap %u error 0x%x eip 0x%x cs 0x%x cr2 0x%x\n", r->vec, r->error, r->eip, r->cs, cr2);
        shut_down(SHUTDOWN_crash);
    }
}

void linux_upcall(void)
{
    volatile u32 *shared = (volatile u32 *)linux_shared;
    u32 words, i;

    linux_shared[0] = 0;
    words = 0;
    asm volatile("xchgl %0, %1" : "+r"(words), "+m"(shared[1]));
    for (i = 0; i < 32; i++) {
        u32 ports = words >> i & 1 ? shared[512 + i] & ~shared[544 + i] : 0;
        asm volatile("lock andl %1, %0" : "+m"(shared[512 + i]) : "r"(~ports));
        linux_ticks += ports != 0;
    }
    linux_upcalls++;
}

pte_t *exec(void)
{
    pte_t *top = new_space();
    u8 *code = new_page(), *data = new_page();

    memcpy(code, user_program, (u32)(user_program_end - user_program));
    *(u32 *)(data + 0x104) = 0x715715;
    give_page(top, CODE_VA, code, PTE_RO | PTE_US);
    give_page(top, DATA_VA, data, PTE_USER);
    give_page(top, STACK_VA, new_page(), PTE_USER);
    pin(top);
    return top;
}

/* The parent's pages are the child's too, until one of them writes. */
static pte_t *fork(pte_t *parent)
{
    pte_t *top = new_space();
    u32 i;

    for (i = 0; i < sizeof(user_pages) / sizeof(user_pages[0]); i++) {
        volatile pte_t *entry = entry_in(parent, user_pages[i], 1);
        void *page = mfn_to_virt((u32)(*entry >> 12));
        if (*entry & PTE_RW)
            asm volatile("lock btrl $1, %0" : "+m"(*(volatile u32 *)entry));
        give_page(top, user_pages[i], page, PTE_RO | PTE_US);
    }
    must("a flush", mmuext(MMUEXT_TLB_FLUSH, 0, 0), 0);
    pin(top);
    return top;
}

static void run(pte_t *top)
{
    switch_space(top);
    switch_thread(DATA_VA + 0x100);
    to_user(CODE_VA, STACK_VA + PAGE_SIZE, 0x33);
}

/* A space ends: its pages go one by one, then its tables. */
void exit_space(pte_t *top)
{
    u32 i;

    for (i = 0; i < sizeof(user_pages) / sizeof(user_pages[0]); i++)
        get_and_clear(entry_in(top, user_pages[i], 1));
    switch_space(swapper);
    unpin(top);
    for (i = 0; i < PTES; i++)
        top[i] = 0;
}

void processes(void)
{
    pte_t *parent = exec(), *child;

    run(parent);
    CHECK("system calls", syscalls, 100);
    CHECK("pages that came when touched", faults, 1);
    CHECK("FPU after a switch", device_faults, 1);
    CHECK("the thread's segment", *(u32 *)(LATE_VA + 4), 0x715715);
    CHECK("its sum", *(u32 *)LATE_VA, 700);
    child = fork(parent);
    run(child);
    CHECK("pages that were copied", cow_faults, 3);
    CHECK("the child's sum", *(u32 *)LATE_VA, 1400);
    CHECK("  and count", *(u32 *)DATA_VA, 200);
    switch_space(parent);
    CHECK("the parent's", *(u32 *)DATA_VA, 100);
    run(parent);
    CHECK("pages copied for the parent", cow_faults, 6);
    CHECK("its count", *(u32 *)DATA_VA, 200);
    exit_space(parent);
    switch_space(child);
    exit_space(child);
    CHECK("user space is gone", kernel_read(DATA_VA, 0x60AE), 0x60AE);
}
