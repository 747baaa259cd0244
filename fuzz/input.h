/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * input.h - what the fuzzer tries: steps of one or more vcpus, most of them calls, each
 * with those of its numbers that are said. In memory it is an array of fixed size; its
 * compact form in bytes is docs/fuzzing.md's. Any bytes at all are an input.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "grammar.h"

#define FUZZ_MAX_STEPS 24u
#define FUZZ_MAX_SAID  20u /* numbers of one step */
#define FUZZ_INPUT_MAX (4u + FUZZ_MAX_STEPS * (4u + FUZZ_MAX_SAID * 8u))

/* What a number is. A frame or address of a page is shaped by what its place wants: an
 * entry of a page table, a machine address, a frame number, an address. */
enum fuzz_kind {
    FUZZ_NUMBER,  /* a << 32 | b */
    FUZZ_HIGH,    /* b << 32 | a */
    FUZZ_ODD,     /* the a-th odd integer, plus b */
    FUZZ_PAGE,    /* page a; b: flags of an entry, an offset */
    FUZZ_SPECIAL, /* a frame that is no page's: values.h; b as before */
    FUZZ_NAME,    /* the a-th of the names that the place has; of flags the b-th too */
    FUZZ_BIT,     /* 1 << a, plus b */
    FUZZ_NEAR,    /* what a plain call has there, plus b */
    FUZZ_NR_KINDS
};

struct fuzz_said {
    uint8_t slot;
    uint8_t kind; /* enum fuzz_kind */
    uint16_t a;
    uint32_t b;
};

/* Steps that are no calls; below them are numbers of hypercalls. */
enum fuzz_what {
    FUZZ_FIRST_OTHER = 0xF0,
    FUZZ_TIME = 0xF0, /* time passes: said[0] ns */
    FUZZ_WRITE,       /* the guest writes said[1] (and 2) to the frame and offset of said[0] */
    FUZZ_STORE,       /* its store of an entry, said[1], to the address said[0], as Xen emulates it */
    FUZZ_GRANT,       /* an entry of its grant table: reference, flags and domain, frame */
    FUZZ_RAW,         /* a call by its number, said[0], with the words said[1..5] */
    FUZZ_NR_WHAT
};

/* Where a call's structures lie. */
enum fuzz_place {
    FUZZ_ARENA,  /* in the arena, behind those of the call before */
    FUZZ_ACROSS, /* across the end of a page */
    FUZZ_END,    /* up to the last byte that may be written */
    FUZZ_LAST,   /* up to the last byte that is mapped; it is read-only, and nothing is put there */
};

struct fuzz_step {
    uint8_t what;    /* a hypercall's number, or enum fuzz_what */
    uint8_t command; /* of the call */
    uint8_t n;       /* elements of its lists */
    uint8_t vcpu;
    uint8_t place;  /* enum fuzz_place */
    uint8_t listed; /* an entry of one multicall with the step before; of one entry, if that is no call */
    uint8_t nr_said;
    int16_t call; /* in the grammar; -1: none. Not part of the bytes */
    struct fuzz_said said[FUZZ_MAX_SAID];
};

struct fuzz_input {
    uint8_t pair;    /* which ABI and Xen: a place in abi_all() */
    uint8_t preempt; /* 0: as ever; 1: calls stop at each step; others: at random ones, by this seed */
    uint8_t nr_steps;
    struct fuzz_step step[FUZZ_MAX_STEPS];
};

static inline bool fuzz_is_call(const struct fuzz_step *s)
{
    return s->what < FUZZ_FIRST_OTHER;
}

/* The grammars of all pairs. */
struct fuzz_grammars {
    unsigned nr;
    struct fuzz_grammar *of[16];
};
struct fuzz_grammars *fuzz_grammars_new(void);
void fuzz_grammars_free(struct fuzz_grammars *g);
static inline const struct fuzz_grammar *fuzz_grammar_of(const struct fuzz_grammars *g,
                                                         const struct fuzz_input *in)
{
    return g->of[in->pair];
}

/* Of any bytes: what has no meaning is left out, or becomes what is nearest. */
void fuzz_decode(const struct fuzz_grammars *g, const uint8_t *bytes, size_t len, struct fuzz_input *out);
/* Into FUZZ_INPUT_MAX bytes; returns how many. */
size_t fuzz_encode(const struct fuzz_input *in, uint8_t *bytes);

/* Numbers of a step that are copied whether they are said or not: more are rare, and a
 * copy of fixed size does not wait for how many there are. */
#define FUZZ_FEW_SAID 6u

/* Only what counts is copied. */
void fuzz_copy(struct fuzz_input *to, const struct fuzz_input *from);
static inline void fuzz_copy_step(struct fuzz_step *to, const struct fuzz_step *from)
{
    __builtin_memcpy(to, from, G_STRUCT_OFFSET(struct fuzz_step, said[FUZZ_FEW_SAID]));
    for (unsigned i = FUZZ_FEW_SAID; G_UNLIKELY(i < from->nr_said); i++)
        to->said[i] = from->said[i];
}

#endif
