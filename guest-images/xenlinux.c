/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenlinux - what a Linux for Xen 2.0 does from its first instruction to a process
 * and back, in its order: callbacks before there is a GDT, batches of updates, page
 * tables written in place (the image asks for PT_MODE_WRITABLE), a process's tables
 * made, switched to by a multicall, forked and given up (docs/xen-abi.md 4 to 6).
 */
#include "lib/control.h"
#include "lib/paging.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))
static u32 swapper[1024] PAGE, fixmap_l1[1024] PAGE, gdt[1024] PAGE;
static u32 pgd[1024] PAGE, pgd2[1024] PAGE, l1[1024] PAGE, l1_2[1024] PAGE, pages[4][1024] PAGE;

#define FIXMAP   0xFBFFE000u /* of shared_info: the last but one page below Xen */
#define USER_VA  0x08048000u
#define USER_L2  (USER_VA >> 22)
#define USER_L1  (USER_VA >> 12 & 1023)
#define KERNEL_1 (VIRT_BASE >> 22)
#define TABLE    (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

u32 on_own_segments(u32 ss_and_cs); /* descriptors_asm.S */

/* --- the queue ------------------------------------------------------------------- */

static struct mmu_update queue[32];
static u32 queued;
static volatile u32 *top = 0; /* the page directory in force, as Linux knows it */

static u32 machine(const void *va)
{
    return virt_to_mfn(va) << 12 | ((u32)va & 0xFFF);
}

static void push(u32 ptr, u32 val)
{
    queue[queued++] = (struct mmu_update){ptr, val};
}

static void command(u32 cmd, u32 ptr)
{
    push(ptr | 3, cmd);
}

static void flush(const char *name)
{
    u32 done, n = queued;

    queued = 0;
    CHECK(name, mmu_update(queue, n, &done), 0);
    check_quietly("  all of them", done, n);
}

/* The entry that maps a page of low memory. */
static volatile u32 *pte_at(const void *va)
{
    volatile u32 *table = mfn_to_virt(top[(u32)va >> 22] >> 12);

    return table + ((u32)va >> 12 & 1023);
}

static void read_only(const void *va)
{
    volatile u32 *p = pte_at(va);
    push(machine((const void *)p), *p & ~PTE_RW);
}

static void writable(const void *va)
{
    volatile u32 *p = pte_at(va);
    push(machine((const void *)p), *p | PTE_RW);
}

/* --- set-up ------------------------------------------------------------------------ */

static void early(void)
{
    static u32 copy[128];

    /* Linux copies 128 words, of which start_info has 80. */
    memcpy(copy, start_info, sizeof(copy));
    CHECK("start_info copied", memcmp(copy, start_info, sizeof(*start_info)), 0);
    CHECK("flags", start_info->flags, 0);
    CHECK("vm_assist 4gb_segments", hypercall(NR_vm_assist, 0, 0, 0, 0, 0), 0);
    CHECK("callbacks of a GDT that is not there yet",
          hypercall(NR_set_callbacks, 0x61, 0xC0000000, 0x61, 0xC0000000, 0), 0);
    top = (volatile u32 *)start_info->pt_base;
}

/* pagetable_init: the new directory is a copy of all, Xen's own slots too. */
static void new_directory(void)
{
    const void *old = (const void *)start_info->pt_base;

    memcpy(swapper, old, PAGE_SIZE);
    read_only(swapper);
    command(1, virt_to_mfn(swapper) << 12); /* PIN_L2 */
    command(5, virt_to_mfn(swapper) << 12); /* NEW_BASEPTR */
    command(4, virt_to_mfn(old) << 12);     /* UNPIN */
    command(6, 0);                          /* TLB_FLUSH */
    writable(old);
    flush("a new page directory, in one batch");
    top = swapper;
    *(volatile u32 *)old = 0x12345678;
    CHECK("the old one is memory", *(volatile u32 *)old, 0x12345678);
    memcpy((void *)old, swapper, PAGE_SIZE); /* the runtime still walks it */
}

/* one_page_table_init, then set_pte: a store to the table itself. */
static void fixmap(void)
{
    volatile u32 *shared = (volatile u32 *)FIXMAP;

    read_only(fixmap_l1);
    push(machine(swapper + (FIXMAP >> 22)), virt_to_mfn(fixmap_l1) << 12 | TABLE);
    flush("a table for fixed places");
    ((volatile u32 *)fixmap_l1)[FIXMAP >> 12 & 1023] = start_info->shared_info | PTE_RWX;
    command(7, FIXMAP); /* INVLPG */
    flush("shared_info there");
    CHECK("  events are masked", shared[0] >> 8 & 0xFF, 1);
    shared[1000] = 0xC0FFEE;
    CHECK("  the same page as elsewhere", *(volatile u32 *)(shared_info + 4000), 0xC0FFEE);
}

