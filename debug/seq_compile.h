/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_compile.h - between the files that make a program of a sequence: seq_compile.c
 * (lines and calls), seq_encode.c (values as bytes), seq_outputs.c (what comes back).
 */
#ifndef DEBUG_SEQ_COMPILE_H
#define DEBUG_SEQ_COMPILE_H

#include "seq_names.h"

/* Where something stands among the bytes that are put into the guest. */
struct span {
    uint32_t blob, offset;
    uint32_t va;
};

/* A call with what is known of it. */
struct seq_call {
    const struct seq_item *item;
    const struct hypercall *row;
    struct signature signature;
    const struct command *command; /* NULL: it has none, or one that is not known */
    uint32_t op;                   /* number of its op */
    bool entry;                    /* of a multicall: it stands at `list` */
    struct span list;
};

struct compiler {
    struct seq_scope scope;
    struct seq_program *p;
    GHashTable *named; /* result name -> struct seq_call */
    GHashTable *lies;  /* const struct seq_value * -> its address */
    struct seq_op op;
    GPtrArray *blobs; /* GByteArray: of the present op; the first is the arena's */
    GArray *vas;      /* uint32_t: where each lies */
    GPtrArray *ats;   /* const struct seq_value *: that says so; of the arena's NULL */
};

/* --- seq_world.c ------------------------------------------------------------------------- */

/* Names of pages: name -> pfn + 1. */
GHashTable *seq_pages(const struct seq *s);

/* --- seq_encode.c ------------------------------------------------------------------------ */

/* Room for what `v` is: at its own place or in the arena. */
bool encode_room(struct compiler *c, const struct seq_value *v, uint32_t len, struct span *out);
/* Nothing of the op that has its own place lies over what is in the arena. */
bool encode_is_apart(struct compiler *c);
bool encode_amount(struct compiler *c, const struct span *at, uint32_t offset, unsigned size,
                   const struct seq_amount *a);
/* What a pointer is to point at, or the pointer itself: the word. `target` NULL: to
 * numbers of `type`. `count`: elements of a list that ends in "...". */
bool encode_pointer(struct compiler *c, const struct seq_value *v, const struct structure *target,
                    const struct seq_type *type, uint32_t count, struct seq_amount *word);
/* A structure that begins with its command: ARG_OP. */
bool encode_op(struct compiler *c, const struct seq_value *v, const struct argument *a, uint32_t count,
               struct seq_amount *word);
/* Bytes as `write` and pages have them: u32 5, "text", entries of page tables. */
bool encode_data(struct compiler *c, const struct seq_value *v, const struct seq_type *type, GByteArray *out);
/* A value that is its own type: flags and frames are an entry, a number has 4 bytes. */
struct seq_type encode_own_type(const struct compiler *c, const struct seq_value *v);

/* --- seq_outputs.c ------------------------------------------------------------------------- */

/* The slot that will hold an earlier call's result; NO_SLOT: an error is set. */
uint32_t output_slot(struct compiler *c, const struct seq_value *result);
/* Checks of what is expected to come back. */
bool output_checks(struct compiler *c, struct seq_call *call);
bool output_check_number(struct compiler *c, const struct seq_value *v, const struct seq_type *type,
                         const struct seq_place *place, const char *name);
bool output_check_bytes(struct compiler *c, const struct seq_value *v, const struct seq_place *place,
                        uint32_t most, const char *name);

#endif
