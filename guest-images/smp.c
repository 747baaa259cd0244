/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * smp - several vcpus: they come up and go down, send each other IPIs, take locks,
 * have timers and times of their own, and see what others map. With one vcpu it
 * says so and ends (docs/xen-abi.md 8.24, 8.29, 9.6).
 */
#include "lib/smp.h"

static u32 turns = 50; /* of everything; turns= on the command line */

/* --- coming up ----------------------------------------------------------------- */

static volatile u32 arrived;

static void arrive(struct cpu *self)
{
    (void)self;
    atomic_add(&arrived, 1);
}

static void coming_up(void)
{
    u32 bad = xen >= XEN_4_17 ? -ENOENT : -EINVAL;

    CHECK("is_up of vcpu 0", vcpu_op(VCPUOP_is_up, 0, 0), 1);
    CHECK("is_up of vcpu 1, before", vcpu_op(VCPUOP_is_up, 1, 0), 0);
    CHECK("up of vcpu 1, before", vcpu_op(VCPUOP_up, 1, 0), -EINVAL);
    CHECK("is_up of vcpu 99", vcpu_op(VCPUOP_is_up, 99, 0), bad);
    CHECK("initialise vcpu 0", smp_initialise(0), -EEXIST);
    CHECK("initialise by a bad pointer", vcpu_op(VCPUOP_initialise, 1, (void *)8), -EFAULT);
    smp_bring_up();
    CHECK("initialise twice", smp_initialise(1), -EEXIST);
    CHECK("is_up of vcpu 1, after", vcpu_op(VCPUOP_is_up, 1, 0), 1);
    CHECK("up twice", vcpu_op(VCPUOP_up, 1, 0), 0);
    smp_all(arrive);
    CHECK("all came up", arrived, nr_cpus - 1);
}

/* --- IPIs ---------------------------------------------------------------------- */

/* To and fro with vcpu 0, which sleeps meanwhile. */
static volatile u32 ball;

static void catch (struct cpu *self)
{
    for (u32 i = 0; i < turns; i++) {
        self->info[1] = 1;
        while (ball != 2 * i + 1) {
            block();
            self->info[1] = 1;
        }
        self->info[1] = 0;
        ball = 2 * i + 2;
        send_ipi(&cpus[0]);
    }
}

static void ping_pong(void)
{
    u32 ipis = cpus[0].ipis;

    ball = 0;
    smp_give(&cpus[1], catch);
    for (u32 i = 0; i < turns; i++) {
        ball = 2 * i + 1;
        send_ipi(&cpus[1]);
        cpus[0].info[1] = 1;
        while (ball != 2 * i + 2) {
            block();
            cpus[0].info[1] = 1;
        }
        cpus[0].info[1] = 0;
    }
    smp_wait(&cpus[1]);
    CHECK("an IPI to and fro", cpus[0].ipis - ipis, turns);
}

/* Each asks all others again and again, and goes on when all have answered. */
static volatile u32 answers;

static void answer_all(struct cpu *self)
{
    u32 asked = atomic_swap(&self->mail, 0);

    for (u32 i = 0; i < nr_cpus; i++)
        if (asked >> i & 1)
            atomic_add(&answers, 1);
}

static u32 unanswered(const struct cpu *self)
{
    u32 waiting = 0;

    for (u32 i = 0; i < nr_cpus; i++)
        waiting |= cpus[i].mail >> self->id & 1;
    return waiting;
}

static void storm(struct cpu *self)
{
    for (u32 turn = 0; turn < turns; turn++) {
        for (u32 i = 0; i < nr_cpus; i++) {
            if (i == self->id)
                continue;
            atomic_or(&cpus[i].mail, 1u << self->id);
            send_ipi(&cpus[i]);
        }
        while (unanswered(self))
            pause();
    }
}

static void ipi_storm(void)
{
    answers = 0;
    on_ipi = answer_all;
    for (u32 i = 1; i < nr_cpus; i++)
        smp_give(&cpus[i], storm);
    storm(&cpus[0]);
    for (u32 i = 1; i < nr_cpus; i++)
        smp_wait(&cpus[i]);
    on_ipi = 0;
    CHECK("a storm of IPIs", answers, nr_cpus * (nr_cpus - 1) * turns);
}

