/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_names.h - values of a sequence that are one number: what a name means at its
 * place, by the format and set that dispatch/describe.h gives for it.
 */
#ifndef DEBUG_SEQ_NAMES_H
#define DEBUG_SEQ_NAMES_H

#include "decode.h"
#include "seq_program.h"

/* What a number is to be. */
struct seq_type {
    uint8_t size; /* bytes */
    uint8_t format;
    bool is_signed;
    const struct value_set *set;
    const struct command_set *commands;
};

/* A number, part of which an earlier call may give. */
struct seq_amount {
    uint64_t value;
    const struct seq_value *result; /* NULL: none */
    uint8_t shift;
};

/* Names of pages: name -> pfn + 1. */
struct seq_scope {
    const struct seq *s;
    const struct abi *abi;
    const struct world *w; /* NULL: frames are not known yet */
    GHashTable *pages;
    GError **error;
};

/* Sets the error, at the value's place: "expected ..., found ...". */
bool seq_complain(struct seq_scope *c, struct seq_pos pos, const char *format, ...) G_GNUC_PRINTF(3, 4);
const char *seq_describe_value(const struct seq_value *v);

/* False: an error is set. `step`: how far into a range of keys. */
bool seq_evaluate(struct seq_scope *c, const struct seq_value *v, const struct seq_type *type, uint32_t step,
                  struct seq_amount *out);
/* One that is known before the run. */
bool seq_evaluate_constant(struct seq_scope *c, const struct seq_value *v, const struct seq_type *type,
                           uint64_t *out);

/* The value that a name has among those of a hypercall's results: -EINVAL. */
bool seq_errno(const char *name, int32_t *err);

/* "; did you mean X?", or nothing; to be freed. `next` gives candidates until NULL. */
char *seq_nearest(const char *name, const char *(*next)(void *user), void *user);

#endif
