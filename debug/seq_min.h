/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_min.h - the smallest sequence that still does what a big one does: lines are left
 * out, then elements of lists, fields, bits of numbers, addresses, as long as somebody
 * says that what is left is still the same case. The tree is changed in place.
 */
#ifndef DEBUG_SEQ_MIN_H
#define DEBUG_SEQ_MIN_H

#include "seq.h"

struct seq_min_ops {
    /* What is left is the same case. It need not make sense: then it is not. */
    bool (*same)(void *user, const struct seq *s);
    /* Now and then; NULL: nobody looks. */
    void (*progress)(void *user, unsigned tries, unsigned lines);
};

struct seq_min_result {
    unsigned tries;
    unsigned lines_before, lines; /* without comments and empty lines */
    bool stopped;                 /* it came to max_tries: something may be left to leave out */
};

/* The outcome follows from the sequence and same() alone. */
struct seq_min_result seq_min(struct seq *s, const struct seq_min_ops *ops, void *user, unsigned max_tries);

#endif
