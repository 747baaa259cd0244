/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * loops.c - the rows that are one loop of the guest on two CPUs: hypercalls,
 * multicalls, plain code.
 *
 * A sample is the CPU time of a run long enough that entering and leaving it do
 * not count; bare engine and ring1 take turns, and the ratio is the median of
 * the pairs', so that a change of the host's speed meets both.
 */
#include "bench.h"
#include "dispatch/hypercall.h"
#include "guest.h"

#define SAMPLES       9u
#define QUICK_SAMPLES 3u
#define SAMPLE_NS     20000000u

struct pair {
    struct runner *bare, *real;
};

static void close_pair(struct pair *p)
{
    if (p->bare)
        p->bare->free(p->bare);
    if (p->real)
        p->real->free(p->real);
}

static bool open_pair(const struct bench *b, struct pair *p)
{
    p->bare = bare_runner(b->work);
    p->real = ring1_runner(b->work, 1);
    if (p->bare && p->real)
        return true;
    close_pair(p);
    return false;
}

static unsigned samples_wanted(const struct bench *b)
{
    return b->quick ? QUICK_SAMPLES : SAMPLES;
}

static bool sample(struct runner *r, enum work work, uint32_t turns, double *ns, uint32_t *sum)
{
    uint64_t start = cpu_ns();
    bool ok = r->run(r, work, turns, sum);
    *ns = (double)(cpu_ns() - start) / turns;
    return ok;
}

/* Fills figure, bare and ratio of the row: ns of one turn, divided by `per`. */
static bool measure_work(const struct bench *b, struct pair *p, enum work work, double per,
                         struct bench_row *row)
{
    double bare[SAMPLES], real[SAMPLES], ratio[SAMPLES];
    uint32_t sums[2], turns = turns_for(p->bare, work, b->quick ? SAMPLE_NS / 4 : SAMPLE_NS);
    row->samples = samples_wanted(b);
    for (unsigned i = 0; i <= row->samples; i++) {
        double ns[2];
        unsigned first = i & 1; /* who runs first changes */
        struct runner *r[] = {p->bare, p->real};
        for (unsigned k = 0; k < 2; k++)
            if (!turns || !sample(r[k ^ first], work, turns, &ns[k ^ first], &sums[k ^ first]))
                return false;
        if (sums[0] != sums[1])
            return bench_failed("%s: ring1 computed %#x, the bare engine %#x", row->name, sums[1], sums[0]);
        if (i == 0)
            continue; /* warms caches: translations are made here */
        bare[i - 1] = ns[0] / per;
        real[i - 1] = ns[1] / per;
        ratio[i - 1] = ns[1] / ns[0];
    }
    row->bare = median(bare, row->samples);
    row->figure = median(real, row->samples);
    row->ratio = median(ratio, row->samples);
    return true;
}

/* --- hypercalls ------------------------------------------------------------- */

static bool measure_call(struct bench *b, struct pair *p, enum work work, const char *name)
{
    struct bench_row *row = bench_add(b, name, "ns");
    row->goal = GOAL_RATIO;
    row->limit = 1.5;
    return measure_work(b, p, work, 1, row);
}

bool measure_hypercall(struct bench *b)
{
    struct pair p;
    if (!open_pair(b, &p))
        return false;
    bool ok = measure_call(b, &p, WORK_INT, "null hypercall by int 0x82") &&
              measure_call(b, &p, WORK_PAGE, "null hypercall by the hypercall page");
    close_pair(&p);
    return ok;
}

bool measure_multicall(struct bench *b)
{
    struct pair p;
    if (!open_pair(b, &p))
        return false;
    struct bench_row *row = bench_add(b, "multicall entry, 32 x xen_version", "ns");
    row->goal = GOAL_FIGURE;
    row->limit = 15;
    row->note = "bare: the trap's share, with nobody to walk the list";
    bool ok = measure_work(b, &p, WORK_MULTICALL, MULTICALL_ENTRIES, row);
    row->ratio = NAN;
    close_pair(&p);
    return ok;
}

/* --- tracing ---------------------------------------------------------------- */

#define DOOR_CALLS 200000u

/* ns of a call through the door, and of its handler alone. */
static void sample_door(struct vcpu *v, double *entered, double *called)
{
    const uint32_t arg[MAX_HYPERCALL_ARGS] = {0};
    hypercall_fn volatile handler = do_xen_version;
    struct vcpu *volatile vcpu = v;
    uint64_t t0 = cpu_ns();
    for (unsigned i = 0; i < DOOR_CALLS; i++)
        handler(vcpu, arg);
    uint64_t t1 = cpu_ns();
    for (unsigned i = 0; i < DOOR_CALLS; i++)
        hypercall_enter(vcpu, 17, arg);
    *called = (double)(t1 - t0) / DOOR_CALLS;
    *entered = (double)(cpu_ns() - t1) / DOOR_CALLS;
}

/* Nothing else of tracing is on a call's way: the door asks whether somebody
 * watches. That and the look into the table, beside a whole null hypercall. */
