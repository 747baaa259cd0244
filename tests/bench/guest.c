/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest.c - the benchmark's guest in a machine of ring1: hypercall NR_BENCH is
 * served here, and ends the run when there is no work.
 */
#include "guest.h"

#include "bench.h"

struct real {
    struct runner runner;
    ring1_machine *machine;
    uint32_t command;
    uint32_t sum;
};

static int32_t serve_bench(ring1_vcpu *v, const uint32_t *arg, void *user)
{
    struct real *r = user;
    uint32_t answer = r->command;
    if (answer == 0) {
        r->sum = arg[0];
        answer = work_command(WORK_NONE, 0);
        ring1_machine_interrupt(ring1_vcpu_machine(v));
    }
    r->command = 0;
    return (int32_t)answer;
}

static bool go(struct real *r)
{
    g_autoptr(GError) error = NULL;
    struct ring1_stop stop;
    if (!ring1_machine_run(r->machine, NULL, &stop, &error))
        return bench_failed("%s", error->message);
    return stop.reason == RING1_STOP_INTERRUPTED ||
           bench_failed("the guest ended: stop reason %d, %s", stop.reason,
                        stop.text ? stop.text : "no crash");
}

static bool real_run(struct runner *runner, enum work work, uint32_t turns, uint32_t *sum)
{
    struct real *r = (struct real *)runner;
    r->command = work_command(work, turns);
    if (!go(r))
        return false;
    *sum = r->sum;
    return true;
}

static void real_free(struct runner *runner)
{
    struct real *r = (struct real *)runner;
    ring1_machine_free(r->machine);
    g_free(r);
}

ring1_machine *ring1_runner_machine(struct runner *runner)
{
    return ((struct real *)runner)->machine;
}

static struct runner *make_runner(const char *path, const ring1_config *config)
{
    g_autoptr(GError) error = NULL;
    struct real *r = g_new0(struct real, 1);
    r->runner = (struct runner){real_run, real_free};
    r->machine = ring1_machine_new_from_file(config, path, &error);
    if (r->machine && ring1_machine_register_hypercall(r->machine, NR_BENCH, 1, serve_bench, r, &error) &&
        go(r))
        return &r->runner;
    if (error)
        bench_failed("%s", error->message);
    real_free(&r->runner);
    return NULL;
}

struct runner *ring1_runner(const char *path, unsigned vcpus)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    config->vcpus = vcpus;
    return make_runner(path, config);
}

struct runner *ring1_recorded_runner(const char *path, ring1_record *record)
{
    g_autoptr(ring1_config) config = ring1_config_new();
    config->record = record;
    return make_runner(path, config);
}

uint32_t turns_for(struct runner *bare, enum work work, uint64_t ns_wanted)
{
    uint32_t sum, turns = 16;
    for (;;) {
        uint64_t start = cpu_ns();
        if (!bare->run(bare, work, turns, &sum))
            return 0;
        uint64_t ns = cpu_ns() - start;
        if (ns * 8 >= ns_wanted || turns > MAX_TURNS / 2) {
            double scaled = (double)turns * (double)ns_wanted / (double)MAX(ns, 1);
            return (uint32_t)CLAMP(scaled, 1.0, (double)MAX_TURNS);
        }
        turns *= 2;
    }
}
