/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mutate.h - inputs are made up and changed by the grammar: steps come, go, change
 * places and are taken from other inputs; numbers become what their place wants, or
 * nearly so. The same seed makes the same inputs.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "input.h"
#include "random.h"

struct fuzz_mutator {
    struct fuzz_random random;
    const struct fuzz_grammars *grammars;
    uint16_t page;        /* that the last number was about: calls that matter share pages */
    unsigned *weight[16]; /* sums, by pair */
};

struct fuzz_mutator *fuzz_mutator_new(const struct fuzz_grammars *g, uint64_t seed);
void fuzz_mutator_free(struct fuzz_mutator *m);

/* From nothing: `pair` of so many steps. */
void fuzz_generate(struct fuzz_mutator *m, unsigned pair, unsigned steps, struct fuzz_input *out);
/* Change it, once or some times; `other`, of the same pair, or NULL: pieces may come from it. */
void fuzz_mutate(struct fuzz_mutator *m, struct fuzz_input *in, const struct fuzz_input *other);

/* For engines, in bytes: `a` changed, with pieces of `b` (NULL: there is none), or one made
 * from nothing, of any pair, now and then. Into `out`, of FUZZ_INPUT_MAX bytes; returns how
 * many, `max` (which is 4 or more) at most. */
size_t fuzz_mutate_bytes(struct fuzz_mutator *m, const uint8_t *a, size_t a_len, const uint8_t *b,
                         size_t b_len, uint8_t *out, size_t max);

/* The dictionary of the input's bytes for libFuzzer and AFL++; the caller frees it. */
char *fuzz_dictionary(const struct fuzz_grammars *g);

#endif
