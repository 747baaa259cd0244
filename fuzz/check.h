/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * check.h - what counts as a bug of the dispatcher. After each call:
 *
 *   cheap  its result, and that of each entry of a multicall, is one that Xen documents;
 *          what is looked at in constant time holds
 *   full   all references counted anew agree; a refused call has left only what its kind
 *          leaves; a translation that changed is flushed
 *
 * and, full, after the input: the same input gives the same again, also where the host's
 * stack held other bytes (what differs then came from there), and with every call
 * stopped at each step.
 */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include "run.h"
#include "target.h"

/* Calls of one run whose results are compared. */
#define FUZZ_MAX_RESULTS 64u

/* Kinds of results of one run that are told. */
#define FUZZ_MAX_FEATURES (FUZZ_MAX_STEPS * 2u + 64u)

struct fuzz_checker;
struct fuzz_checker *fuzz_checker_new(struct world *w, const struct fuzz_grammar *g);
void fuzz_checker_free(struct fuzz_checker *c);

/* Run the input from the world's start. NULL: all is well; else what is broken, of one
 * line: "KIND: after CALL: ...", the checker's, until the next run. The input is not changed. */
const char *fuzz_check(struct fuzz_checker *c, struct fuzz_input *in, enum fuzz_level level);

/* Of the last fuzz_check: calls made, and numbers that tell what kinds of results they had:
 * new ones mean that the input did something new. */
unsigned fuzz_checker_calls(const struct fuzz_checker *c);
unsigned fuzz_checker_features(const struct fuzz_checker *c, const uint32_t **features);

/* --- for who runs calls himself ------------------------------------------------------------ */

/* run() carries something out in the checker's world, which is at its start; around each
 * thing that it does it calls the checker. */
struct fuzz_subject {
    void (*run)(struct fuzz_checker *c, void *user);
    void *user;
    bool is_tangled; /* what calls read may lie over what they write: it counts where they stop */
};
const char *fuzz_check_subject(struct fuzz_checker *c, const struct fuzz_subject *subject,
                               enum fuzz_level level);
struct world *fuzz_checker_world(const struct fuzz_checker *c);
/* Calls are to be stopped half-way if they ran through before, or the other way round. */
bool fuzz_checker_flips(const struct fuzz_checker *c);
void fuzz_checker_before(struct fuzz_checker *c);
/* False: something is broken. name(user) is asked for then alone: what it was, to be freed. */
typedef char *(*fuzz_name_fn)(void *user);
bool fuzz_checker_after(struct fuzz_checker *c, fuzz_name_fn name, void *user);

/* The reason without its numbers: finds of the same kind have the same. The caller frees it. */
char *fuzz_reason_kind(const char *reason);

#endif
