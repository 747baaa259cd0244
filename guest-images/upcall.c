/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * upcall - event upcalls: when they come and when not, their frame, ports and
 * masks, blocking until a timer (docs/xen-abi.md 6.4, 6.5, 8.6, 8.16, 12.1).
 */
#include "lib/traps.h"

static u32 upcalls;
static int clear_pending = 1, unmask;

/* Counts; goes on with the mask as `unmask` says. */
static int count(struct trap *t)
{
    if (t->vec != VEC_EVENT)
        return 0;
    upcalls++;
    if (clear_pending)
        UPCALL_PENDING = 0;
    if (unmask)
        UPCALL_MASK = 0;
    return 1;
}

static u32 enter_xen(u32 unused)
{
    (void)unused;
    return (u32)hypercall(NR_xen_version, 0, 0, 0, 0, 0);
}

static void quiet(void)
{
    u32 i;

    UPCALL_MASK = 1;
    for (i = 0; i < 32; i++)
        EVTCHN_PENDING[i] = 0;
    EVTCHN_SEL = 0;
    UPCALL_PENDING = 0;
    upcalls = 0;
}

/* One hypercall with the two bytes as given; the upcalls that came. */
static u32 with(u8 pending, u8 mask)
{
    quiet();
    UPCALL_PENDING = pending;
    UPCALL_MASK = mask;
    enter_xen(0);
    UPCALL_MASK = 1;
    UPCALL_PENDING = 0;
    return upcalls;
}

static void bytes(void)
{
    u32 version = enter_xen(0);

    CHECK("pending 1, mask 0", with(1, 0), 1);
    CHECK("  mask in the handler", last_trap.mask, 1);
    CHECK("  pending in the handler", last_trap.pending, 1);
    CHECK("  saved mask", last_trap.saved_mask, 0);
    CHECK("  IF", last_trap.eflags >> 9 & 1, 1);
    CHECK("  cs", last_trap.cs, KERNEL_CS);
    CHECK("pending 1, mask 1", with(1, 1), 0);
    CHECK("pending 1, mask 2", with(1, 2), 0);
    CHECK("pending 1, mask 0xff", with(1, 0xFF), 0);
    CHECK("pending 0x80, mask 0", with(0x80, 0), 1);
    CHECK("pending 0, mask 0", with(0, 0), 0);

    quiet();
    UPCALL_PENDING = 1;
    UPCALL_MASK = 0;
    CHECK("the interrupted call's result", enter_xen(0), version);
    CHECK("  mask afterwards", UPCALL_MASK, 1);

    quiet();
    clear_pending = 0;
    unmask = 1;
    UPCALL_PENDING = 1;
    UPCALL_MASK = 0;
    enter_xen(0);
    enter_xen(0);
    enter_xen(0);
    CHECK("pending not cleared: comes again", upcalls >= 3, 1);
    clear_pending = 1;
    unmask = 0;
    quiet();
}

static s32 event_op(u32 cmd, u32 *args, u32 words)
{
#ifdef GUEST_2_0
    u32 op[8] = {cmd, 0}, *at = op + 2; /* {cmd, reserved, union} */
#else
    u32 op[7] = {cmd}, *at = op + 1;
#endif
    s32 rc;

    memcpy(at, args, words * 4);
    rc = hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0);
    memcpy(args, at, words * 4);
    return rc;
}

/* An event that becomes due inside a multicall is delivered between two
 * entries: EIP is at the `int $0x82` again, EBX and ECX are what is left
 * (docs/xen-abi.md 3.3, 13.2). */
#ifdef GUEST_2_0
#define RESULT 6
#else
#define RESULT 1
#endif
static u32 calls[3 * 8], result_then;
static struct trap between;

static int look(struct trap *t)
{
    if (!count(t))
        return 0;
    between = *t;
    result_then = calls[8 + RESULT];
    return 1;
}

