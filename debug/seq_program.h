/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_program.h - a sequence made ready to run: every name looked up by
 * dispatch/describe.h, every structure as the bytes that the hypervisor will read,
 * frames and addresses those of a world. What is left for the time of the run are
 * the results of earlier calls, which are patched in.
 */
#ifndef DEBUG_SEQ_PROGRAM_H
#define DEBUG_SEQ_PROGRAM_H

#include "seq.h"
#include "world.h"

/* Where the result of an earlier call goes: into a word of the call (`blob` is
 * PATCH_WORD) or into bytes of one of its blobs. */
#define PATCH_WORD UINT32_MAX
struct seq_patch {
    uint32_t blob, offset; /* offset: of bytes, or the number of the word */
    uint32_t slot;
    uint8_t size;  /* bytes */
    uint8_t shift; /* of the result, before `value` is added */
    bool high;     /* the upper 32 bits of what comes out */
    uint64_t value;
};

/* Bytes that must stand in the guest before the call. */
struct seq_blob {
    uint32_t va;
    uint32_t offset, len; /* in program->bytes */
};

/* A number, or bytes, in the guest after the call: `size` bytes at va, or `add` bytes
 * behind the pointer that stands there. */
struct seq_place {
    uint32_t va, add;
    bool indirect, is_signed;
    uint8_t size;
};

struct seq_check {
    struct seq_place place;
    const struct seq_value *value; /* that says so */
    const char *name;              /* of the field, or NULL */
    uint64_t want;
    uint32_t slot; /* of a result that is part of it, or NO_SLOT */
    uint8_t shift;
    uint32_t bytes, len;          /* of text: in program->bytes; len 0: a number */
    const struct seq_item *entry; /* whose result it is, or NULL */
    bool entry_result;
};

/* What later calls use: kept after the call. */
struct seq_capture {
    uint32_t slot;
    struct seq_place place; /* size 0: what the call returned */
    uint32_t next;          /* NO_SLOT: none */
};

/* What lies in a blob: `n` structures, or numbers, one behind the other. */
struct seq_shape {
    uint32_t blob, offset, n;
    const struct structure *structure; /* NULL: numbers */
    uint8_t size, format;              /* of a number */
};

#define NO_SLOT UINT32_MAX

enum seq_end { SEQ_RETURNS, SEQ_CRASH, SEQ_SHUTDOWN };

struct seq_op {
    uint8_t line; /* enum seq_line: SEQ_CALL, SEQ_MULTICALL, SEQ_WRITE, SEQ_PTWRITE, SEQ_TIME, SEQ_EXPECT */
    uint8_t vcpu;
    uint8_t end; /* enum seq_end: that is expected */
    bool has_result;
    int32_t result;
    uint32_t result_slot; /* expected: a result of an earlier call, too */
    uint32_t nr, word[MAX_HYPERCALL_ARGS];
    uint32_t first_blob, nr_blobs;
    uint32_t first_patch, nr_patches;
    uint32_t first_check, nr_checks;
    uint32_t first_shape, nr_shapes;
    uint32_t captures; /* first of them, NO_SLOT: none */
    uint64_t ns;       /* SEQ_TIME */
    const struct seq_item *item;
    const struct hypercall *row; /* NULL: by a bare number that no row has */
};

struct seq_program {
    const struct seq *seq;
    GArray *ops; /* struct seq_op */
    GByteArray *bytes;
    GArray *blobs;    /* struct seq_blob */
    GArray *patches;  /* struct seq_patch */
    GArray *checks;   /* struct seq_check */
    GArray *captures; /* struct seq_capture */
    GArray *shapes;   /* struct seq_shape */
    uint32_t nr_slots;
};

/* The world that the sequence's lines of the ABI, domain and pages describe, started.
 * RING1_ERROR_INPUT: "x.hc:3:14: ..."; RING1_ERROR_OPTION, RING1_ERROR_HOST. */
struct world *seq_world(const struct seq *s, GError **error);
/* The same with its frames numbered in this way, whatever the text says. */
struct world *seq_world_numbered(const struct seq *s, enum ring1_mfn_mode mode, GError **error);

/* The calls, for this world or one of the same set-up. The sequence must outlive the
 * program. RING1_ERROR_INPUT. */
struct seq_program *seq_compile(const struct seq *s, const struct world *w, GError **error);
void seq_program_free(struct seq_program *p);

#endif
