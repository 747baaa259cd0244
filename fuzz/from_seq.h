/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * from_seq.h - a sequence as inputs: it is run in its own world, and what each call really
 * gets is said in the fuzzer's, as near as the grammar can. A long one becomes several
 * inputs, each of which begins with what the pages that it uses held by then.
 */
#ifndef FUZZ_FROM_SEQ_H
#define FUZZ_FROM_SEQ_H

#include "debug/seq.h"
#include "input.h"

/* What could not be said. */
struct fuzz_unsaid {
    char *what;
    unsigned line, more; /* the first; and in so many others */
};

struct fuzz_imported {
    GPtrArray *inputs; /* struct fuzz_input */
    GPtrArray *unsaid; /* struct fuzz_unsaid */
    unsigned calls;    /* entries of multicalls count */
};

/* Expectations of the sequence are dropped. False: it makes no sense (`error`). */
bool fuzz_from_seq(const struct fuzz_grammars *g, struct seq *s, struct fuzz_imported *out, GError **error);
void fuzz_imported_clear(struct fuzz_imported *i);

#endif