/* --- locks ---------------------------------------------------------------------- */

static volatile u32 lock, counter;
static volatile u32 next_ticket, now_serving;

static void spend(u32 rounds)
{
    for (volatile u32 i = 0; i < rounds; i++)
        ;
}

/* The counter is torn unless the lock holds. */
static void count_slowly(void)
{
    u32 value = counter;

    spend(200);
    counter = value + 1;
}

static void with_spinlock(struct cpu *self)
{
    (void)self;
    for (u32 i = 0; i < turns; i++) {
        while (atomic_swap(&lock, 1))
            pause();
        count_slowly();
        lock = 0;
    }
}

static void with_yield(struct cpu *self)
{
    (void)self;
    for (u32 i = 0; i < turns; i++) {
        while (atomic_swap(&lock, 1))
            yield();
        count_slowly();
        lock = 0;
    }
}

/* In order, as Linux had it: who is next must run, though all others spin. */
static void with_tickets(struct cpu *self)
{
    (void)self;
    for (u32 i = 0; i < turns; i++) {
        u32 mine = atomic_add(&next_ticket, 1);
        while (now_serving != mine)
            pause();
        count_slowly();
        now_serving = mine + 1;
    }
}

/* Waiters sleep in SCHEDOP_poll on a masked port, and are kicked. */
static void with_poll(struct cpu *self)
{
    u32 port = self->ipi_port;
    struct {
        const u32 *ports;
        u32 nr;
        u64 timeout;
    } poll = {&port, 1, 0};

    set_port_mask(port, 1);
    for (u32 i = 0; i < turns; i++) {
        u32 mine = atomic_add(&next_ticket, 1);
        while (now_serving != mine) {
            asm volatile("lock andl %1, %0"
                         : "+m"(EVTCHN_PENDING[port / 32])
                         : "r"(~(1u << port % 32))
                         : "memory");
            atomic_or(&self->mail, 1u << 31);
            if (now_serving != mine)
                hypercall(NR_sched_op, 3, (u32)&poll, 0, 0, 0);
        }
        count_slowly();
        now_serving = mine + 1;
        for (u32 k = 1; k < nr_cpus; k++)
            if (k != self->id && atomic_swap(&cpus[k].mail, 0))
                send_ipi(&cpus[k]);
    }
    evtchn_op(9, port, 0, 0); /* unmask: a kick may have come too late */
}

static void locks(void)
{
    static const struct {
        const char *name;
        void (*job)(struct cpu *self);
    } kinds[] = {{"a spinlock", with_spinlock},
                 {"a lock that yields", with_yield},
                 {"tickets", with_tickets},
                 {"tickets that poll", with_poll}};

    for (u32 i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].job == with_poll && xen == XEN_3_0_0)
            continue;
        counter = 0;
        smp_all(kinds[i].job);
        CHECK(kinds[i].name, counter, (nr_cpus - 1) * turns);
    }
    for (u32 i = 0; i < nr_cpus; i++)
        cpus[i].mail = 0;
}

/* --- time ----------------------------------------------------------------------- */

static u64 last_time;
static volatile u32 went_back, early, missed;

/* What one has read another does not read earlier. */
static void read_times(struct cpu *self)
{
    for (u32 i = 0; i < 4 * turns; i++) {
        while (atomic_swap(&lock, 1))
            pause();
        u64 now = system_time(self);
        if (now < last_time)
            atomic_add(&went_back, 1);
        last_time = now;
        lock = 0;
        spend(self->id * 10);
    }
}

/* Its own timer, while others' are set to other times. */
static void sleep_by_timer(struct cpu *self)
{
    for (u32 i = 0; i < 5; i++) {
        u64 until = system_time(self) + 1000000 + self->id * 50000;
        u32 ticks = self->ticks;
        if (set_timer(until))
            atomic_add(&missed, 1);
        self->info[1] = 1;
        while (self->ticks == ticks || system_time(self) < until) {
            block();
            self->info[1] = 1;
        }
        self->info[1] = 0;
        if (system_time(self) < until)
            atomic_add(&early, 1);
    }
}

