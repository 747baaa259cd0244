/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bench_smp - work for tests/bench/ with several vcpus: the CPU changes hands, an IPI
 * goes to and fro, all sleep. Asked for as in bench.c.
 */
#include "lib/smp.h"

#define NR_BENCH   63u
#define FIRST_WORK 64u

static volatile u32 left;

static void yield_on(struct cpu *self)
{
    (void)self;
    while (left) {
        left--;
        yield();
    }
}

/* The two give each other the CPU. */
static u32 yields(u32 turns)
{
    left = turns;
    smp_give(&cpus[1], yield_on);
    yield_on(&cpus[0]);
    smp_wait(&cpus[1]);
    return turns;
}

static volatile u32 ball;

static void wait_for(struct cpu *self, u32 value)
{
    self->info[1] = 1;
    while (ball != value) {
        block();
        self->info[1] = 1;
    }
    self->info[1] = 0;
}

static void send_back(struct cpu *self)
{
    while (left) {
        wait_for(self, 1);
        left--;
        ball = 0;
        send_ipi(&cpus[0]);
    }
}

/* Each sleeps until the other's IPI comes. */
static u32 ipis(u32 turns)
{
    ball = 0;
    left = turns;
    smp_give(&cpus[1], send_back);
    for (u32 i = 0; i < turns; i++) {
        ball = 1;
        send_ipi(&cpus[1]);
        wait_for(&cpus[0], 0);
    }
    smp_wait(&cpus[1]);
    return turns;
}

/* For 10 ms a turn, while all others are blocked. */
static u32 sleeps(u32 turns)
{
    struct cpu *self = &cpus[0];

    for (u32 i = 0; i < turns; i++) {
        u32 ticks = self->ticks;
        u64 until = system_time(self) + 10000000;
        set_timer(until);
        self->info[1] = 1;
        while (self->ticks == ticks) {
            block();
            self->info[1] = 1;
        }
        self->info[1] = 0;
    }
    return turns;
}

/* Their order is known to tests/bench/guest.h. */
static u32 (*const works[])(u32 turns) = {yields, ipis, sleeps};

void guest_main(void)
{
    u32 sum = 0;

    smp_start();
    smp_bring_up();
    for (;;) {
        u32 command = (u32)hypercall(NR_BENCH, sum, 0, 0, 0, 0);
        u32 work = (command >> 24) - FIRST_WORK;

        if (command == (u32)-ENOSYS)
            return;
        sum = work < sizeof(works) / sizeof(works[0]) ? works[work](command & 0xFFFFFF) : 0;
    }
}
