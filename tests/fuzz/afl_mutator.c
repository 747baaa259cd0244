/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * afl_mutator.c - mutations by the grammar of `ring1 fuzz` for AFL++: a shared object that
 * AFL_CUSTOM_MUTATOR_LIBRARY names. Inputs change as those of ring1 fuzz do, take pieces
 * from others of the same ABI and Xen, and are trimmed step by step.
 */
#include "fuzz/mutate.h"

#include <stdlib.h>
#include <string.h>

/* AFL++'s side: what of it is not used stays unnamed. */
void *afl_custom_init(void *afl, unsigned int seed);
void afl_custom_deinit(void *data);
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t buf_size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t max_size);
int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t buf_size);
size_t afl_custom_trim(void *data, uint8_t **out);
int32_t afl_custom_post_trim(void *data, uint8_t success);
const char *afl_custom_describe(void *data, size_t max);

struct mutator {
    struct fuzz_grammars *grammars;
    struct fuzz_mutator *m;
    uint8_t out[FUZZ_INPUT_MAX];
    /* Trimming leaves out one step after another, from the last one. */
    struct fuzz_input trimmed, tried;
    unsigned nr_steps, left; /* at first; of them not tried yet */
};

void *afl_custom_init(void *afl, unsigned int seed)
{
    struct mutator *s = g_new0(struct mutator, 1);
    (void)afl;
    s->grammars = fuzz_grammars_new();
    s->m = fuzz_mutator_new(s->grammars, seed);
    return s;
}

void afl_custom_deinit(void *data)
{
    struct mutator *s = data;
    fuzz_mutator_free(s->m);
    fuzz_grammars_free(s->grammars);
    g_free(s);
}

size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t buf_size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t max_size)
{
    struct mutator *s = data;
    *out = s->out;
    return fuzz_mutate_bytes(s->m, buf, buf_size, add, add_size, s->out, max_size);
}

int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t buf_size)
{
    struct mutator *s = data;
    fuzz_decode(s->grammars, buf, buf_size, &s->trimmed);
    s->left = s->nr_steps = s->trimmed.nr_steps;
    return (int32_t)s->nr_steps;
}

/* Without the step before those that were tried; one stays. */
size_t afl_custom_trim(void *data, uint8_t **out)
{
    struct mutator *s = data;
    fuzz_copy(&s->tried, &s->trimmed);
    for (unsigned i = s->left; i < s->trimmed.nr_steps; i++)
        fuzz_copy_step(&s->tried.step[i - 1], &s->trimmed.step[i]);
    if (s->trimmed.nr_steps > 1)
        s->tried.nr_steps--;
    *out = s->out;
    return fuzz_encode(&s->tried, s->out);
}

/* Returns how many were tried. */
int32_t afl_custom_post_trim(void *data, uint8_t success)
{
    struct mutator *s = data;
    if (success)
        fuzz_copy(&s->trimmed, &s->tried);
    s->left--;
    return (int32_t)(s->nr_steps - s->left);
}

const char *afl_custom_describe(void *data, size_t max)
{
    (void)data;
    (void)max;
    return "grammar";
}
