/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * die - ends in the way that `way=` on its command line names, for the report of
 * a domain's end. Each way says what Xen does about it in docs/xen-abi.md 6.
 */
#include "lib/paging.h"
#include "lib/traps.h"

#define SCHEDOP_watchdog 6
#define NOWHERE          0x00400000u /* nothing is mapped there */

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
        {"exception", die_exception}, {"panic", die_panic},
        {"table", die_table},         {"stack", die_stack},
        {"recursion", die_recursion}, {"upcall", die_upcall},
        {"iret", die_iret},           {"iret-ring0", die_iret_ring0},
        {"iret-vm86", die_iret_vm86}, {"selector", die_selector},
        {"jump", die_jump},           {"baseptr", die_baseptr},
        {"watchdog", die_watchdog},   {"reason", die_reason},
    };
    const char *way = option("way");
    u32 i;

    for (i = 0; way && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (option_is(way, ways[i].name))
            ways[i].die();
    /* This Xen does not mind. */
    print("still there\n");
}