static void inside_multicall(void)
{
    u32 i, version = enter_xen(0);

    quiet();
    memset(calls, 0, sizeof(calls));
    for (i = 0; i < 3; i++) {
        calls[i * 8] = NR_xen_version;
        calls[i * 8 + RESULT] = 0xEEEE0000;
    }
#ifdef GUEST_2_0
    UPCALL_PENDING = 1;
#else
    u32 ipi[2] = {0, 0}, send[7] = {4};

    event_op(7, ipi, 2);
    send[1] = ipi[1];
    EVTCHN_MASK[ipi[1] / 32] &= ~(1u << ipi[1] % 32);
    calls[0] = NR_event_channel_op_compat;
    calls[2] = (u32)send;
#endif
    on_trap = look;
    UPCALL_MASK = 0;
    CHECK("event inside a multicall: rc", hypercall(NR_multicall, (u32)calls, 3, 0, 0, 0), 0);
    on_trap = count;
    CHECK("  upcalls", upcalls, 1);
    CHECK("  at an int $0x82", *(const u16 *)between.eip, 0x82CD);
    CHECK("  list that is left", between.regs[4], (u32)(calls + 8));
    CHECK("  entries that are left", between.regs[6], 2);
    CHECK("  second entry not run then", result_then, 0xEEEE0000);
    CHECK("  first result", calls[RESULT], xen == XEN_2_0 ? version : 0);
    CHECK("  second result", calls[8 + RESULT], version);
    CHECK("  third result", calls[16 + RESULT], version);
    quiet();
}

#ifndef GUEST_2_0
/* An event channel to oneself: bind_ipi and send. */
static void ports(void)
{
    u32 ipi[2] = {0, 0}, send[1], word, bit, status[6] = {0x7FF0};

    CHECK("bind_ipi", event_op(7, ipi, 2), 0);
    send[0] = ipi[1];
    word = ipi[1] / 32;
    bit = 1u << ipi[1] % 32;
    status[1] = ipi[1];
    CHECK("  status", event_op(5, status, 6), 0);
    CHECK("  is an IPI", status[2], 5);
    quiet();
    EVTCHN_MASK[word] &= ~bit;
    CHECK("send, upcalls masked", event_op(4, send, 1), 0);
    CHECK("  pending bit", EVTCHN_PENDING[word] & bit, bit);
    CHECK("  selector", EVTCHN_SEL >> word & 1, 1);
    CHECK("  upcall pending", UPCALL_PENDING, 1);
    CHECK("  no upcall yet", upcalls, 0);
    UPCALL_MASK = 0;
    enter_xen(0);
    CHECK("  upcall at the next entry", upcalls, 1);

    quiet();
    UPCALL_MASK = 0;
    CHECK("send, upcalls open", event_op(4, send, 1), 0);
    CHECK("  upcall at once", upcalls, 1);

    quiet();
    EVTCHN_MASK[word] |= bit;
    UPCALL_MASK = 0;
    CHECK("send, port masked", event_op(4, send, 1), 0);
    CHECK("  pending bit", EVTCHN_PENDING[word] & bit, bit);
    CHECK("  selector", EVTCHN_SEL, 0);
    CHECK("  no upcall", upcalls, 0);
    if (xen >= XEN_3_0_4) {
        CHECK("unmask", event_op(9, send, 1), 0);
        CHECK("  upcall", upcalls, 1);
        CHECK("  port mask", EVTCHN_MASK[word] & bit, 0);
    }
    quiet();
    CHECK("close", event_op(3, send, 1), 0);
    CHECK("send to a closed port", event_op(4, send, 1), -EINVAL);
    CHECK("send to port 0", (send[0] = 0, event_op(4, send, 1)), -EINVAL);
    CHECK("send to port 4096", (send[0] = 4096, event_op(4, send, 1)), -EINVAL);
}

/* HYPERVISOR_iret: mask := !IF, EAX from the frame, upcall if one is due. */
extern u32 hypervisor_iret(u32 eflags);

static void iret(void)
{
    quiet();
    CHECK("iret with IF", hypervisor_iret(0x202), 0x77777777);
    CHECK("  mask", UPCALL_MASK, 0);
    CHECK("iret without IF", hypervisor_iret(0x002), 0x77777777);
    CHECK("  mask", UPCALL_MASK, 1);
    UPCALL_PENDING = 1;
    CHECK("iret with IF and an event", hypervisor_iret(0x202), 0x77777777);
    CHECK("  upcall", upcalls, 1);
    quiet();
}
#endif

#ifndef GUEST_2_0
static u64 tsc(void)
{
    u32 low, high;

    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}
#endif

/* System time in ns: docs/xen-abi.md 9.6. */
static u64 now(void)
{
#ifdef GUEST_2_0
    return *(volatile u64 *)(shared_info + 288); /* as of the last tick */
#else
    u64 delta = tsc() - *(volatile u64 *)(shared_info + 40), low;
    u32 mul = *(volatile u32 *)(shared_info + 56);
    s8 shift = *(volatile s8 *)(shared_info + 60);

    delta = shift < 0 ? delta >> -shift : delta << shift;
    low = (u64)(u32)delta * mul >> 32;
    return *(volatile u64 *)(shared_info + 48) + (u64)(u32)(delta >> 32) * mul + low;
#endif
}

