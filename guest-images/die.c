/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * die - ends in the way that `way=` on its command line names, for the report of
 * a domain's end. Each way says what Xen does about it in docs/xen-abi.md 6.
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define SCHEDOP_watchdog 6
#define NOWHERE          0x00400000u /* nothing is mapped there */
#define NO_SELECTOR      0x7FF9u     /* of ring 1, and nothing describes it */
#define WINDOW           0xD0000000u /* what `table` maps */
#define NR_set_debugreg  8

#define PAGE __attribute__((aligned(4096), section(".pages")))
static pte_t table[PTES] PAGE;
static u32 two_pages[2 * 1024] PAGE;

/* No handler is registered. */
static void die_exception(void)
{
    asm volatile("ud2");
}

/* A handler is there, and shuts down with the reason "crash": lib/traps.c. */
static void die_panic(void)
{
    install_traps();
    *(volatile u32 *)NOWHERE = 1;
}

/* A store into a page table above L1, and a handler that says nothing. */
static int power_off(struct trap *t)
{
    (void)t;
    shut_down(SHUTDOWN_poweroff);
}

static void die_table(void)
{
    volatile u32 *top = (volatile u32 *)start_info->pt_base;

    install_traps();
    on_trap = power_off;
    *top = *top;
}

/* The handler's frame has no place to go. */
static void die_stack(void)
{
    install_traps();
    asm volatile("mov %0, %%esp; int3" : : "r"(NOWHERE + 64) : "memory");
}

/* Every handler raises the exception that it is for, until the stack ends. */
static int again(struct trap *t)
{
    (void)t;
    asm volatile("ud2");
    return 1;
}

static void die_recursion(void)
{
    install_traps();
    on_trap = again;
    remap_page((void *)user_data, PTE_RO);
    asm volatile("mov %0, %%esp; ud2" : : "r"((u32)user_data + PAGE_SIZE + 512) : "memory");
}

/* An event, and no callback. */
static void die_upcall(void)
{
    map_page((const void *)shared_info, pte(start_info->shared_info >> 12, PTE_RWX));
    UPCALL_PENDING = 1;
    UPCALL_MASK = 0;
    hypercall(NR_xen_version, 0, 0, 0, 0, 0);
}

static void iret_with(const u32 *frame)
{
    asm volatile("mov %0, %%esp; mov %1, %%eax; int $0x82" : : "r"(frame), "i"(NR_iret) : "eax", "memory");
}

static void die_iret(void)
{
    iret_with((const u32 *)NOWHERE);
}

static void die_iret_ring0(void)
{
    static const u32 frame[] = {0, 0x1234, KERNEL_CS & ~3u, 0x200, 0, KERNEL_DS};
    iret_with(frame);
}

static void die_iret_vm86(void)
{
    static const u32 frame[] = {0, 0x1234, KERNEL_CS, 0x20200, 0, KERNEL_DS};
    iret_with(frame);
}

/* To a code selector that nothing describes. */
static void die_selector(void)
{
    static const u32 frame[] = {0, 0x1234, 0x7FF9, 0x200, 0, KERNEL_DS};
    iret_with(frame);
}

/* The code goes on where nothing is mapped. */
static void die_jump(void)
{
    asm volatile("jmp *%0" : : "r"(NOWHERE));
}

static void die_baseptr(void)
{
    mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(user_data), 0);
}

/* The same by MOV CR3. */
static void die_cr3(void)
{
    asm volatile("mov %0, %%cr3" : : "r"(virt_to_mfn(user_data) << 12));
}

/* The frame of an iret to ring 3 lies in two pages, and the second is not there. */
static void die_iret_outer(void)
{
    u32 *frame = two_pages + 1024 - 4;

    frame[1] = (u32)user_code;
    frame[2] = USER_CS;
    frame[3] = 0x200;
    map_page(two_pages + 1024, 0);
    iret_with(frame);
}

/* What 2.0 and 3.0.0 have under iret's number: to virtual-8086 mode, or nowhere. */
static void die_vm86(void)
{
    static const u32 frame[10] = {0, 0x100, 0x2000, 0x200, 0xFFFE, 0x3000};
    iret_with(frame);
}

static void die_vm86_frame(void)
{
    iret_with((const u32 *)NOWHERE);
}

/* A trap from ring 3 has no stack in ring 1 to go to. */
static void die_stack_segment(void)
{
    static const u8 ud2[] = {0x0F, 0x0B};

    install_traps();
    hypercall(NR_stack_switch, NO_SELECTOR, KERNEL_STACK_TOP, 0, 0, 0);
    run_user(ud2, sizeof(ud2), 0);
}

/* The stack in ring 1 lies beyond the end of its segment: for --segment-limits strict. */
static void die_stack_limit(void)
{
    static u32 gdt[1024] PAGE;
    static const u8 ud2[] = {0x0F, 0x0B};
    u32 frames[1] = {virt_to_mfn(gdt)}, limit = (KERNEL_STACK_TOP >> 12) - 2;

    install_traps();
    gdt[2] = limit & 0xFFFF;
    gdt[3] = 0xC0B200 | (limit & 0xF0000);
    remap_page(gdt, PTE_RO);
    hypercall(NR_set_gdt, (u32)frames, 512, 0, 0, 0);
    hypercall(NR_stack_switch, 1 * 8 | 1, KERNEL_STACK_TOP, 0, 0, 0);
    run_user(ud2, sizeof(ud2), 0);
}

