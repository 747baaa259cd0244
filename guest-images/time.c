/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * time - timers, waits, runstate, the clocks in shared_info: what can be compared
 * between two machines, order and not length (docs/xen-abi.md 8.16, 8.24, 8.29, 9.6).
 */
#include "lib/measure.h"

struct time_info {
    u32 version, pad;
    u64 tsc, system;
    u32 mul;
    s8 shift;
    u8 flags, pad1[2];
};

#define TIME ((volatile struct time_info *)(shared_info + 32))
#define MS   1000000u

static u32 timer_port;

static u64 rdtsc(void)
{
    u32 lo, hi;

    asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (u64)hi << 32 | lo;
}

/* a * b >> 32, without a library. */
static u64 scale(u64 a, u32 b)
{
    return (u64)(u32)(a >> 32) * b + ((u64)(u32)a * b >> 32);
}

static u64 now(void)
{
    u32 version;
    u64 t;

    do {
        u64 delta;
        version = TIME->version;
        asm volatile("" ::: "memory");
        delta = rdtsc() - TIME->tsc;
        delta = TIME->shift < 0 ? delta >> -TIME->shift : delta << TIME->shift;
        t = TIME->system + scale(delta, TIME->mul);
        asm volatile("" ::: "memory");
    } while (version & 1 || version != TIME->version);
    return t;
}

static void clear(void)
{
    u32 i;

    UPCALL_MASK = 1;
    for (i = 0; i < 32; i++)
        EVTCHN_PENDING[i] = 0;
    EVTCHN_SEL = 0;
    UPCALL_PENDING = 0;
}

static u32 fired(void)
{
    return EVTCHN_PENDING[timer_port / 32] >> timer_port % 32 & 1;
}

static s32 set_timer(u64 at)
{
    return hypercall(NR_set_timer_op, (u32)at, (u32)(at >> 32), 0, 0, 0);
}

/* Waits for the timer's port, `ms` at most: whether it came in time. */
static s32 wait(u32 ms)
{
    struct {
        u32 ports, nr;
        u64 timeout;
    } __attribute__((packed, aligned(4))) poll = {(u32)&timer_port, 1, now() + (u64)ms * MS};

    return hypercall(NR_sched_op, 3, (u32)&poll, 0, 0, 0);
}

static void clocks(void)
{
    u64 t[3];
    u32 i, backwards = 0, odd = 0;

    SAY(TIME->version & 1, "version is odd");
    SAY(TIME->mul != 0, "there is a multiplier");
    SAY(TIME->flags & ~1u, "flags but the first");
    SAY(*(volatile u32 *)(shared_info + 2304) & 1, "wallclock's version is odd");
    SAY(*(volatile u32 *)(shared_info + 2312) < 1000000000, "its nanoseconds are less than a second");
    t[0] = now();
    for (i = 0; i < 20000; i++) {
        t[1] = now();
        backwards += t[1] < t[0];
        odd += TIME->version & 1;
        t[0] = t[1];
        if (i % 100 == 0)
            hypercall(NR_xen_version, 0, 0, 0, 0, 0);
    }
    SAY(backwards, "times that the clock went back");
    SAY(odd, "odd versions seen");
    t[0] = rdtsc();
    t[1] = rdtsc();
    SAY(t[1] > t[0], "the TSC goes on");
}

