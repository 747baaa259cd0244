/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * worker.c - the child of loop.c, which does the fuzzing.
 */
#include "loop_priv.h"

#include <stdlib.h>
#include <unistd.h>

/* Of inputs that do nothing new, one in so many is tried with all checks, and one in so
 * many with a recount at its end. */
#define FULL_EACH    256u
#define RECOUNT_EACH 16u
#define NEW_EACH     8u /* of all, made up from nothing */

static bool new_features(struct fuzz_loop *l, const struct fuzz_checker *c)
{
    const uint32_t *feature;
    unsigned n = fuzz_checker_features(c, &feature);
    bool any = false;
    for (unsigned i = 0; i < n; i++) {
        uint32_t at = (feature[i] ^ l->s->now.pair * 0x27D4EB2Fu) % FEATURE_BYTES;
        if (l->s->feature[at])
            continue;
        l->s->feature[at] = 1;
        l->s->results++;
        any = true;
    }
    return any;
}

static bool new_edges(struct fuzz_loop *l)
{
    unsigned n = fuzz_coverage_new();
    l->s->edges += n;
    return n > 0;
}

static enum fuzz_level level_of(const struct fuzz_loop *l)
{
    uint64_t n = l->s->runs;
    if (l->o->effort != FUZZ_AUTO)
        return l->o->effort == FUZZ_ALL_FULL ? FUZZ_FULL : FUZZ_CHEAP;
    return n % FULL_EACH == FULL_EACH - 1         ? FUZZ_FULL
           : n % RECOUNT_EACH == RECOUNT_EACH - 1 ? FUZZ_RECOUNT
                                                  : FUZZ_CHEAP;
}

static void try_now(struct fuzz_loop *l, bool keep)
{
    struct fuzz_shared *s = l->s;
    struct fuzz_checker *c = l->checker[s->now.pair];
    enum fuzz_level level = level_of(l);
    const char *reason = fuzz_check(c, &s->now, level);
    s->runs++;
    s->calls += fuzz_checker_calls(c);
    bool edges = new_edges(l), features = new_features(l, c);
    if (G_UNLIKELY((edges || features) && !reason)) {
        /* Where edges are known, those alone are worth a file. */
        if (keep)
            fuzz_corpus_add(l, &s->now, edges || !fuzz_coverage_on() ? l->o->corpus : NULL);
        else if (l->o->merge && (edges || !fuzz_coverage_on()))
            fuzz_corpus_write(&s->now, l->o->merge);
        if (level != FUZZ_FULL && l->o->effort == FUZZ_AUTO) {
            reason = fuzz_check(c, &s->now, FUZZ_FULL);
            new_edges(l);
        }
    }
    if (G_UNLIKELY(reason != NULL))
        fuzz_keep_find(l, &s->now, reason);
}

static unsigned pick_pair(struct fuzz_loop *l, struct fuzz_random *r)
{
    return l->o->pair >= 0 ? (unsigned)l->o->pair : fuzz_roll(r, l->g->nr);
}

static void make_next(struct fuzz_loop *l, struct fuzz_mutator *m)
{
    struct fuzz_shared *s = l->s;
    const struct fuzz_input *other = NULL;
    if (s->nr_corpus == 0 || fuzz_roll(&m->random, NEW_EACH) == 0) {
        fuzz_generate(m, pick_pair(l, &m->random), 2 + fuzz_roll(&m->random, 12), &s->now);
        return;
    }
    fuzz_copy(&s->now, &s->corpus[fuzz_roll(&m->random, s->nr_corpus)]);
    for (unsigned i = 0; i < 3 && !other; i++) {
        other = &s->corpus[fuzz_roll(&m->random, s->nr_corpus)];
        other = other->pair == s->now.pair ? other : NULL;
    }
    fuzz_mutate(m, &s->now, other);
}

/* What the corpus reaches is known before anything is changed. */
static void replay(struct fuzz_loop *l)
{
    for (unsigned i = 0; i < l->s->nr_corpus && !l->s->stop; i++) {
        fuzz_copy(&l->s->now, &l->s->corpus[i]);
        if (l->o->pair < 0 || l->s->now.pair == l->o->pair)
            try_now(l, false);
    }
}

void fuzz_worker(struct fuzz_loop *l)
{
    struct fuzz_shared *s = l->s;
    struct fuzz_mutator *m = fuzz_mutator_new(l->g, l->o->seed * 1000003u + l->generation);
    gint64 end = l->begun + (gint64)(l->o->seconds * G_USEC_PER_SEC);
    fuzz_coverage_use(s->edge);
    if (l->generation == 0)
        replay(l);
    while (!s->stop && !l->o->merge && (l->o->runs == 0 || s->runs < l->o->runs)) {
        if (s->runs % 64 == 0 && l->o->seconds > 0 && g_get_monotonic_time() >= end)
            break;
        if (l->o->max_finds && s->nr_kinds >= l->o->max_finds)
            break;
        make_next(l, m);
        try_now(l, true);
    }
    s->coverage = fuzz_coverage_on();
    s->done = true;
    fuzz_mutator_free(m);
    _exit(0);
}
