/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_dispatch.c - the target of `ring1 fuzz` for other engines: any bytes are an input
 * (docs/fuzzing.md), whose calls are made and checked in every way. With libFuzzer, and
 * with AFL++ through its custom mutators, mutations know the grammar.
 */
#include "fuzz.h"

#include "fuzz/check_seq.h"
#include "fuzz/mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

/* Of the process, as engines want it. */
static struct fuzz_grammars *grammars;
static struct world *worlds[16];
static struct fuzz_checker *checkers[16];

static void start(void)
{
    if (!grammars)
        grammars = fuzz_grammars_new();
}

static struct fuzz_checker *checker_of(unsigned pair)
{
    if (checkers[pair])
        return checkers[pair];
    worlds[pair] = fuzz_world_new(grammars->of[pair]->abi, NULL);
    g_assert(worlds[pair]);
    return checkers[pair] = fuzz_checker_new(worlds[pair], grammars->of[pair]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in;
    start();
    fuzz_decode(grammars, data, size, &in);
    const char *reason = fuzz_check(checker_of(in.pair), &in, FUZZ_FULL);
    if (!reason)
        return 0;
    fprintf(stderr, "fuzz_dispatch: %s\n", reason);
    abort();
}

static size_t give(const struct fuzz_input *in, uint8_t *out, size_t max_size)
{
    uint8_t bytes[FUZZ_INPUT_MAX];
    size_t len = fuzz_encode(in, bytes);
    if (len > max_size)
        return 0;
    memcpy(out, bytes, len);
    return len;
}

static struct fuzz_mutator *mutator_of(unsigned seed)
{
    static struct fuzz_mutator *m;
    start();
    if (!m)
        m = fuzz_mutator_new(grammars, 1);
    fuzz_seed(&m->random, seed);
    return m;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct fuzz_input in;
    struct fuzz_mutator *m = mutator_of(seed);
    fuzz_decode(grammars, data, size, &in);
    fuzz_mutate(m, &in, NULL);
    return give(&in, data, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    struct fuzz_input in, other;
    struct fuzz_mutator *m = mutator_of(seed);
    fuzz_decode(grammars, a, a_size, &in);
    fuzz_decode(grammars, b, b_size, &other);
    fuzz_mutate(m, &in, in.pair == other.pair ? &other : NULL);
    return give(&in, out, max_size);
}
