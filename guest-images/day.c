/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * day - a day of doing nothing: the guest sleeps from one timer to the next for 24
 * hours of its time, and looks whether its clocks agree (docs/xen-abi.md 8.6, 8.15,
 * 9.6).
 */
#include "lib/traps.h"

#define SECOND 1000000000ull
#define NAP    (10 * SECOND)
#define NAPS   8640u

/* vcpu_time_info of vcpu 0, and the wallclock. */
#define TIME_VERSION (*(volatile u32 *)(shared_info + 32))
#define TIME_SYSTEM  (*(volatile u64 *)(shared_info + 48))
#define WC_SECONDS   (*(volatile u32 *)(shared_info + 2304 + 4))

static u32 upcalls;

static int on_event(struct trap *t)
{
    if (t->vec != VEC_EVENT)
        return 0;
    upcalls++;
    UPCALL_PENDING = 0;
    EVTCHN_SEL = 0;
    for (u32 i = 0; i < 32; i++)
        EVTCHN_PENDING[i] = 0;
    return 1;
}

/* The stamp is new whenever the vcpu wakes. */
static u64 system_time(void)
{
    u32 version;
    u64 t;

    do {
        version = TIME_VERSION;
        t = TIME_SYSTEM;
    } while (version & 1 || version != TIME_VERSION);
    return t;
}

static void bind_timer(void)
{
    u32 op[4] = {1 /* bind_virq */, VIRQ_TIMER, 0, 0};

    CHECK("bind_virq", hypercall(NR_event_channel_op_compat, (u32)op, 0, 0, 0, 0), 0);
    EVTCHN_MASK[op[3] / 32] &= ~(1u << op[3] % 32);
}

void guest_main(void)
{
    u64 start, target, last;
    u32 n, blocks = 0, early = 0, backwards = 0, date;

    install_traps();
    on_trap = on_event;
    bind_timer();
    CHECK("stop the periodic tick", hypercall(24, 7, 0, 0, 0, 0), 0);
    date = WC_SECONDS;
    start = last = system_time();
    for (n = 1; n <= NAPS; n++) {
        target = start + n * NAP;
        hypercall(NR_set_timer_op, (u32)target, (u32)(target >> 32), 0, 0, 0);
        while (system_time() < target && blocks < 10 * NAPS) {
            hypercall(NR_sched_op_compat, 1, 0, 0, 0, 0);
            UPCALL_MASK = 1;
            blocks++;
            backwards += system_time() < last;
            last = system_time();
        }
        early += system_time() - target > SECOND;
    }
    last = system_time() - start;
    CHECK("a day has passed", last >= NAPS * NAP && last < NAPS * NAP + SECOND, 1);
    CHECK("naps that ended late", early, 0);
    CHECK("time went backwards", backwards, 0);
    CHECK("a block a nap", blocks < NAPS + 100, 1);
    CHECK("an upcall a nap", upcalls < NAPS + 100 && upcalls >= NAPS, 1);
    CHECK("the date at time 0 stayed", WC_SECONDS - date, 0);
}
