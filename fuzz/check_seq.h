/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * check_seq.h - the checks of check.h for a sequence, and the smallest one that still
 * breaks the same.
 */
#ifndef FUZZ_CHECK_SEQ_H
#define FUZZ_CHECK_SEQ_H

#include "check.h"
#include "debug/seq.h"

/* What is done to each new world: handlers of a user are put into it. NULL: nothing. */
struct fuzz_prepare {
    void (*prepare)(void *user, struct world *w);
    void *user;
};

/* NULL: nothing is broken, or the sequence makes no sense or does what no guest could (then
 * `error`, if not NULL, says so). Else what is broken; the caller frees it. */
char *fuzz_check_seq(const struct seq *s, const struct fuzz_prepare *prepare, GError **error);

/* In place. `kind`: of fuzz_reason_kind. */
void fuzz_minimise(struct seq *s, const char *kind, const struct fuzz_prepare *prepare, unsigned max_tries);

/* The find of an input as a sequence that breaks in the same way: minimised, and headed by
 * what broke. NULL: no form of it does. The caller frees it. */
char *fuzz_find_text(struct world *w, const struct fuzz_grammar *g, const struct fuzz_input *in,
                     const char *reason, const struct fuzz_prepare *prepare, unsigned max_tries);

#endif
