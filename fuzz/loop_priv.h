/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * loop_priv.h - between loop.c (parent), worker.c (child) and finds.c.
 */
#ifndef FUZZ_LOOP_PRIV_H
#define FUZZ_LOOP_PRIV_H

#include "loop.h"
#include "mutate.h"

#define MAX_CORPUS    16384u
#define MAX_KINDS     256u
#define FEATURE_BYTES (1u << 16)
#define MAX_PAIRS     16u

/* What parent and child share. Reserved only: pages come when they are used. */
struct fuzz_shared {
    uint64_t runs, calls;
    unsigned edges, results, nr_corpus, nr_kinds, crashes;
    bool stop, done, busy; /* busy: it minimises, which takes its time */
    bool coverage;
    unsigned announced; /* finds that the parent has told of */
    struct {
        uint64_t hash;
        char reason[400], file[128];
    } kind[MAX_KINDS];
    struct fuzz_input now; /* being tried */
    uint8_t edge[FUZZ_COVERAGE_BYTES];
    uint8_t feature[FEATURE_BYTES];
    struct fuzz_input corpus[MAX_CORPUS];
};

struct fuzz_loop {
    const struct fuzz_options *o;
    const struct fuzz_grammars *g;
    struct fuzz_shared *s;
    unsigned generation; /* of the child */
    gint64 begun;
    struct world *world[MAX_PAIRS];
    struct fuzz_checker *checker[MAX_PAIRS];
};

/* The world of a pair, made when it is first needed. */
bool fuzz_loop_world(struct fuzz_loop *l, unsigned pair, GError **error);

/* --- worker.c: in the child, to the end of the limits; ends the process. */
void fuzz_worker(struct fuzz_loop *l) G_GNUC_NORETURN;

/* --- finds.c */

/* True: one of this kind is known; else it is from now on. */
bool fuzz_kind_known(struct fuzz_shared *s, const char *reason, unsigned *index);
/* What was broken, minimised, into the folder. */
void fuzz_keep_find(struct fuzz_loop *l, const struct fuzz_input *in, const char *reason);
/* The same of an input that ended the process: in children. */
void fuzz_keep_crash(struct fuzz_loop *l, const struct fuzz_input *in, const char *reason);

/* Into the corpus, and, if not NULL, a file of the folder. */
void fuzz_corpus_add(struct fuzz_loop *l, const struct fuzz_input *in, const char *folder);
void fuzz_corpus_write(const struct fuzz_input *in, const char *folder);
bool fuzz_corpus_read(struct fuzz_loop *l, GError **error);

#endif