static int go_on(struct trap *t)
{
    return t->vec == 3;
}

static void descriptors(void)
{
    u32 frame = virt_to_mfn(gdt);
    static const u32 own[] = {0x0000c3ff, 0x00cfbb00, 0x0000c3ff, 0x00cfb300,
                              0x0000c3ff, 0x00cffb00, 0x0000c3ff, 0x00cff300};

    memcpy(gdt + 2 * 12, own, sizeof(own));
    read_only(gdt);
    flush("the GDT read-only");
    CHECK("set_gdt", hypercall(NR_set_gdt, (u32)&frame, 512, 0, 0, 0), 0);
    CHECK("  Xen's entries are in it", gdt[2 * (KERNEL_CS >> 3) + 1] >> 8 & 0xFE, 0xBA);
    CHECK("  own code segment", gdt[2 * 12 + 1], 0x00cfbb00);
    on_trap = go_on;
    CHECK("  running on it", on_own_segments(0x61 << 16 | 0x69), 0x61 << 16 | 0x69);
    command(9, 0); /* SET_LDT of nothing */
    flush("no LDT");
}

/* --- events and time ------------------------------------------------------------------ */

static volatile u32 ticks;
static u32 debug_port, timer_port;

static s32 bind_virq(u32 virq, u32 *port)
{
    u32 op[8] = {1, 0, virq, 0x5A5A5A5A};
    s32 rc = hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);

    *port = op[3];
    return rc;
}

static void unmask(u32 port)
{
    EVTCHN_MASK[port / 32] &= ~(1u << port % 32);
    if (EVTCHN_PENDING[port / 32] >> port % 32 & 1) {
        EVTCHN_SEL |= 1u << port / 32;
        UPCALL_PENDING = 1;
        if (!UPCALL_MASK)
            hypercall(NR_xen_version, 0, 0, 0, 0, 0);
    }
}

static int upcall(struct trap *t)
{
    u32 sel, word, port;

    if (t->vec != VEC_EVENT)
        return 0;
    UPCALL_PENDING = 0;
    sel = EVTCHN_SEL;
    EVTCHN_SEL = 0;
    for (word = 0; word < 32; word++)
        for (port = word * 32; sel >> word & 1 && port < word * 32 + 32; port++)
            if (EVTCHN_PENDING[word] & ~EVTCHN_MASK[word] & 1u << port % 32) {
                EVTCHN_PENDING[word] &= ~(1u << port % 32);
                ticks += port == timer_port;
            }
    UPCALL_MASK = 0;
    return 1;
}

static void interrupts(void)
{
    u32 port, i;

    for (i = 0; i < 32; i++)
        EVTCHN_MASK[i] = ~0u;
    CHECK("VIRQ_MISDIRECT", bind_virq(0, &port), 0);
    CHECK("  is port 0", port, 0);
    CHECK("VIRQ_DEBUG", bind_virq(2, &debug_port), 0);
    CHECK("VIRQ_TIMER", bind_virq(1, &timer_port), 0);
    CHECK("  bound once more: the same port", bind_virq(1, &port) | (s32)(port ^ timer_port), 0);
    on_trap = upcall;
    unmask(0);
    unmask(debug_port);
    unmask(timer_port);
    unmask(start_info->control_evtchn);
}

struct clock {
    u64 hz;
    u32 version1, version2;
    u64 tsc, system;
    u32 sec, usec;
} __attribute__((packed, aligned(4)));

static struct clock read_clock(void)
{
    volatile const struct clock *c = (volatile const struct clock *)(shared_info + 264);
    struct clock now;

    do {
        now.version2 = c->version2;
        now = *(const struct clock *)c;
    } while (now.version2 != c->version1);
    return now;
}

static u64 rdtsc(void)
{
    u64 tsc;
    asm volatile("rdtsc" : "=A"(tsc));
    return tsc;
}

