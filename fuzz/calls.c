/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * calls.c - see calls.h.
 */
#include "calls.h"

#include "mutate.h"
#include "to_seq.h"

#include <string.h>

#define MAX_PAIRS 16u
#define NEW_EACH  8u /* of all inputs, one in so many is made up from nothing */

struct calls {
    struct fuzz_target target;
    const struct fuzz_grammars *g;
    int pair;
    const struct fuzz_prepare *prepare;
    struct fuzz_mutator *mutator;
    struct world *world[MAX_PAIRS];
    struct fuzz_checker *checker[MAX_PAIRS];
    uint32_t feature[FUZZ_MAX_FEATURES];
};

static struct calls *calls_of(struct fuzz_target *t)
{
    return (struct calls *)(void *)t;
}

/* --- inputs ------------------------------------------------------------------------------------ */

static void copy(void *to, const void *from)
{
    fuzz_copy(to, from);
}

static size_t encode(struct fuzz_target *t, const void *input, uint8_t *bytes)
{
    (void)t;
    return fuzz_encode(input, bytes);
}

static void decode(struct fuzz_target *t, const uint8_t *bytes, size_t len, void *input)
{
    fuzz_decode(calls_of(t)->g, bytes, len, input);
}

static bool wanted(struct fuzz_target *t, const void *input)
{
    const struct fuzz_input *in = input;
    return calls_of(t)->pair < 0 || in->pair == calls_of(t)->pair;
}

static void begin(struct fuzz_target *t, uint64_t seed)
{
    struct calls *c = calls_of(t);
    fuzz_mutator_free(c->mutator);
    c->mutator = fuzz_mutator_new(c->g, seed);
}

static unsigned pick_pair(struct calls *c)
{
    return c->pair >= 0 ? (unsigned)c->pair : fuzz_roll(&c->mutator->random, c->g->nr);
}

static void next(struct fuzz_target *t, const struct fuzz_pool *pool, void *input)
{
    struct calls *c = calls_of(t);
    struct fuzz_mutator *m = c->mutator;
    struct fuzz_input *in = input;
    const struct fuzz_input *other = NULL;
    if (pool->nr == 0 || fuzz_roll(&m->random, NEW_EACH) == 0) {
        fuzz_generate(m, pick_pair(c), 2 + fuzz_roll(&m->random, 12), in);
        return;
    }
    fuzz_copy(in, fuzz_pool_at(pool, fuzz_roll(&m->random, pool->nr)));
    for (unsigned i = 0; i < 3 && !other; i++) {
        other = fuzz_pool_at(pool, fuzz_roll(&m->random, pool->nr));
        other = other->pair == in->pair ? other : NULL;
    }
    fuzz_mutate(m, in, other);
}

/* --- trying -------------------------------------------------------------------------------------- */

static const char *check(struct fuzz_target *t, void *input, enum fuzz_level level, struct fuzz_outcome *out)
{
    struct calls *c = calls_of(t);
    struct fuzz_input *in = input;
    struct fuzz_checker *checker = c->checker[in->pair];
    const uint32_t *feature;
    const char *reason = fuzz_check(checker, in, level);
    *out = (struct fuzz_outcome){.calls = fuzz_checker_calls(checker), .feature = c->feature};
    out->nr_features = fuzz_checker_features(checker, &feature);
    for (unsigned i = 0; i < out->nr_features; i++)
        c->feature[i] = feature[i] ^ in->pair * 0x27D4EB2Fu;
    return reason;
}

/* --- finds --------------------------------------------------------------------------------------- */

static void without(struct fuzz_input *in, unsigned from, unsigned n, const struct fuzz_trial *trial)
{
    struct fuzz_input less;
    fuzz_copy(&less, in);
    for (unsigned i = from; i + n < in->nr_steps; i++)
        fuzz_copy_step(&less.step[i], &in->step[i + n]);
    less.nr_steps = (uint8_t)(in->nr_steps - n);
    if (trial->holds(trial->user, &less))
        fuzz_copy(in, &less);
}

