/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * loop_priv.h - between loop.c (parent), worker.c (child) and finds.c.
 */
#ifndef FUZZ_LOOP_PRIV_H
#define FUZZ_LOOP_PRIV_H

#include "loop.h"

#define MAX_CORPUS    16384u
#define MAX_KINDS     256u
#define FEATURE_BYTES (1u << 16)
#define FIND_TEXT     (256u << 10)
#define CORPUS_BYTES  ((size_t)1 << 31) /* reserved, and used as far as needed */

/* What parent and child share. The child runs what nobody trusts: the parent believes nothing
 * that is here. Reserved only: pages come when they are used. */
struct fuzz_shared {
    uint64_t runs, calls;
    unsigned edges, places, results, nr_corpus, nr_kinds, crashes;
    bool stop, done, busy; /* busy: it minimises, which takes its time */
    bool coverage;
    struct {
        uint64_t hash;
        char reason[400];
        bool is_sequence;     /* `text` is what is told of */
        char text[FIND_TEXT]; /* lines of a sequence, or else a report; "": there are none */
    } kind[MAX_KINDS];
    unsigned nr_ways;
    uint16_t way[MAX_CORPUS];   /* inputs that took a new way through code */
    uint8_t wanted[MAX_CORPUS]; /* of each input of the corpus: enum fuzz_wanted */
    uint8_t edge[FUZZ_COVERAGE_BYTES];
    uint8_t feature[FEATURE_BYTES];
    uint8_t place[FUZZ_PLACES]; /* bits of how often it was come to in one run */
    uint8_t input[];            /* being tried, then the corpus, then those of kinds */
};

/* As files. */
enum fuzz_wanted { FUZZ_OF_FOLDER, FUZZ_NEW, FUZZ_MERGED };

struct fuzz_loop {
    const struct fuzz_options *o;
    struct fuzz_target *target;
    struct fuzz_shared *s;
    size_t shared_bytes, stride; /* of an input */
    unsigned max_corpus;
    unsigned generation; /* of the child */
    unsigned replayed;   /* in the child: the input of the corpus that is tried */
    /* The parent's: finds that it has told of, inputs that it has looked through. */
    unsigned announced, nr_saved;
    gint64 begun;
};

/* The input that is being tried. */
static inline void *fuzz_now(const struct fuzz_loop *l)
{
    return l->s->input;
}

static inline uint8_t *fuzz_corpus_at(const struct fuzz_loop *l, unsigned i)
{
    return l->s->input + (i + 1u) * l->stride;
}

static inline uint8_t *fuzz_kind_at(const struct fuzz_loop *l, unsigned i)
{
    return fuzz_corpus_at(l, l->max_corpus + i);
}

static inline struct fuzz_pool fuzz_pool_of(const struct fuzz_loop *l)
{
    return (struct fuzz_pool){l->s->input + l->stride, l->stride, l->s->nr_corpus, l->s->way, l->s->nr_ways};
}

static inline bool fuzz_ready(struct fuzz_target *t)
{
    return !t->ops->ready || t->ops->ready(t);
}

/* --- worker.c: in the child, to the end of the limits; ends the process. */
void fuzz_worker(struct fuzz_loop *l) G_GNUC_NORETURN;

/* --- finds.c */

/* What was broken, minimised. */
void fuzz_keep_find(struct fuzz_loop *l, const void *input, const char *reason);
/* The same of an input that ended the process: in children. */
void fuzz_keep_crash(struct fuzz_loop *l, const void *input, const char *reason);

/* What the child found becomes files in the parent, which alone opens any. *file: its name, to be
 * freed. */
void fuzz_find_write(struct fuzz_loop *l, unsigned index, char **file);
void fuzz_corpus_write(struct fuzz_loop *l);

void fuzz_corpus_add(struct fuzz_loop *l, const void *input, enum fuzz_wanted wanted);
bool fuzz_corpus_read(struct fuzz_loop *l, GError **error);

#endif