static void timing(void)
{
    struct clock first = read_clock(), next;
    u64 due;
    s32 rc;

    CHECK("the clock's rate", first.hz >= 1000000 && first.hz < 100000000000ull, 1);
    CHECK("its stamp is past", first.tsc <= rdtsc(), 1);
    CHECK("wall clock", first.sec > 1000000000u && first.usec < 1000000, 1);
    ticks = 0;
    UPCALL_MASK = 0;
    while (ticks < 3)
        ;
    next = read_clock();
    CHECK("three ticks of a running domain: time has passed", next.system > first.system, 1);
    CHECK("  and no more than that", next.system - first.system < 60000000, 1);
    CHECK("  versions are different", next.version1 != first.version1, 1);

    /* xen_idle: a time-out, and events on again by the wait. It is longer than the
     * 2^31 counts of the TSC after which Linux can no longer tell. */
    UPCALL_MASK = 1;
    due = next.system + 5000000000ull;
    CHECK("set_timer_op", hypercall(NR_set_timer_op, (u32)(due >> 32), (u32)due, 0, 0, 0), 0);
    ticks = 0;
    do {
        UPCALL_MASK = 1;
        rc = hypercall(NR_sched_op_compat, 1, 0, 0, 0, 0);
    } while (!ticks);
    CHECK("block", rc == 0 || rc == 6, 1);
    next = read_clock();
    CHECK("  until then", next.system >= due - 10000000 && next.system < due + 100000000, 1);
    CHECK("  the stamp is fresh", rdtsc() - next.tsc < 0x7FFFFFFF, 1);
    CHECK("  wall clock goes with it", next.sec - first.sec >= 4 && next.sec - first.sec <= 6, 1);
    CHECK("no time-out", hypercall(NR_set_timer_op, 0, 0, 0, 0, 0), 0);
    UPCALL_MASK = 1;
}

/* --- a process --------------------------------------------------------------------------- */

/* pte_ctor, pgd_ctor */
static void make_table(u32 *table)
{
    memset(table, 0, PAGE_SIZE);
    read_only(table);
    command(0, virt_to_mfn(table) << 12);
    flush("a table, pinned before it is used");
}

static void make_directory(u32 *dir)
{
    memcpy(dir + KERNEL_1, swapper + KERNEL_1, (1024 - KERNEL_1) * 4);
    memset(dir, 0, KERNEL_1 * 4);
    read_only(dir);
    command(1, virt_to_mfn(dir) << 12);
    flush("a directory");
}

static s32 switch_to(u32 *dir)
{
    static struct mmu_update base;
    static u32 calls[4][8];
    s32 rc;
    u32 tls = machine(gdt + 2 * 6);

    base = (struct mmu_update){virt_to_mfn(dir) << 12 | 3, 5};
    memset(calls, 0x5A, sizeof(calls));
    memcpy(calls[0], (u32[]){NR_mmu_update, (u32)&base, 1, 0}, 16);
    memcpy(calls[1], (u32[]){NR_fpu_taskswitch, 1}, 8);
    memcpy(calls[2], (u32[]){NR_stack_switch, 0x69, KERNEL_STACK_TOP}, 12);
    memcpy(calls[3], (u32[]){10, tls, 0x1000ffff, 0x00cff300}, 16);
    rc = hypercall(NR_multicall, (u32)calls, 4, 0, 0, 0);
    top = dir;
    return rc | (s32)(calls[0][6] | calls[1][6] | calls[2][6] | calls[3][6]);
}

static u32 faults, fault_error, no_devices;
static u32 *current_l1;

/* Demand paging and copy on write, with the table written in place. */
static int kernel(struct trap *t)
{
    volatile u32 *p = (volatile u32 *)current_l1 + (t->cr2 >> 12 & 1023);

    if (t->vec == 7) {
        no_devices++;
        return 1;
    }
    if (t->vec != 14 || t->cr2 >> 22 != USER_L2)
        return 0;
    faults++;
    fault_error = t->error;
    if (!(*p & PTE_P)) {
        pages[faults][0] = 0xF00D0000 + faults;
        *p = virt_to_mfn(pages[faults]) << 12 | PTE_USER;
    } else {
        asm volatile("lock orl %1, %0" : "+m"(*p) : "i"(PTE_RW));
        command(7, t->cr2);
        queued = 0;
        mmu_update(queue, 1, &(u32){0});
    }
    return 1;
}

#define USER(...) ((const u8[]){__VA_ARGS__}), sizeof((const u8[]){__VA_ARGS__})
#define WORD(x)   (u8)(x), (u8)((x) >> 8), (u8)((x) >> 16), (u8)((x) >> 24)
#define LOAD      0xA1, WORD(USER_VA)
#define STORE     0xA3, WORD(USER_VA)
#define SYSCALL   0xCD, 0x80

