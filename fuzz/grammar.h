/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grammar.h - what calls the fuzzer can make to a Xen: of each row of hypercalls.def, and
 * of each of its commands, where its numbers stand, in registers and in the structures
 * behind them, and what they are. Made from dispatch/describe.h: there is no list of
 * calls here.
 */
#ifndef FUZZ_GRAMMAR_H
#define FUZZ_GRAMMAR_H

#include "dispatch/describe.h"
#include "dispatch/hypercall.h"

/* A list of structures has 0 to so many elements of its own; a count may say more. */
#define FUZZ_MAX_LIST 4u
/* Numbers of a call that can be said; all others are what a plain call has. */
#define FUZZ_MAX_SLOTS 64u
/* Bytes of all structures of a call. */
#define FUZZ_CALL_BYTES 4096u

enum fuzz_role {
    FUZZ_VALUE,
    FUZZ_COUNT,   /* elements of a list: as many as there are */
    FUZZ_COMMAND, /* which command it is */
    FUZZ_POINTER, /* to what lies at `target` */
    FUZZ_TEXT,    /* bytes */
};

/* A number of the call. */
struct fuzz_slot {
    uint8_t role;   /* enum fuzz_role */
    uint8_t size;   /* in bytes: 1, 2, 4, 8; of a text its length */
    uint8_t format; /* enum format */
    bool in_word;
    uint16_t at;     /* number of the word, or offset among the call's bytes */
    uint16_t target; /* FUZZ_POINTER: offset among the call's bytes */
    uint32_t plain;  /* FUZZ_COUNT, FUZZ_COMMAND: the number */
    const struct value_set *set;
};

/* Numbers of hypercalls that a step can name: FUZZ_FIRST_OTHER of input.h. */
#define NR_ROW_NUMBERS 0xF0u

/* A call whose lists have n elements. */
struct fuzz_shape {
    uint16_t nr_slots;
    uint16_t bytes;
    struct fuzz_slot *slots;
    /* The call when nothing is said, but for its pointers: those are by their slots. */
    uint32_t word[MAX_HYPERCALL_ARGS];
    uint8_t *plain;
    uint16_t nr_pointers, *pointers;
};

struct fuzz_call {
    const struct hypercall *row;
    const struct command *command; /* NULL: the row has none */
    const struct command_set *commands;
    bool returns_value;
    bool has_list;
    struct fuzz_shape shape[FUZZ_MAX_LIST + 1];
};

struct fuzz_grammar {
    const struct abi *abi;
    unsigned nr_calls;
    struct fuzz_call *calls;
    uint16_t first[NR_ROW_NUMBERS + 1]; /* of the calls of each number, which follow each other */
};

/* The calls of a pair, made once. */
struct fuzz_grammar *fuzz_grammar_new(const struct abi *abi);
void fuzz_grammar_free(struct fuzz_grammar *g);
/* Only these calls from now on: a user's own, whose rows stay his. RING1_ERROR_OPTION: a
 * signature is not well formed. */
bool fuzz_grammar_replace(struct fuzz_grammar *g, const struct hypercall *rows, unsigned nr, GError **error);

/* The call of that number, of the command that is nearest; -1: the Xen has none. */
int fuzz_grammar_find(const struct fuzz_grammar *g, uint32_t nr, uint32_t command);

static inline uint32_t fuzz_call_command(const struct fuzz_call *c)
{
    return c->command ? c->command->nr : 0;
}

/* "mmuext_op MMUEXT_PIN_L1_TABLE", or "iret"; the caller frees it. */
char *fuzz_call_name(const struct fuzz_call *c);

#endif
