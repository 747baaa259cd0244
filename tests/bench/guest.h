/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest.h - the guest of guest-images/bench.c on two CPUs: in a machine of ring1,
 * and on the bare engine with the same hooks and nothing behind them.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include <ring1/ring1.h>

#include <stdbool.h>
#include <stdint.h>

/* In the order of works[] in guest-images/bench.c. */
enum work {
    WORK_INT,
    WORK_PAGE,
    WORK_MULTICALL,
    WORK_SIEVE,
    WORK_SORT,
    WORK_COPY,
    WORK_CALLS,
    WORK_CRC,
    WORK_EXIT, /* the bare engine's: a trap that leaves the run, and back */
    WORK_NONE,
    WORK_REMAP = 32, /* from here on only ring1 can serve: traps[] */
    WORK_FAULT,
    WORK_INT3,
    WORK_INT80,
    WORK_CPUID,
    WORK_CR0,
    WORK_UPDATE,
    WORK_REMAP_USED,
    WORK_STORE,
    WORK_TICKS, /* starts the timer's ticks; how many came is the sum */
    WORK_GRANT,
    WORK_GRANT_USED,
    WORK_YIELDS = 64, /* of guest-images/bench_smp.c, in the order of its works[] */
    WORK_IPIS,
    WORK_SLEEPS,
};
#define MULTICALL_ENTRIES 32u
#define UPDATE_ENTRIES    512u
#define MAX_TURNS         0xFFFFFFu

/* The hypercall by which it asks for work. */
#define NR_BENCH 63u
static inline uint32_t work_command(enum work work, uint32_t turns)
{
    return (uint32_t)work << 24 | turns;
}

/* What xen_version(0) answers in Xen 4.17: the bare engine's hook has to. */
#define XEN_VERSION_4_17 0x40011u

/* One CPU that can be given work. */
struct runner {
    /* Do `turns` of `work`; *sum is what it computed. False: it failed. */
    bool (*run)(struct runner *r, enum work work, uint32_t turns, uint32_t *sum);
    void (*free)(struct runner *r);
};

/* NULL: said so on stderr. `path` is an ELF file of guest-images/bench.c. */
struct runner *bare_runner(const char *path);
struct runner *ring1_runner(const char *path, unsigned vcpus);
/* Its machine's run is recorded; `record` is ended by the caller. */
struct runner *ring1_recorded_runner(const char *path, ring1_record *record);
ring1_machine *ring1_runner_machine(struct runner *r);

/* A run of `ns_wanted` or so of the bare engine: how many turns it takes. */
uint32_t turns_for(struct runner *bare, enum work work, uint64_t ns_wanted);

/* The least of a CPU's start on the bare engine, in a process of its own: open,
 * map 256 MiB, a few blocks, a byte to stdout. Returns the exit status. */
int bare_start(void);

#endif