/* The handler cannot be entered, nor who is to hear of that. */
static void die_entry(void)
{
    struct {
        u8 vector, flags;
        u16 cs;
        u32 address;
    } gates[3] = {{6, 0, NO_SELECTOR, 0x1000}, {13, 0, NO_SELECTOR, 0x1000}};

    install_traps();
    hypercall(NR_set_trap_table, (u32)gates, 0, 0, 0, 0);
    hypercall(NR_set_callbacks, KERNEL_CS, 0x1000, NO_SELECTOR, 0x1000, 0);
    asm volatile("ud2");
}

/* Writable page tables, as far as each Xen goes. */
static void hook(u32 va)
{
    u64 slot;

    pte_of(va, 2, &slot);
    write_pte(slot, pte(virt_to_mfn(table), PTE_USER));
}

static void die_table_self(void)
{
    volatile u32 *entry = (volatile u32 *)L1E(user_data);

    hypercall(NR_vm_assist, 0, 2, 0, 0, 0);
    *entry = *entry;
}

static void die_table_twice(void)
{
    hypercall(NR_vm_assist, 0, 2, 0, 0, 0);
    remap_page(table, PTE_RO);
    hook(WINDOW);
    hook(WINDOW + (1u << L2_SHIFT));
    *(volatile u32 *)table = 0;
}

static void die_table_entry(void)
{
    hypercall(NR_vm_assist, 0, 2, 0, 0, 0);
    remap_page(table, PTE_RO);
    hook(WINDOW);
    *(volatile u32 *)table = (u32)pte(0x7FFFF, PTE_RWX);
}

/* A panic by multicall, behind calls that were refused. */
static void die_multicall(void)
{
    static u32 calls[4][8];
    u32 first = 2, i; /* word of the first argument */
#ifdef GUEST_2_0
    const u32 shutdown[3] = {NR_sched_op_compat, 2 | SHUTDOWN_crash << 8, 0};
    first = 1;
#else
    const u32 shutdown[3] = {NR_sched_op_compat, 2, SHUTDOWN_crash};
#endif

    calls[0][0] = NR_xen_version;
    calls[1][0] = NR_vm_assist, calls[1][first + 1] = 99;
    calls[2][0] = NR_set_debugreg, calls[2][first] = 77;
    for (i = 0; i < 3; i++)
        calls[3][i ? first + i - 1 : 0] = shutdown[i];
    hypercall(NR_vm_assist, 0, 98, 0, 0, 0);
    hypercall(NR_multicall, (u32)calls, 4, 0, 0, 0);
}

/* Not a death but a test of patience: as many requests as addresses can hold, all in
 * one page that is mapped all over. */
#ifdef GUEST_PAE
#define ENDLESS_START WINDOW
#define ENDLESS_END   HYPERVISOR_START
#else
#define ENDLESS_START 0x00400000u
#define ENDLESS_END   VIRT_BASE
#endif
static void die_endless(void)
{
    struct mmu_update *requests = (struct mmu_update *)two_pages;
    u64 maddr;
    u32 i, va, count = (ENDLESS_END - ENDLESS_START) / sizeof(*requests);

    pte_of((u32)user_data, 1, &maddr);
    for (i = 0; i < PAGE_SIZE / sizeof(*requests); i++) {
        requests[i].ptr = (u32)maddr;
        requests[i].val = pte(virt_to_mfn(user_data), PTE_RWX);
    }
    for (i = 0; i < PTES; i++)
        table[i] = pte(virt_to_mfn(requests), PTE_RO);
    remap_page(table, PTE_RO);
    for (va = ENDLESS_START; va < ENDLESS_END; va += 1u << L2_SHIFT)
        hook(va);
    print("begin\n");
    hypercall(NR_mmu_update, ENDLESS_START, count, 0, DOMID_SELF, 0);
}

static void die_watchdog(void)
{
    u32 request[2] = {0, 1};

    if (hypercall(NR_sched_op, SCHEDOP_watchdog, (u32)request, 0, 0, 0) < 0)
        return;
    for (;;)
        ;
}

static void die_reason(void)
{
    shut_down(99);
}

void guest_main(void)
{
    static const struct {
        const char *name;
        void (*die)(void);
    } ways[] = {
        {"exception", die_exception},
        {"panic", die_panic},
        {"table", die_table},
        {"stack", die_stack},
        {"recursion", die_recursion},
        {"upcall", die_upcall},
        {"iret", die_iret},
        {"iret-ring0", die_iret_ring0},
        {"iret-vm86", die_iret_vm86},
        {"selector", die_selector},
        {"jump", die_jump},
        {"baseptr", die_baseptr},
        {"watchdog", die_watchdog},
        {"reason", die_reason},
        {"cr3", die_cr3},
        {"iret-outer", die_iret_outer},
        {"vm86", die_vm86},
        {"vm86-frame", die_vm86_frame},
        {"stack-segment", die_stack_segment},
        {"entry", die_entry},
        {"table-self", die_table_self},
        {"table-twice", die_table_twice},
        {"table-entry", die_table_entry},
        {"multicall", die_multicall},
        {"endless", die_endless},
        {"stack-limit", die_stack_limit},
    };
    const char *way = option("way");
    u32 i;

    for (i = 0; way && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (option_is(way, ways[i].name))
            ways[i].die();
    /* This Xen does not mind. */
    print("still there\n");
}