static s32 set_timer(u64 at)
{
#ifdef GUEST_2_0
    return hypercall(NR_set_timer_op, (u32)(at >> 32), (u32)at, 0, 0, 0);
#else
    return hypercall(NR_set_timer_op, (u32)at, (u32)(at >> 32), 0, 0, 0);
#endif
}

#define MS 1000000ull

static void timer(void)
{
    static const u8 spin[] = {0xEB, 0xFE}; /* jmp . */
    u32 bind[3] = {VIRQ_TIMER, 0, 0}, port;
    u64 start;
    u32 slept = 0;

    CHECK("bind_virq timer", event_op(1, bind, 3), 0);
#ifdef GUEST_2_0
    port = bind[1];
#else
    port = bind[2];
#endif
    quiet();
    EVTCHN_MASK[port / 32] &= ~(1u << port % 32);
#ifndef GUEST_2_0
    if (xen >= XEN_3_0_4)
        hypercall(24, 7, 0, 0, 0, 0); /* stop the periodic tick, where Xen can */
#endif
    enter_xen(0);
    quiet();
    start = now();
    CHECK("set_timer_op", set_timer(start + 60 * MS), 0);
    /* Ticks may come in between: block until the time has come. */
    while (now() < start + 60 * MS && slept < 1000) {
        upcalls = 0;
        UPCALL_PENDING = 0;
        EVTCHN_SEL = 0;
        EVTCHN_PENDING[port / 32] = 0;
        hypercall(NR_sched_op_compat, 1, 0, 0, 0, 0);
        slept++;
    }
    CHECK("block until it fires: upcall", upcalls, 1);
    CHECK("  mask in the handler", last_trap.mask, 1);
    CHECK("  the timer's port is pending", EVTCHN_PENDING[port / 32] >> port % 32 & 1, 1);
    CHECK("  woke in time", now() - start >= 60 * MS && now() - start < 1000 * MS, 1);

    /* Ring 3 spins with upcalls open: the timer interrupts it. */
    quiet();
    set_timer(now() + 20 * MS);
    on_trap = 0;
    UPCALL_MASK = 0;
    CHECK("upcall in ring 3", run_user(spin, sizeof(spin), 0), VEC_EVENT);
    CHECK("  cs", last_trap.cs, USER_CS);
    CHECK("  eip", last_trap.eip - (u32)user_code, 0);
    CHECK("  ss", last_trap.ss, USER_DS);
    CHECK("  frame, below the kernel's stack top", KERNEL_STACK_TOP - last_trap.at, 20);
    on_trap = count;
    quiet();
#ifndef GUEST_2_0
    CHECK("close the timer's port", event_op(3, &port, 1), 0);
#endif
}

#ifndef GUEST_2_0
static void poll(void)
{
    u32 ipi[2] = {0, 0};
    u64 start;
    struct {
        u32 ports, nr;
        u64 timeout;
    } op = {(u32)&ipi[1], 1, 0};

    event_op(7, ipi, 2);
    quiet();
    start = now();
    op.timeout = start + 30 * MS;
    CHECK("poll until its timeout", hypercall(NR_sched_op, 3, (u32)&op, 0, 0, 0), 0);
    CHECK("  slept", now() - start >= 30 * MS, 1);
    EVTCHN_MASK[0] |= 1u << ipi[1]; /* a masked port wakes it too */
    event_op(4, ipi + 1, 1);
    start = now();
    op.timeout = start + 10000 * MS;
    CHECK("poll of a pending port", hypercall(NR_sched_op, 3, (u32)&op, 0, 0, 0), 0);
    CHECK("  did not sleep", now() - start < 1000 * MS, 1);
    op.nr = 129;
    CHECK("poll of 129 ports", hypercall(NR_sched_op, 3, (u32)&op, 0, 0, 0), -EINVAL);
}
#endif

void guest_main(void)
{
    install_traps();
    on_trap = count;
    bytes();
    inside_multicall();
#ifndef GUEST_2_0
    ports();
    if (xen >= XEN_3_0_4)
        iret();
#endif
    timer();
#ifndef GUEST_2_0
    if (xen >= XEN_3_0_4)
        poll();
#endif
}