static void times(void)
{
    smp_all(read_times);
    CHECK("times that went back", went_back, 0);
    smp_all(sleep_by_timer);
    CHECK("timers that could not be set", missed, 0);
    CHECK("timers that came early", early, 0);
}

/* --- runstates ------------------------------------------------------------------- */

struct runstate {
    u32 state;
    u64 since, time[4];
} __attribute__((packed));

static struct runstate area[MAX_CPUS];
static volatile u32 wrong_area, wrong_sum;

static u64 sum(const struct runstate *r)
{
    return r->time[0] + r->time[1] + r->time[2] + r->time[3];
}

/* Its runstate, some time between the two times. */
struct reading {
    u64 from, to;
    struct runstate r;
};

static void read_runstate(struct cpu *self, struct reading *at)
{
    at->from = system_time(self);
    vcpu_op(VCPUOP_get_runstate_info, self->id, &at->r);
    at->to = system_time(self);
}

#define NEARLY 20000u /* ns */

static void watch_runstate(struct cpu *self)
{
    struct reading before, after, later;
    struct runstate shown;
    struct {
        volatile void *at;
        u32 pad;
    } place = {&area[self->id], 0};

    vcpu_op(VCPUOP_register_runstate_memory_area, self->id, &place);
    read_runstate(self, &before);
    sleep_by_timer(self);
    spend(20000);
    read_runstate(self, &after);
    shown = area[self->id];
    read_runstate(self, &later);
    /* Between the two calls all of the time was spent somehow. */
    u64 spent = sum(&after.r) - sum(&before.r);
    if (spent + NEARLY < after.from - before.to || spent > after.to - before.from + NEARLY)
        atomic_add(&wrong_sum, 1);
    if (after.r.time[2] <= before.r.time[2] || after.r.time[0] <= before.r.time[0])
        atomic_add(&wrong_sum, 1);
    /* The area is as of when this vcpu got the CPU. */
    if (shown.state != 0 || sum(&shown) > sum(&later.r))
        atomic_add(&wrong_area, 1);
}

static void runstates(void)
{
    struct runstate r;

    smp_all(watch_runstate);
    CHECK("runstates that do not add up", wrong_sum, 0);
    CHECK("runstate areas that are wrong", wrong_area, 0);
    vcpu_op(VCPUOP_get_runstate_info, 1, &r);
    CHECK("a vcpu that waits is blocked", r.state, 2);
    CHECK("vcpus that had to wait for the CPU", nr_cpus == 2 || r.time[1] > 0, 1);
}

/* --- translations ----------------------------------------------------------------- */

