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
#define CORPUS_BYTES  ((size_t)1 << 31) /* reserved, and used as far as needed */

/* What parent and child share. Reserved only: pages come when they are used. */
struct fuzz_shared {
    uint64_t runs, calls;
    unsigned edges, places, results, nr_corpus, nr_kinds, crashes;
    bool stop, done, busy; /* busy: it minimises, which takes its time */
    bool coverage;
    unsigned announced; /* finds that the parent has told of */
    struct {
        uint64_t hash;
        char reason[400], file[128];
    } kind[MAX_KINDS];
    uint8_t edge[FUZZ_COVERAGE_BYTES];
    uint8_t feature[FEATURE_BYTES];
    uint8_t place[FUZZ_PLACES]; /* bits of how often it was come to in one run */
    uint8_t input[];            /* being tried, then the corpus */
};

struct fuzz_loop {
    const struct fuzz_options *o;
    struct fuzz_target *target;
    struct fuzz_shared *s;
    size_t shared_bytes, stride; /* of an input */
    unsigned max_corpus;
    unsigned generation; /* of the child */
    gint64 begun;
};

/* The input that is being tried. */
static inline void *fuzz_now(const struct fuzz_loop *l)
{
    return l->s->input;
}

static inline struct fuzz_pool fuzz_pool_of(const struct fuzz_loop *l)
{
    return (struct fuzz_pool){l->s->input + l->stride, l->stride, l->s->nr_corpus};
}

/* --- worker.c: in the child, to the end of the limits; ends the process. */
void fuzz_worker(struct fuzz_loop *l) G_GNUC_NORETURN;

/* --- finds.c */

/* What was broken, minimised, into the folder. */
void fuzz_keep_find(struct fuzz_loop *l, const void *input, const char *reason);
/* The same of an input that ended the process: in children. */
void fuzz_keep_crash(struct fuzz_loop *l, const void *input, const char *reason);

/* Into the corpus, and, if not NULL, a file of the folder. */
void fuzz_corpus_add(struct fuzz_loop *l, const void *input, const char *folder);
void fuzz_corpus_write(struct fuzz_loop *l, const void *input, const char *folder);
bool fuzz_corpus_read(struct fuzz_loop *l, GError **error);

#endif
