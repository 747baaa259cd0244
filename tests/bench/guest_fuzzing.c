/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * guest_fuzzing.c - the rows of `ring1 fuzz --guest`: a guest that makes the ten hypercalls that its
 * input says, run from its start again and again, with the checks that are stated; and what the way
 * back costs.
 */
#include "bench.h"

#include "fuzz/guest.h"
#include "lib/machine_priv.h"

#include <string.h>

#define SAMPLES 7u
#define CALLS   10u
#define RECORD  24u /* bytes, of guest-images/fuzzed.c */
#define DIRTY   16u

struct fuzzed {
    ring1_machine *m;
    ring1_target *target;
    struct fuzz_target *t;
    uint8_t input[CALLS * RECORD];
    unsigned runs, size; /* of a sample; of the buffer */
};

static bool start(struct fuzzed *f, const struct bench *b)
{
    static const char *const names[] = {"ring1_fuzz_start", "ring1_fuzz_done", "ring1_fuzz_input",
                                        "ring1_fuzz_length"};
    g_autoptr(GError) error = NULL;
    g_autoptr(ring1_config) config = ring1_config_new();
    uint32_t place[G_N_ELEMENTS(names)], size = 0, unused;
    unsigned which;
    if (!(f->m = ring1_machine_new_from_file(config, b->fuzzed, &error)))
        return bench_failed("%s", error->message);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (!ring1_target_symbol(f->m, names[i], &place[i], i == 2 ? &size : &unused))
            return bench_failed("%s: no %s", b->fuzzed, names[i]);
    const struct ring1_target_setup setup = {
        .buffer = place[2], .size = size, .length = place[3], .until = {place[1]}, .nr_until = 1};
    if (!ring1_target_goto(f->m, &place[0], 1, NULL, &which, &error) ||
        !(f->target = ring1_target_new(f->m, &setup, &error)))
        return bench_failed("%s", error->message);
    const struct fuzz_guest_setup guest = {.machine = f->m, .target = f->target, .max = size};
    f->t = fuzz_guest_new(&guest);
    f->size = size;
    /* One of each kind, by turns: a version, a timer, a register, memory, a yield, events. */
    for (unsigned i = 0; i < CALLS; i++) {
        f->input[i * RECORD] = (uint8_t)(i % 7);
        f->input[i * RECORD + 1] = 2; /* word 1 is an address */
        f->input[i * RECORD + 9] = 4; /* of its own */
    }
    return true;
}

/* As the loop does it: an input made of another, the way back, the run, the checks. */
static double measure_runs(struct fuzzed *f, bool sometimes_more)
{
    double figure[SAMPLES];
    struct fuzz_random random;
    struct fuzz_bytes *made = g_malloc0(sizeof *made + f->size);
    fuzz_seed(&random, 1);
    for (unsigned k = 0; k < SAMPLES; k++) {
        uint64_t begun = cpu_ns();
        for (unsigned i = 0; i < f->runs; i++) {
            struct ring1_target_end end;
            enum fuzz_level level = !sometimes_more               ? FUZZ_CHEAP
                                    : i % f->t->full_each == 0    ? FUZZ_FULL
                                    : i % f->t->recount_each == 0 ? FUZZ_RECOUNT
                                                                  : FUZZ_CHEAP;
            made->len = sizeof f->input;
            memcpy(made->byte, f->input, sizeof f->input);
            fuzz_bytes_mutate(&random, NULL, made, NULL, f->size);
            if (fuzz_guest_try(f->t, f->input, sizeof f->input, level, &end) || end.hypercalls != CALLS)
                return -1;
        }
        figure[k] = (double)(cpu_ns() - begun) / f->runs;
    }
    g_free(made);
    return median(figure, SAMPLES);
}

/* Frames of the domain that nobody uses. */
static double measure_resets(struct fuzzed *f, unsigned dirty)
{
    struct domain *d = f->m->machine->domain;
    g_autoptr(GError) error = NULL;
    double figure[SAMPLES];
    for (unsigned k = 0; k < SAMPLES; k++) {
        uint64_t spent = 0;
        for (unsigned i = 0; i < f->runs; i++) {
            for (unsigned n = 0; n < dirty; n++) {
                mfn_t mfn = MFN(d->mem->nr_frames - 2000 - n * 16);
                ((uint8_t *)frame_ptr(d->mem, mfn))[i % RING1_PAGE_SIZE]++;
                frame_changed(d, mfn);
            }
            uint64_t begun = cpu_ns();
            ring1_target_reset(f->target, &error);
            spent += cpu_ns() - begun;
        }
        figure[k] = (double)spent / f->runs;
    }
    return median(figure, SAMPLES);
}

/* What looking at the clock costs. */
static double clock_price(void)
{
    uint64_t begun = cpu_ns();
    for (unsigned i = 0; i < 10000; i++)
        (void)cpu_ns();
    return (double)(cpu_ns() - begun) / 10000;
}

static bool add(struct bench *b, const char *name, double figure, double limit, const char *note)
{
    struct bench_row *row = bench_add(b, name, "ns");
    row->figure = figure;
    row->samples = SAMPLES;
    row->goal = GOAL_FIGURE;
    row->limit = limit;
    row->note = note;
    return figure >= 0 || bench_failed("%s: a run is not what it should be", name);
}

bool measure_guest_fuzzing(struct bench *b)
{
    struct fuzzed f = {.runs = b->quick ? 2000 : 16384};
    bool ok = start(&f, b);
    if (ok) {
        double clock = clock_price(), clean = measure_resets(&f, 0) - clock,
               dirty = measure_resets(&f, DIRTY) - clock;
        ok = add(b, "fuzz --guest: a reset", clean, 1000 + 4 * 300,
                 "256 MiB; 4 frames are put back in any case: shared_info, console, xenstore") &&
             add(b, "fuzz --guest: a reset, each frame written", (dirty - clean) / DIRTY, 300, NULL) &&
             add(b, "fuzz --guest: 10 hypercalls, cheap checks", measure_runs(&f, false), 20000,
                 "an input made, put, run, its results and its domain looked at, its coverage noted") &&
             add(b, "fuzz --guest: 10 hypercalls, auto checks", measure_runs(&f, true), 20000,
                 "all references recounted after one of 1024, all checks of one of 8192");
    }
    fuzz_guest_free(f.t);
    ring1_target_free(f.target);
    ring1_machine_free(f.m);
    return ok;
}