static void process(void)
{
    on_trap = kernel;
    make_table(l1);
    make_directory(pgd);
    push(machine(pgd + USER_L2), virt_to_mfn(l1) << 12 | TABLE);
    flush("the table into a directory that is not in force");
    /* And entries into a table of no space that is in force. */
    ((volatile u32 *)l1)[USER_L1 + 2] = virt_to_mfn(pages[3]) << 12 | PTE_USER;
    CHECK("switch to it, a multicall of four", switch_to(pgd), 0);
    current_l1 = l1;

    faults = 0;
    CHECK("a load of a page that is not there", run_user(USER(LOAD, SYSCALL), 0), 0x80);
    CHECK("  its word", last_trap.regs[TRAP_EAX], 0xF00D0001);
    CHECK("  faults", faults, 1);
    CHECK("  error code", fault_error, 4);
    CHECK("a store", run_user(USER(STORE, SYSCALL), 0x57053701), 0x80);
    CHECK("  faults", faults, 1);
    CHECK("  in the page", pages[1][0], 0x57053701);
    no_devices = 0;
    CHECK("floating point after a task switch", run_user(USER(0xD9, 0xE8, 0xDD, 0xD8, SYSCALL), 0), 0x80);
    CHECK("  vector 7, once", no_devices, 1);
    /* mov $0x33, %ecx; mov %ecx, %gs; mov %gs, %eax */
    CHECK("its own segment", run_user(USER(0xB9, 0x33, 0, 0, 0, 0x8E, 0xE9, 0x8C, 0xE8, SYSCALL), 0), 0x80);
    CHECK("  loaded", last_trap.regs[TRAP_EAX] & 0xFFFF, 0x33);
}

/* copy_page_range: each entry write-protected here and copied there. */
static void fork(void)
{
    volatile u32 *from = (volatile u32 *)l1, *to = (volatile u32 *)l1_2;
    u32 i, copied = 0;

    make_table(l1_2);
    make_directory(pgd2);
    push(machine(pgd2 + USER_L2), virt_to_mfn(l1_2) << 12 | TABLE);
    flush("the child's table");
    for (i = 0; i < 1024; i++)
        if (from[i] & PTE_P) {
            asm volatile("lock btrl $1, %0" : "+m"(from[i]));
            to[i] = from[i];
            copied++;
        }
    command(6, 0);
    flush("fork");
    CHECK("  entries", copied, 2);

    faults = 0;
    CHECK("the parent writes", run_user(USER(STORE, SYSCALL), 0x57053702), 0x80);
    CHECK("  faults", faults, 1);
    CHECK("  error code", fault_error, 7);
    CHECK("  in the page", pages[1][0], 0x57053702);
    CHECK("switch to the child", switch_to(pgd2), 0);
    current_l1 = l1_2;
    faults = 0;
    CHECK("the child reads", run_user(USER(LOAD, SYSCALL), 0), 0x80);
    CHECK("  the same", last_trap.regs[TRAP_EAX], 0x57053702);
    CHECK("  no fault", faults, 0);
    CHECK("update_va_mapping of a page of its own",
          map_page((void *)USER_VA, virt_to_mfn(pages[2]) << 12 | PTE_USER), 0);
    pages[2][0] = 0xC41D;
    CHECK("the child reads", run_user(USER(LOAD, SYSCALL), 0), 0x80);
    CHECK("  its own", last_trap.regs[TRAP_EAX], 0xC41D);
}

/* zap_pte_range, then the tables go back to the pool and out of it. */
static void exit_mm(u32 *dir, u32 *table)
{
    volatile u32 *p = (volatile u32 *)table;
    u32 i, was;

    for (i = 0; i < 1024; i++)
        if (p[i]) {
            was = 0;
            asm volatile("xchgl %0, %1" : "+r"(was), "+m"(p[i]));
        }
    push(machine(dir + USER_L2), 0);
    flush("its table out of the directory");
    command(4, virt_to_mfn(table) << 12);
    writable(table);
    command(4, virt_to_mfn(dir) << 12);
    writable(dir);
    flush("both unpinned and writable");
    memset(table, 0x77, PAGE_SIZE);
    memset(dir, 0x77, PAGE_SIZE);
}

static u32 call_0x80(u32 eax)
{
    asm volatile("int $0x80" : "+a"(eax) : : "memory");
    return eax;
}

static void traps(void)
{
    CHECK("set_fast_trap", hypercall(11, 0x80, 0, 0, 0, 0), 0);
    UPCALL_MASK = 1;
    CHECK("int $0x80 of the kernel", try_call(call_0x80, 5), 0x80);
    CHECK("  a frame of the CPU's", last_trap.eflags >> 9 & 1, 1);
    CHECK("  on the stack it was on", last_trap.cs & 3, 1);
    CHECK("debug registers",
          hypercall(8, 0, 0, 0, 0, 0) | hypercall(8, 3, 0, 0, 0, 0) | hypercall(8, 6, 0, 0, 0, 0) |
              hypercall(8, 7, 0, 0, 0, 0),
          0);
}

void guest_main(void)
{
    early();
    new_directory();
    install_traps(); /* set_trap_table, set_callbacks, stack_switch, shared_info once more */
    fixmap();
    descriptors();
    traps();
    interrupts();
    timing();
    process();
    fork();
    CHECK("back to the kernel's own", switch_to(swapper), 0);
    exit_mm(pgd2, l1_2);
    exit_mm(pgd, l1);
    CHECK("fast trap off", hypercall(11, 0, 0, 0, 0, 0), 0);
}
