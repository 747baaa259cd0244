/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vcpus.c - the rows of guest-images/bench_smp.c: the CPU changes hands, an IPI goes
 * to and fro, a domain of many vcpus sleeps.
 */
#include "bench.h"
#include "guest.h"

#define SAMPLES       9u
#define QUICK_SAMPLES 3u
#define SWITCHES      20000u
#define IPIS          10000u
#define SLEEPS        100u /* of 10 ms */

static const struct {
    enum work work;
    const char *name, *unit;
    unsigned vcpus;
    uint32_t turns;
    double per, limit;
} rows[] = {
    {WORK_YIELDS, "vcpu switch", "ns", 2, SWITCHES, SWITCHES, 1500},
    {WORK_YIELDS, "vcpu switch, of 32 vcpus", "ns", 32, SWITCHES, SWITCHES, 0},
    {WORK_IPIS, "IPI round trip", "ns", 2, IPIS, IPIS, 4000},
    {WORK_IPIS, "IPI round trip, of 32 vcpus", "ns", 32, IPIS, IPIS, 0},
    {WORK_SLEEPS, "CPU of 32 vcpus that sleep, in 1 s", "us", 32, SLEEPS, 1000, 1000},
};

static bool measure_row(struct bench *b, size_t i)
{
    double figure[SAMPLES];
    uint32_t sum;
    struct bench_row *row = bench_add(b, rows[i].name, rows[i].unit);
    struct runner *r = ring1_runner(b->smp, rows[i].vcpus);
    row->samples = b->quick ? QUICK_SAMPLES : SAMPLES;
    row->goal = rows[i].limit > 0 ? GOAL_FIGURE : GOAL_NONE;
    row->limit = rows[i].limit;
    if (!r)
        return false;
    bool ok = r->run(r, rows[i].work, rows[i].turns, &sum); /* warms */
    for (unsigned k = 0; ok && k < row->samples; k++) {
        uint64_t start = cpu_ns();
        ok = r->run(r, rows[i].work, rows[i].turns, &sum);
        figure[k] = (double)(cpu_ns() - start) / rows[i].per;
        if (ok && sum != rows[i].turns)
            ok = bench_failed("%s: %u of %u were done", row->name, sum, rows[i].turns);
    }
    r->free(r);
    if (ok)
        row->figure = median(figure, row->samples);
    return ok;
}

bool measure_vcpus(struct bench *b)
{
    bool ok = true;
    for (size_t i = 0; ok && i < G_N_ELEMENTS(rows); i++)
        ok = measure_row(b, i);
    return ok;
}
