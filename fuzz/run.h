/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run.h - an input is carried out in a world: its calls are made of the grammar and of
 * what the input says, their structures put into the guest's memory as the guest itself
 * could, and the calls made. Whoever wants to see what really happened observes: a
 * sequence is written down that way, and results are checked.
 */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include "world.h"

#define FUZZ_MAX_ENTRIES 16u

/* A call, or an entry of a multicall. */
struct fuzz_made {
    uint32_t nr, word[MAX_HYPERCALL_ARGS];
    const struct fuzz_call *call; /* NULL: by a bare number */
    uint32_t va, len;             /* its structures */
    bool put;                     /* they were put there: else what lies there is not the input's */
};

enum fuzz_op_kind { FUZZ_OP_CALL, FUZZ_OP_MULTICALL, FUZZ_OP_WRITE, FUZZ_OP_STORE, FUZZ_OP_TIME };

struct fuzz_op {
    enum fuzz_op_kind kind;
    unsigned vcpu;
    unsigned step; /* of the input: the first */
    unsigned nr;   /* calls: entries of the multicall */
    struct fuzz_made made[FUZZ_MAX_ENTRIES];
    uint32_t list;  /* va, of the multicall */
    uint64_t maddr; /* FUZZ_OP_WRITE */
    uint32_t va;    /* FUZZ_OP_STORE */
    uint8_t bytes[8];
    uint32_t len;
    uint64_t ns;    /* FUZZ_OP_TIME */
    int32_t result; /* of the call, in after() */
};

struct fuzz_observer {
    /* Everything is in its place and nothing is done yet. */
    void (*before)(void *user, const struct fuzz_op *op);
    /* False: that is enough. */
    bool (*after)(void *user, const struct fuzz_op *op);
    void *user;
};

/* From the world as it is, which is at its start, to the end, or to that of the domain. */
struct fuzz_runner;
struct fuzz_runner *fuzz_runner_new(struct world *w, const struct fuzz_grammar *g);
void fuzz_runner_free(struct fuzz_runner *r);
/* Steps that were carried out; `observer` may be NULL. */
unsigned fuzz_run(struct fuzz_runner *r, const struct fuzz_input *in, const struct fuzz_observer *observer);

/* A guest could write there by itself: it is its own, or Xen's for it, and no table. */
bool fuzz_may_write(const struct world *w, mfn_t mfn);

#endif
