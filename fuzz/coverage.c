/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * coverage.c - see coverage.h. Part of the instrumented library, without being
 * instrumented itself. GCC calls __sanitizer_cov_trace_pc at each block; clang
 * __sanitizer_cov_trace_pc_guard at each edge. With an engine those calls are the engine's
 * (FUZZ_ENGINE), and ring1 fuzz in that build goes without.
 */
#include "coverage.h"

#include <stddef.h>

static uint8_t nowhere[FUZZ_COVERAGE_BYTES];
static uint8_t *map = nowhere;
static unsigned nr_new;
static bool on;
static uint32_t previous;

#ifndef FUZZ_ENGINE

static inline void note(uint32_t at)
{
    if (__builtin_expect(map[at] != 0, 1))
        return;
    map[at] = 1;
    nr_new++;
    on = true;
}

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

/* By the distance from here, which is the same in every process. */
void __sanitizer_cov_trace_pc(void)
{
    uint64_t pc = (uint64_t)(uintptr_t)__builtin_return_address(0) - (uint64_t)(uintptr_t)nowhere;
    uint32_t block = (uint32_t)(pc * 0x9E3779B97F4A7C15ull >> 47);
    note((block ^ previous) & (FUZZ_COVERAGE_BYTES - 1));
    previous = block >> 1;
}

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
    static uint32_t nr;
    on = true;
    for (uint32_t *g = start; g < stop && *start == 0; g++)
        *g = ++nr;
}

void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
    note(*guard & (FUZZ_COVERAGE_BYTES - 1));
}

#endif

bool fuzz_coverage_on(void)
{
    return on;
}

void fuzz_coverage_use(uint8_t *to)
{
    map = to ? to : nowhere;
    previous = 0;
    nr_new = 0;
}

unsigned fuzz_coverage_new(void)
{
    unsigned n = nr_new;
    nr_new = 0;
    previous = 0;
    return n;
}