static void reduce_steps(struct fuzz_input *in, const struct fuzz_trial *trial)
{
    for (unsigned n = in->nr_steps / 2u; n > 0; n /= 2)
        for (unsigned at = in->nr_steps; at >= n && at > 0;) {
            at = at > n ? at - n : 0;
            if (at + n <= in->nr_steps && in->nr_steps > n)
                without(in, at, n, trial);
            if (at == 0)
                break;
        }
}

static void reduce(struct fuzz_target *t, void *input, const struct fuzz_trial *trial, unsigned tries)
{
    struct fuzz_input *in = input;
    (void)t;
    (void)tries; /* there are few steps */
    reduce_steps(in, trial);
    for (unsigned i = 0; i < in->nr_steps; i++)
        for (unsigned k = in->step[i].nr_said; k-- > 0;) {
            struct fuzz_input less;
            fuzz_copy(&less, in);
            struct fuzz_step *s = &less.step[i];
            memmove(&s->said[k], &s->said[k + 1], (s->nr_said - k - 1u) * sizeof s->said[0]);
            s->nr_said--;
            if (fuzz_is_call(s) && trial->holds(trial->user, &less))
                fuzz_copy(in, &less);
        }
}

static char *sequence(struct fuzz_target *t, const void *input, const char *reason, unsigned tries)
{
    struct calls *c = calls_of(t);
    const struct fuzz_input *in = input;
    return fuzz_find_text(c->world[in->pair], c->g->of[in->pair], in, reason, c->prepare, tries);
}

static void tell(struct fuzz_target *t, const void *input, int fd)
{
    struct calls *c = calls_of(t);
    const struct fuzz_input *in = input;
    fuzz_to_seq_file(c->world[in->pair], c->g->of[in->pair], in, fd);
}

static const struct fuzz_target_ops ops = {
    .copy = copy,
    .encode = encode,
    .decode = decode,
    .wanted = wanted,
    .begin = begin,
    .next = next,
    .check = check,
    .reduce = reduce,
    .sequence = sequence,
    .tell = tell,
};

/* --- making -------------------------------------------------------------------------------------- */

static bool make_world(struct calls *c, unsigned pair, GError **error)
{
    const struct fuzz_grammar *g = c->g->of[pair];
    if (!(c->world[pair] = fuzz_world_new(g->abi, error)))
        return false;
    if (c->prepare && c->prepare->prepare)
        c->prepare->prepare(c->prepare->user, c->world[pair]);
    c->checker[pair] = fuzz_checker_new(c->world[pair], g);
    return true;
}

/* Of all pairs: what is decoded may be of any. */
struct fuzz_target *fuzz_calls_new(const struct fuzz_grammars *g, int pair,
                                   const struct fuzz_prepare *prepare, GError **error)
{
    struct calls *c = g_new0(struct calls, 1);
    c->target = (struct fuzz_target){.ops = &ops,
                                     .input_bytes = sizeof(struct fuzz_input),
                                     .file_bytes = FUZZ_INPUT_MAX,
                                     .full_each = 256,
                                     .recount_each = 16};
    c->g = g;
    c->pair = pair;
    c->prepare = prepare;
    for (unsigned i = 0; i < g->nr; i++)
        if ((pair < 0 || (unsigned)pair == i) && !make_world(c, i, error)) {
            fuzz_calls_free(&c->target);
            return NULL;
        }
    return &c->target;
}

void fuzz_calls_free(struct fuzz_target *t)
{
    if (!t)
        return;
    struct calls *c = calls_of(t);
    for (unsigned i = 0; i < MAX_PAIRS; i++) {
        fuzz_checker_free(c->checker[i]);
        world_free(c->world[i]);
    }
    fuzz_mutator_free(c->mutator);
    g_free(c);
}
