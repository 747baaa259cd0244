/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_dispatch.c - the target of `ring1 fuzz` for other engines: any bytes are an input
 * (docs/fuzzing.md), whose calls are made and checked. With libFuzzer mutations know the
 * grammar; with AFL++ those of afl_mutator.c do.
 *
 * The environment's RING1_FUZZ_CHECKS: full (all checks, the default), or cheap, which is
 * sixty times as fast. Built with faults planted, RING1_PLANT names the one that there is.
 */
#include "fuzz.h"

#include "dispatch/plant.h"
#include "fuzz/check_seq.h"
#include "fuzz/mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the process, as engines want it. */
static struct fuzz_grammars *grammars;
static struct world *worlds[16];
static struct fuzz_checker *checkers[16];
static enum fuzz_level level = FUZZ_FULL;

#ifdef RING1_PLANT
enum plant plant_now;

static void plant(const char *name)
{
    static const char *const names[NR_PLANTS] = {"none",
#define PLANT_NAME(name, what) #name,
                                                 PLANTS(PLANT_NAME)
#undef PLANT_NAME
    };
    for (unsigned i = 0; name && i < NR_PLANTS; i++)
        if (strcmp(names[i], name) == 0)
            plant_now = (enum plant)i;
}
#else
static void plant(const char *name)
{
    (void)name;
}
#endif

/* All worlds, so that a fork server's children have them. */
static void start(void)
{
    const char *checks = getenv("RING1_FUZZ_CHECKS");
    if (grammars)
        return;
    if (checks && strcmp(checks, "cheap") == 0)
        level = FUZZ_RECOUNT;
    plant(getenv("RING1_PLANT"));
    grammars = fuzz_grammars_new();
    for (unsigned i = 0; i < grammars->nr; i++) {
        worlds[i] = fuzz_world_new(grammars->of[i]->abi, NULL);
        g_assert(worlds[i]);
        checkers[i] = fuzz_checker_new(worlds[i], grammars->of[i]);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in;
    start();
    fuzz_decode(grammars, data, size, &in);
    const char *reason = fuzz_check(checkers[in.pair], &in, level);
    /* The way back is this input's own, not the next one's: engines want to see of an
     * input the same edges each time. */
    world_reset(worlds[in.pair]);
    if (!reason)
        return 0;
    fprintf(stderr, "fuzz_dispatch: %s\n", reason);
    abort();
}

static size_t mutate(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
                     size_t max_size, unsigned seed)
{
    static struct fuzz_mutator *m;
    uint8_t bytes[FUZZ_INPUT_MAX];
    start();
    if (!m)
        m = fuzz_mutator_new(grammars, 1);
    fuzz_seed(&m->random, seed);
    size_t len = fuzz_mutate_bytes(m, a, a_size, b, b_size, bytes, MAX(max_size, 4));
    len = MIN(len, max_size);
    memcpy(out, bytes, len);
    return len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return mutate(data, size, NULL, 0, data, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    return mutate(a, a_size, b, b_size, out, max_size, seed);
}
