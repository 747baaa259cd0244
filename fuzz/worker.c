/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * worker.c - the child of loop.c, which does the fuzzing.
 */
#include "loop_priv.h"

#include <stdlib.h>
#include <unistd.h>

static bool new_features(struct fuzz_loop *l, const struct fuzz_outcome *out)
{
    bool any = false;
    for (unsigned i = 0; i < out->nr_features; i++) {
        uint32_t at = out->feature[i] % FEATURE_BYTES;
        if (l->s->feature[at])
            continue;
        l->s->feature[at] = 1;
        l->s->results++;
        any = true;
    }
    return any;
}

/* Once, twice, and so on, up to many times. */
static uint8_t times_bit(uint8_t count)
{
    return (uint8_t)(count <= 1    ? 1
                     : count == 2  ? 2
                     : count == 3  ? 4
                     : count < 8   ? 8
                     : count < 16  ? 16
                     : count < 32  ? 32
                     : count < 128 ? 64
                                   : 128);
}

static bool new_places(struct fuzz_loop *l, const struct fuzz_outcome *out)
{
    bool any = false;
    for (unsigned i = 0; i < out->nr_places; i++) {
        uint8_t *known = &l->s->place[out->place[i]], bit = times_bit(out->count[out->place[i]]);
        if (G_LIKELY(*known & bit))
            continue;
        l->s->places += *known == 0;
        *known |= bit;
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
    unsigned full = l->target->full_each, recount = l->target->recount_each;
    return n % full == full - 1 ? FUZZ_FULL : n % recount == recount - 1 ? FUZZ_RECOUNT : FUZZ_CHEAP;
}

static void try_now(struct fuzz_loop *l, bool keep)
{
    struct fuzz_shared *s = l->s;
    struct fuzz_target *t = l->target;
    struct fuzz_outcome out = {0};
    enum fuzz_level level = level_of(l);
    const char *reason = t->ops->check(t, fuzz_now(l), level, &out);
    s->runs++;
    s->calls += out.calls;
    bool edges = new_edges(l) | new_places(l, &out), features = new_features(l, &out);
    if (G_UNLIKELY((edges || features) && !reason)) {
        /* Where edges are known, those alone are worth a file. */
        bool worth = edges || !(fuzz_coverage_on() || out.nr_places);
        if (edges && s->nr_ways < MAX_CORPUS && s->nr_corpus < l->max_corpus)
            s->way[s->nr_ways++] = (uint16_t)(keep ? s->nr_corpus : l->replayed);
        if (keep)
            fuzz_corpus_add(l, fuzz_now(l), worth ? FUZZ_NEW : FUZZ_OF_FOLDER);
        else if (worth)
            s->wanted[l->replayed] = FUZZ_MERGED;
        if (level != FUZZ_FULL && l->o->effort == FUZZ_AUTO) {
            reason = t->ops->check(t, fuzz_now(l), FUZZ_FULL, &out);
            new_edges(l);
        }
    }
    if (G_UNLIKELY(reason != NULL))
        fuzz_keep_find(l, fuzz_now(l), reason);
}

/* What the corpus reaches is known before anything is changed. */
static void replay(struct fuzz_loop *l)
{
    struct fuzz_target *t = l->target;
    for (unsigned i = 0, n = l->s->nr_corpus; i < n && !l->s->stop; i++) {
        const struct fuzz_pool pool = fuzz_pool_of(l);
        t->ops->copy(fuzz_now(l), fuzz_pool_at(&pool, i));
        l->replayed = i;
        if (!t->ops->wanted || t->ops->wanted(t, fuzz_now(l)))
            try_now(l, false);
    }
}

void fuzz_worker(struct fuzz_loop *l)
{
    struct fuzz_shared *s = l->s;
    struct fuzz_target *t = l->target;
    gint64 end = l->begun + (gint64)(l->o->seconds * G_USEC_PER_SEC);
    if (l->o->confine)
        l->o->confine(l->o->user);
    s->busy = true;
    if (!fuzz_ready(t)) {
        s->stop = true; /* another would do no better */
        _exit(1);
    }
    s->busy = false;
    t->ops->begin(t, l->o->seed * 1000003u + l->generation);
    fuzz_coverage_use(s->edge);
    if (l->generation == 0)
        replay(l);
    while (!s->stop && !l->o->merge && (l->o->runs == 0 || s->runs < l->o->runs)) {
        if (s->runs % 64 == 0 && l->o->seconds > 0 && g_get_monotonic_time() >= end)
            break;
        if (l->o->max_finds && s->nr_kinds >= l->o->max_finds)
            break;
        const struct fuzz_pool pool = fuzz_pool_of(l);
        t->ops->next(t, &pool, fuzz_now(l));
        try_now(l, true);
    }
    s->coverage = fuzz_coverage_on();
    s->done = true;
    _exit(0);
}
