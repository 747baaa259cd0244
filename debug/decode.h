/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * decode.h - what a hypercall was given and what it gave back, taken apart by
 * dispatch/describe.h and handed, piece by piece, to whoever writes it down: text,
 * JSON, a sequence. Nothing here knows how it will look.
 */
#ifndef DEBUG_DECODE_H
#define DEBUG_DECODE_H

#include "dispatch/access.h"
#include "dispatch/describe.h"

/* A number with all that is known of it. */
struct number {
    uint64_t value; /* sign-extended when is_signed */
    uint8_t size;   /* in bytes */
    bool is_signed;
    enum format format;
    const struct value_set *set; /* FORMAT_NAMES */
    const char *kind;            /* what it should be one of: a set's or commands' name, or NULL */
    const char *name;            /* its name there, or NULL */
    uint64_t beside;             /* bits of value that are no part of what has the name */
    uint64_t peer;               /* FORMAT_MMU_VAL: the request's ptr */
    uint32_t va;                 /* where it lies, when a pointer led there; else 0 */
};

#define LEFT_OUT_UNKNOWN UINT32_MAX

enum bracket { BRACKET_STRUCT, BRACKET_LIST };

/* `name` is NULL for an element of a list. `va` is where something lies when a
 * pointer led there, 0 for what stands in its structure, list or register. */
struct decode_sink {
    void (*begin)(void *user, const char *name, enum bracket bracket, uint32_t va);
    /* So many elements stand in the guest that were not shown; LEFT_OUT_UNKNOWN:
     * some. */
    void (*end)(void *user, enum bracket bracket, uint32_t left_out);
    void (*number)(void *user, const char *name, const struct number *number);
    /* `left_out` bytes follow that were not shown. */
    void (*text)(void *user, const char *name, uint32_t va, const uint8_t *bytes, uint32_t len,
                 uint32_t left_out);
    /* A pointer that nothing is shown of: `bad` when it cannot be read. */
    void (*pointer)(void *user, const char *name, uint32_t va, bool bad);
};

struct decode_limits {
    uint32_t elements; /* of a list */
    uint32_t bytes;    /* of a text */
};

struct decoder;

/* Takes all signatures of an ABI apart, once. */
struct decoder *decoder_new(const struct abi *abi);
void decoder_free(struct decoder *d);

/* What goes in: while nothing has been done yet. Every argument is shown, pointers
 * to what only comes back as pointers. A call without a row is shown as numbers. */
void decode_input(const struct decoder *d, struct vcpu *v, const struct hypercall *row, const uint32_t *arg,
                  const struct decode_limits *limits, const struct decode_sink *sink, void *user);

/* What came back, after the call that gave `result` and with the same words: arguments without output
 * are passed over; after a failure all but lone numbers (*pdone) and what is given back in every case. */
void decode_answer(const struct decoder *d, struct vcpu *v, const struct hypercall *row, const uint32_t *arg,
                   int32_t result, const struct decode_limits *limits, const struct decode_sink *sink,
                   void *user);

/* The same where only that much is known of the result. */
void decode_output(const struct decoder *d, struct vcpu *v, const struct hypercall *row, const uint32_t *arg,
                   bool failed, const struct decode_limits *limits, const struct decode_sink *sink,
                   void *user);

#endif