static void timers(void)
{
    static const struct {
        const char *name;
        s32 ms;
    } rows[] = {{"just past", -1}, {"in 1 ms", 1}, {"in 5 ms", 5}};
    u32 i, bound[3] = {0, 0, 0};

    SAY(hypercall(NR_event_channel_op, 1, (u32)bound, 0, 0, 0), "bind the timer");
    timer_port = bound[2];
    clear();
    SAY(wait(100), "wait for the tick that every domain has");
    SAY(fired(), "  fired");
    SAY(hypercall(24, 7, 0, 0, 0, 0), "stop it");
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        u64 began = now(), at = began + (u64)((long long)rows[i].ms * (long long)MS);
        clear();
        SAY(set_timer(at), "timer %s", rows[i].name);
        SAY(wait(1000), "  wait");
        SAY(fired(), "  fired");
        SAY(now() >= at, "  not early");
        clear();
        SAY(wait(20), "  wait once more");
        SAY(fired(), "  fired");
    }
    clear();
    SAY(set_timer(now() + 300ull * MS), "timer in 300 ms");
    SAY(set_timer(0), "  taken back");
    SAY(wait(400), "  wait");
    SAY(fired(), "  fired");
    clear();
    SAY(set_timer(now() + 1000ull * MS), "timer in 1 s");
    SAY(set_timer(now() + 2 * MS), "  sooner");
    SAY(wait(100), "  wait");
    SAY(fired(), "  fired");
    for (i = 0; i < 5; i++) {
        static const u32 high[] = {0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x00100000, 0x00010000};
        clear();
        SAY(set_timer((u64)high[i] << 32), "timer at 0x%x << 32", high[i]);
        SAY(wait(5), "  wait");
        SAY(fired(), "  fired");
        SAY(wait(200), "  wait");
        SAY(fired(), "  fired");
    }
    set_timer(0);
    clear();
    EVTCHN_MASK[timer_port / 32] |= 1u << timer_port % 32;
    SAY(set_timer(now() + MS), "timer in 1 ms, its port masked");
    SAY(wait(100), "  wait");
    SAY(fired(), "  fired");
    SAY(UPCALL_PENDING, "  upcall pending");
    EVTCHN_MASK[timer_port / 32] &= ~(1u << timer_port % 32);
    clear();
    {
        u64 shot[2] = {0};
        u32 flags;
        for (flags = 0; flags < 3; flags++) {
            shot[1] = flags;
            shot[0] = now() + MS;
            clear();
            SAY(hypercall(24, 8, 0, (u32)shot, 0, 0), "singleshot in 1 ms, flags %u", flags);
            SAY(wait(100), "  wait");
            SAY(fired(), "  fired");
            shot[0] = now() - MS;
            clear();
            SAY(hypercall(24, 8, 0, (u32)shot, 0, 0), "singleshot 1 ms ago, flags %u", flags);
            SAY(wait(5), "  wait");
            SAY(fired(), "  fired");
            shot[0] = now() + 300ull * MS;
            clear();
            hypercall(24, 8, 0, (u32)shot, 0, 0);
            SAY(hypercall(24, 9, 0, 0, 0, 0), "  and stopped");
            SAY(wait(400), "  wait");
            SAY(fired(), "  fired");
        }
        shot[0] = now() + 300ull * MS;
        shot[1] = 0;
        clear();
        hypercall(24, 8, 0, (u32)shot, 0, 0);
        SAY(set_timer(0), "singleshot stopped by set_timer_op");
        SAY(wait(400), "  wait");
        SAY(fired(), "  fired");
        shot[0] = 0;
        clear();
        SAY(hypercall(24, 8, 0, (u32)shot, 0, 0), "singleshot at 0");
        SAY(wait(5), "  fired or timed out");
        SAY(fired(), "  fired");
    }
    {
        u64 period = 2 * MS;
        u32 n;
        clear();
        SAY(hypercall(24, 6, 0, (u32)&period, 0, 0), "periodic of 2 ms");
        for (n = 0; n < 5; n++) {
            wait(100);
            if (!fired())
                break;
            clear();
        }
        SAY(n, "  ticks of five");
        SAY(set_timer(0), "  set_timer_op does not stop it");
        SAY(wait(100), "  wait");
        SAY(fired(), "  fired");
        SAY(hypercall(24, 7, 0, 0, 0, 0), "  stopped");
        clear();
        SAY(wait(10), "  wait");
        SAY(fired(), "  fired");
    }
}