static u8 window[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
static u8 first[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
static u8 second[PAGE_SIZE] __attribute__((aligned(4096), section(".pages")));
static volatile u32 seen, looked;

/* Looks at the window all the time, and says what it saw last. */
static void look(struct cpu *self)
{
    (void)self;
    while (looked != ~0u) {
        seen = *(volatile u32 *)window;
        atomic_add(&looked, 1);
        pause();
    }
}

static u32 seen_after(u32 looks)
{
    u32 before = looked;

    while (looked - before < looks)
        yield();
    return seen;
}

static void shootdown(void)
{
    struct {
        u32 cmd, arg1;
        const u32 *mask;
    } flush = {8, (u32)window, 0}; /* TLB_FLUSH_MULTI */
    u32 mask = 2, wrong = 0, ours = virt_to_mfn(window), a = virt_to_mfn(first), b = virt_to_mfn(second);

    *(u32 *)first = 1;
    *(u32 *)second = 2;
    flush.mask = &mask;
    looked = 0;
    CHECK("map the first", map_page(window, pte(a, PTE_RO)), 0);
    smp_give(&cpus[1], look);
    CHECK("the other sees it", seen_after(2), 1);
    /* By the pointer in update_va_mapping, its "all", and by mmuext_op. */
    for (u32 i = 0; i < turns; i++) {
        u32 want = i & 1 ? 1 : 2, frame = i & 1 ? a : b;
        u32 flags = i % 3 == 0 ? ((u32)&mask | 2u) : i % 3 == 1 ? 4u | 1u : 0u;
        wrong += map_page_flags(window, pte(frame, PTE_RO), flags) != 0;
        if (i % 3 == 2)
            wrong += hypercall(NR_mmuext_op, (u32)&flush, 1, 0, DOMID_SELF, 0) != 0;
        wrong += seen_after(2) != want;
    }
    CHECK("what the other saw wrong", wrong, 0);
    looked = ~0u - 1;
    smp_wait(&cpus[1]);
    CHECK("its own page again", map_page(window, pte(ours, PTE_RWX)), 0);
    flush.mask = (const u32 *)8;
    CHECK("a mask that cannot be read", hypercall(NR_mmuext_op, (u32)&flush, 1, 0, DOMID_SELF, 0), -EINVAL);
    CHECK("  in update_va_mapping", map_page_flags(window, pte(ours, PTE_RWX), 0x10u | 2u), -EFAULT);
}

/* --- places of vcpu_info ------------------------------------------------------------- */

static u8 infos[MAX_CPUS][64] __attribute__((aligned(4096), section(".pages")));

static void move_info(struct cpu *self)
{
    struct {
        u64 mfn;
        u32 offset, pad;
    } place = {virt_to_mfn(infos), (u32)infos[self->id] % PAGE_SIZE, 0};

    if (vcpu_op(VCPUOP_register_vcpu_info, self->id, &place))
        atomic_add(&missed, 1);
    else
        self->info = infos[self->id];
}

static void move_infos(void)
{
    smp_all(move_info);
    move_info(&cpus[0]);
    CHECK("vcpu_infos that could not be moved", missed, 0);
    ping_pong();
    ipi_storm();
}

/* --- going down ------------------------------------------------------------------------ */

static volatile u32 downs;

static void go_down(struct cpu *self)
{
    for (u32 i = 0; i < turns; i++) {
        vcpu_op(VCPUOP_down, self->id, 0);
        atomic_add(&downs, 1);
    }
}

static void going_down(void)
{
    u32 ups = 0;

    for (u32 i = 1; i < nr_cpus; i++)
        smp_give(&cpus[i], go_down);
    while (ups < (nr_cpus - 1) * turns) {
        for (u32 i = 1; i < nr_cpus; i++)
            if (cpus[i].job && !vcpu_op(VCPUOP_is_up, i, 0)) {
                vcpu_op(VCPUOP_up, i, 0);
                ups++;
            }
        yield();
    }
    for (u32 i = 1; i < nr_cpus; i++)
        smp_wait(&cpus[i]);
    CHECK("all went down and came up again", downs, (nr_cpus - 1) * turns);
    CHECK("down, by another", vcpu_op(VCPUOP_down, 1, 0), 0);
    CHECK("  is it up", vcpu_op(VCPUOP_is_up, 1, 0), 0);
    arrived = 0;
    smp_give(&cpus[1], arrive);
    for (u32 i = 0; i < 10; i++)
        yield();
    CHECK("  does it run", arrived, 0);
    CHECK("  up", vcpu_op(VCPUOP_up, 1, 0), 0);
    smp_wait(&cpus[1]);
    CHECK("  does it run now", arrived, 1);
}

void guest_main(void)
{
    const char *wanted = option("turns");

    for (turns = wanted ? 0 : turns; wanted && *wanted >= '0' && *wanted <= '9'; wanted++)
        turns = turns * 10 + (u32)(*wanted - '0');
    smp_start();
    print("%u vcpus\n", nr_cpus);
    if (nr_cpus < 2)
        return;
    coming_up();
    ping_pong();
    ipi_storm();
    locks();
    times();
    if (xen >= XEN_3_0_4)
        runstates();
    shootdown();
    if (xen >= XEN_3_2)
        move_infos();
    going_down();
}