bool measure_door(struct bench *b)
{
    struct pair p;
    double extra[SAMPLES];
    if (!open_pair(b, &p))
        return false;
    struct vcpu *v = ring1_machine_vcpu(ring1_runner_machine(p.real), 0);
    struct bench_row *row = bench_add(b, "tracing off, of a null hypercall", "%");
    struct bench_row whole = {.name = row->name};
    bool ok = measure_work(b, &p, WORK_INT, 1, &whole);
    row->samples = samples_wanted(b);
    for (unsigned i = 0; i < row->samples; i++) {
        double entered, called;
        sample_door(v, &entered, &called);
        extra[i] = MAX(0, entered - called);
    }
    row->figure = 100 * median(extra, row->samples) / whole.figure;
    row->goal = GOAL_FIGURE;
    row->limit = 5;
    row->note = "upper bound: the door's whole cost, table look-up included";
    close_pair(&p);
    return ok;
}

/* --- traps --------------------------------------------------------------------- */

/* The least that a turn took is kept as a part: beside it, a busy host shows. */
static bool measure_trap(const struct bench *b, struct pair *p, enum work work, double per,
                         struct bench_row *row)
{
    double bare[SAMPLES], real[SAMPLES], ratio[SAMPLES], least = INFINITY;
    uint64_t wanted = b->quick ? SAMPLE_NS / 4 : SAMPLE_NS;
    uint32_t sum, bare_turns = turns_for(p->bare, WORK_EXIT, wanted),
                  turns = turns_for(p->real, work, wanted);
    row->samples = samples_wanted(b);
    if (!bare_turns || !turns)
        return false;
    for (unsigned i = 0; i < row->samples; i++) {
        if (!sample(p->bare, WORK_EXIT, bare_turns, &bare[i], &sum) ||
            !sample(p->real, work, turns, &real[i], &sum))
            return false;
        if (sum != turns)
            return bench_failed("%s: %u of %u were served", row->name, sum, turns);
        real[i] /= per;
        ratio[i] = real[i] / bare[i];
        least = MIN(least, real[i]);
    }
    row->bare = median(bare, row->samples);
    row->figure = median(real, row->samples);
    row->ratio = median(ratio, row->samples);
    row->parts = g_array_new(FALSE, FALSE, sizeof(struct bench_part));
    struct bench_part part = {"least", least};
    g_array_append_val(row->parts, part);
    return true;
}

bool measure_traps(struct bench *b)
{
    static const struct {
        enum work work;
        const char *name;
        double per, limit;
    } traps[] = {
        {WORK_REMAP, "update_va_mapping + INVLPG", 1, 1200},
        {WORK_REMAP_USED, "the same, and the page is used each time", 1, 0},
        {WORK_STORE, "a store to an L1 table", 1, 0},
        {WORK_FAULT, "#PF -> handler -> iret", 1, 1000},
        {WORK_INT3, "int3 -> handler -> HYPERVISOR_iret", 1, 1000},
        {WORK_INT80, "int 0x80 in ring 3 -> handler -> iret", 1, 1300},
        {WORK_CPUID, "emulated: forced CPUID", 1, 800},
        {WORK_CR0, "emulated: mov from and to CR0, each", 2, 800},
        {WORK_UPDATE, "mmu_update, an entry of 512", UPDATE_ENTRIES, 40},
        {WORK_GRANT, "grant map + unmap", 1, 1500},
        {WORK_GRANT_USED, "the same, and the page is written to", 1, 0},
    };
    struct pair p;
    bool ok = true;
    if (!open_pair(b, &p))
        return false;
    for (size_t i = 0; ok && i < G_N_ELEMENTS(traps); i++) {
        struct bench_row *row = bench_add(b, traps[i].name, "ns");
        row->goal = traps[i].limit > 0 ? GOAL_FIGURE : GOAL_NONE;
        row->limit = traps[i].limit;
        ok = measure_trap(b, &p, traps[i].work, traps[i].per, row);
    }
    close_pair(&p);
    return ok;
}

/* --- plain code ------------------------------------------------------------- */

bool measure_compute(struct bench *b)
{
    static const struct {
        enum work work;
        const char *name;
    } kernels[] = {
        {WORK_SIEVE, "compute: sieve of 8192"}, {WORK_SORT, "compute: shell sort of 1024"},
        {WORK_COPY, "compute: copy of 4 KiB"},  {WORK_CALLS, "compute: fibonacci(15) by calls"},
        {WORK_CRC, "compute: CRC-32 of 4 KiB"},
    };
    struct pair p;
    double product = 1;
    uint32_t ticks;
    if (!open_pair(b, &p))
        return false;
    bool ok = p.real->run(p.real, WORK_TICKS, 1, &ticks);
    for (size_t i = 0; ok && i < G_N_ELEMENTS(kernels); i++) {
        struct bench_row *row = bench_add(b, kernels[i].name, "us");
        ok = measure_work(b, &p, kernels[i].work, 1000, row);
        product *= row->ratio;
    }
    struct bench_row *mean = bench_add(b, "compute: geometric mean", "x");
    mean->figure = mean->ratio = pow(product, 1.0 / G_N_ELEMENTS(kernels));
    mean->goal = GOAL_RATIO;
    mean->limit = 1.5;
    if (ok && p.real->run(p.real, WORK_TICKS, 1, &ticks) && ticks == 0)
        ok = bench_failed("no tick came during the compute rows");
    close_pair(&p);
    return ok;
}