static void polls(void)
{
    u32 ports[4] = {timer_port, timer_port, timer_port, timer_port}, i;
    struct {
        u32 ports, nr;
        u64 timeout;
    } __attribute__((packed, aligned(4))) poll = {(u32)ports, 1, 0};

    for (i = 0; i < 5; i++) {
        u64 began = now();
        static const u32 ms[] = {0, 1, 5, 20, 50};
        clear();
        poll.nr = i % 2;
        poll.timeout = began + (u64)ms[i] * MS;
        SAY(hypercall(NR_sched_op, 3, (u32)&poll, 0, 0, 0), "poll until %u ms from now, %u ports", ms[i],
            i % 2);
        SAY(now() >= poll.timeout, "  not early");
        SAY(UPCALL_PENDING, "  upcall pending");
    }
    clear();
    EVTCHN_PENDING[timer_port / 32] |= 1u << timer_port % 32;
    poll.nr = 4;
    poll.timeout = 0;
    SAY(hypercall(NR_sched_op, 3, (u32)&poll, 0, 0, 0), "poll of a pending port, no timeout");
    clear();
    UPCALL_PENDING = 1;
    UPCALL_MASK = 1;
    poll.timeout = now() + 2 * MS;
    SAY(hypercall(NR_sched_op, 3, (u32)&poll, 0, 0, 0), "poll while an upcall is masked");
    SAY(now() >= poll.timeout, "  waited");
    clear();
    set_timer(now() + 2 * MS);
    poll.timeout = 0;
    poll.nr = 1;
    SAY(hypercall(NR_sched_op, 3, (u32)&poll, 0, 0, 0), "poll without timeout until the timer");
    SAY(fired(), "  fired");
    clear();
    SAY(hypercall(NR_sched_op, 0, 0, 0, 0, 0), "yield");
    set_timer(now() + 2 * MS);
    UPCALL_MASK = 1;
    {
        extern char event_stub[];
        s32 vec;
        (void)event_stub;
        vec = try_call(hypercall_by_page, NR_sched_op); /* yield by the page */
        SAY(vec, "yield through the page");
    }
    set_timer(0);
    clear();
}

static u32 block(u32 unused)
{
    (void)unused;
    return (u32)hypercall(NR_sched_op, 1, 0, 0, 0, 0);
}

static void blocks(void)
{
    u64 at;
    u32 i;

    for (i = 0; i < 2; i++) {
        clear();
        at = now() + 3 * MS;
        set_timer(at);
        UPCALL_MASK = (u8)i;
        SAY(try_call(block, 0), "block, mask %u", i);
        SAY(now() >= at, "  waited");
        SAY(fired(), "  fired");
        SAY(last_trap.saved_mask, "  saved mask");
        SAY((s32)last_trap.regs[TRAP_EAX], "  result");
    }
    clear();
    UPCALL_PENDING = 1;
    UPCALL_MASK = 1;
    SAY(try_call(block, 0), "block with an upcall pending");
    clear();
}

static void runstates(void)
{
    static struct {
        u32 state;
        u64 entry, time[4];
    } __attribute__((packed, aligned(4))) area, got;
    u32 at[2] = {(u32)&area, 0}, i;
    u64 before[4], sum;

    SAY(hypercall(24, 5, 0, (u32)at, 0, 0), "register_runstate");
    SAY(area.state, "  state");
    SAY(area.entry <= now(), "  entry time is not ahead");
    SAY(hypercall(24, 4, 0, (u32)&got, 0, 0), "get_runstate");
    SAY(got.state, "  state");
    sum = got.time[0] + got.time[1] + got.time[2] + got.time[3];
    SAY(sum != 0, "  some time has passed");
    SAY(got.time[0] != 0, "  running");
    memcpy(before, got.time, sizeof(before));
    clear();
    wait(10);
    hypercall(24, 4, 0, (u32)&got, 0, 0);
    SAY(got.time[2] - before[2] >= 8 * MS, "  blocked while it waited");
    SAY(got.time[0] >= before[0], "  running goes on");
    SAY(area.time[2] - before[2] >= 8 * MS, "  the area says so too");
    SAY(area.state, "  its state");
    SAY(area.entry >> 63 ? 1 : 0, "  no update is under way");
    SAY(hypercall(NR_vm_assist, 0, 5, 0, 0, 0), "runstate_update_flag");
    clear();
    wait(5);
    SAY(area.entry >> 63 ? 1 : 0, "  no update is under way");
    hypercall(NR_vm_assist, 1, 5, 0, 0, 0);
    for (i = 0; i < 3; i++) {
        u64 last = got.time[0];
        hypercall(24, 4, 0, (u32)&got, 0, 0);
        SAY(got.time[0] >= last, "running does not go back");
    }
    at[0] = 0;
    hypercall(24, 5, 0, (u32)at, 0, 0);
    {
        static struct time_info copy;
        at[0] = (u32)&copy;
        SAY(hypercall(24, 13, 0, (u32)at, 0, 0), "register_vcpu_time");
        SAY(copy.mul == TIME->mul, "  multiplier");
        SAY(copy.shift == TIME->shift, "  shift");
        SAY(copy.version & 1, "  version is odd");
        SAY(copy.system == TIME->system, "  system time");
        at[0] = 0;
        hypercall(24, 13, 0, (u32)at, 0, 0);
    }
}

void guest_main(void)
{
    set_up_measure();
    clocks();
    timers();
    polls();
    blocks();
    runstates();
}
