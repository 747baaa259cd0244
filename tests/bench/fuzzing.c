/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzzing.c - the rows of `ring1 fuzz`: an input of ten steps made from another, run and
 * checked, and what the way back to the start costs.
 */
#include "bench.h"

#include "fuzz/check.h"
#include "fuzz/mutate.h"

#include <string.h>

#define SAMPLES 5u
#define INPUTS  1024u
#define STEPS   10u
#define DIRTY   16u

struct fuzzing {
    struct fuzz_grammars *grammars;
    struct fuzz_mutator *mutator;
    struct world *w;
    struct fuzz_checker *checker;
    unsigned pair;
    struct fuzz_input input[INPUTS], now;
};

/* With AddressSanitizer everything but the way back takes five times as long. */
#ifdef __SANITIZE_ADDRESS__
#define INPUT_NS 25000
#else
#define INPUT_NS 5000
#endif

/* A turn as the worker of `ring1 fuzz` has it, without coverage. */
static double measure_inputs(struct fuzzing *f, enum fuzz_level level, unsigned runs)
{
    double figure[SAMPLES];
    for (unsigned k = 0; k < SAMPLES; k++) {
        uint64_t start = cpu_ns();
        for (unsigned i = 0; i < runs; i++) {
            fuzz_copy(&f->now, &f->input[i % INPUTS]);
            fuzz_mutate(f->mutator, &f->now, &f->input[(i + 7) % INPUTS]);
            (void)fuzz_check(f->checker, &f->now, level);
        }
        figure[k] = (double)(cpu_ns() - start) / runs;
    }
    return median(figure, SAMPLES);
}

static double measure_resets(struct world *w, unsigned dirty)
{
    double figure[SAMPLES];
    for (unsigned k = 0; k < SAMPLES; k++) {
        uint64_t start = cpu_ns();
        for (unsigned i = 0; i < 4000; i++) {
            for (unsigned n = 0; n < dirty; n++)
                *world_page(w, FUZZ_RW_PFN + n) ^= 1;
            world_reset(w);
        }
        figure[k] = (double)(cpu_ns() - start) / 4000;
    }
    return median(figure, SAMPLES);
}

static void add(struct bench *b, const char *name, double figure, double limit)
{
    struct bench_row *row = bench_add(b, name, "ns");
    row->figure = figure;
    row->samples = SAMPLES;
    if (limit > 0) {
        row->goal = GOAL_FIGURE;
        row->limit = limit;
    }
}

bool measure_fuzzing(struct bench *b)
{
    struct fuzzing *f = g_new0(struct fuzzing, 1);
    f->grammars = fuzz_grammars_new();
    f->mutator = fuzz_mutator_new(f->grammars, 1);
    f->pair = f->grammars->nr - 1; /* PAE of 4.17 */
    f->w = fuzz_world_new(f->grammars->of[f->pair]->abi, NULL);
    if (!f->w)
        return bench_failed("fuzz: there is no world");
    f->checker = fuzz_checker_new(f->w, f->grammars->of[f->pair]);
    for (unsigned i = 0; i < INPUTS; i++)
        fuzz_generate(f->mutator, f->pair, STEPS, &f->input[i]);
    double clean = measure_resets(f->w, 0);
    add(b, "fuzz: a reset, nothing written", clean, 1000);
    add(b, "fuzz: a reset, each frame written", (measure_resets(f->w, DIRTY) - clean) / DIRTY, 300);
    add(b, "fuzz: an input of 10 steps, cheap checks", measure_inputs(f, FUZZ_CHEAP, 8000), INPUT_NS);
    add(b, "  and references counted at its end", measure_inputs(f, FUZZ_RECOUNT, 4000), 0);
    add(b, "fuzz: an input of 10 steps, all checks", measure_inputs(f, FUZZ_FULL, 500), 0);
    fuzz_checker_free(f->checker);
    world_free(f->w);
    fuzz_mutator_free(f->mutator);
    fuzz_grammars_free(f->grammars);
    g_free(f);
    return true;
}
