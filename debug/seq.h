/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq.h - a sequence of hypercalls as a thing of its own: its text form (.hc,
 * docs/sequences.md) as a tree that can be read, made, changed and written.
 *
 * The tree is what stands in the text, without meaning: a name is a name until
 * seq_program.h has looked up, by dispatch/describe.h, what it is at its place. So
 * everything that can be written can be kept, comments included, and
 *
 *   parse(print(s)) == s        for every tree that the functions here make.
 *
 * All of a tree lies in one pool: nodes are never freed alone, text given to these
 * functions is copied.
 */
#ifndef DEBUG_SEQ_H
#define DEBUG_SEQ_H

#include <glib.h>
#include <ring1/types.h>

#define SEQ_VERSION 1u

struct seq;

struct seq_pos {
    uint32_t line, column; /* from 1; 0: it was not read from text */
};

/* --- values ------------------------------------------------------------------------ */

enum seq_kind {
    SEQ_NUMBER,  /* 3, 0x1f, -1, 1.500000000s, 16M */
    SEQ_NAME,    /* DOMID_SELF, P, -EINVAL: what it is, the place says */
    SEQ_NULL,    /* NULL */
    SEQ_MFN,     /* mfn(buf), mfn(0x21): the frame that a page, or pfn, has */
    SEQ_MADDR,   /* ma(buf): its machine address */
    SEQ_PFN,     /* pfn(buf): its number */
    SEQ_ADDRESS, /* &buf: where the first tables map it */
    SEQ_FRAME,   /* mfn 0x1a3: a machine frame by its own number */
    SEQ_RESULT,  /* r1, r1.port, r1.extent_start[2]: what an earlier call gave */
    SEQ_OR,      /* a|b|c: items */
    SEQ_TEXT,    /* "abc" */
    SEQ_BYTES,   /* hex"00ff" */
    SEQ_STRUCT,  /* {port=3}: items with a label; {0: a, 4..7: b}: with keys */
    SEQ_LIST,    /* [1, 2] */
    SEQ_ANY,     /* ?: an expectation that everything meets */
};

enum seq_style {
    SEQ_PLAIN, /* decimal below 1024 */
    SEQ_DEC,
    SEQ_HEX,
    SEQ_SECONDS, /* ns as 1.500000000s */
    SEQ_SIZE,    /* 16M */
};

struct seq_value {
    enum seq_kind kind;
    struct seq_pos pos;

    uint64_t number; /* SEQ_NUMBER; SEQ_FRAME; SEQ_MFN..SEQ_ADDRESS without a name: pfn */
    uint8_t style;   /* enum seq_style, of SEQ_NUMBER */
    uint8_t bytes;   /* u8 u16 u32 u64 before it: 1, 2, 4, 8; 0: nothing is said */
    bool steps;      /* mfn(0x21..): one more with each key of a range */
    bool rest;       /* of a struct or list: ends in "..." */
    bool has_key, key_hex;
    uint32_t key, key_end; /* {4..7: x}; the last is included */

    const char *name;  /* SEQ_NAME; the page; SEQ_RESULT: "r1" */
    const char *path;  /* SEQ_RESULT: ".extent_start[2]", or NULL */
    uint64_t offset;   /* mfn(buf+1), &buf+8, r1.port+1; of a cut list: "... 3 more" */
    const char *label; /* {port=...}, or pdone=... of an output; NULL: none */

    const uint8_t *data; /* SEQ_TEXT, SEQ_BYTES */
    uint32_t len;

    struct seq_value *first, *last; /* SEQ_OR, SEQ_STRUCT, SEQ_LIST */
    struct seq_value *next;
    struct seq_value *at; /* {...}@0xc0105000: where in the guest it lies; NULL: anywhere */
    const char *comment;  /* behind it, when brackets go over several lines */
};

/* --- lines ---------------------------------------------------------------------------- */

enum seq_line {
    SEQ_NOTE,      /* a comment that has a line, or (comment NULL) an empty line */
    SEQ_HEADER,    /* ring1-sequence 1 */
    SEQ_ABI,       /* abi xen-3.0-pae 4.17 */
    SEQ_DOMAIN,    /* domain {memory=16M, vcpus=2} */
    SEQ_PAGE,      /* page pt1 0x40 = l1 {...} */
    SEQ_CALL,      /* v0: r1 = name(args) = result => outputs */
    SEQ_MULTICALL, /* the same, and its entries */
    SEQ_WRITE,     /* write &buf+8 = 5: bytes, whoever may or may not write there */
    SEQ_PTWRITE,   /* ptwrite 0xc0105008 = ...: a guest's store that Xen emulates */
    SEQ_TIME,      /* time 1.500000000s */
    SEQ_EXPECT,    /* expect &buf+8 = 5 */
};

struct seq_item {
    enum seq_line line;
    struct seq_pos pos;
    struct seq_item *next;
    const char *comment; /* behind it, "#" and all; SEQ_NOTE: the line */

    const char *name; /* of the call; of the page */
    /* SEQ_CALL: of a number that is written (hypercall_61, event_channel_op#48). */
    bool has_number;
    uint32_t number;

    const char *result_name; /* r1 =, or NULL */
    int vcpu;                /* v1:, or -1 */

    struct seq_value *value;   /* what the line is about: {..}, contents, time, bytes */
    struct seq_value *address; /* SEQ_WRITE, SEQ_PTWRITE, SEQ_EXPECT; SEQ_PAGE: its pfn; SEQ_MULTICALL:
                                * where the list lies; NULL: anywhere */
    const char *type;          /* SEQ_PAGE: rw, ro, l1, l2, l3, gdt, ldt */

    struct seq_value *args, *last_arg;
    struct seq_value *result;  /* expected; NULL: nothing is */
    struct seq_value *outputs; /* expected, a list by `next` */
    struct seq_value *last_output;
    const char *why; /* why it was refused, in words: a remark */

    struct seq_item *entries, *last_entry; /* SEQ_MULTICALL: SEQ_CALL, and SEQ_NOTE among them */
};

struct seq {
    enum ring1_abi abi;
    enum ring1_xen xen; /* RING1_XEN_AUTO: the ABI's own */
    const char *file;   /* for messages; NULL: none */
    struct seq_item *first, *last;
    struct seq_pool *pool;
};

/* --- reading and writing ------------------------------------------------------------------ */

/* RING1_ERROR_INPUT, "x.hc:3:14: expected ..., found ...". */
struct seq *seq_parse(const char *text, size_t len, const char *file, GError **error);
void seq_free(struct seq *s);

/* Append the text; what the tools and `seq fmt` write. */
void seq_print(const struct seq *s, GString *out);
void seq_print_item(const struct seq_item *item, GString *out);
void seq_print_value(const struct seq_value *value, GString *out);

/* --- making ------------------------------------------------------------------------------- */

/* With its header and its line of the ABI. */
struct seq *seq_new(enum ring1_abi abi, enum ring1_xen xen);
/* Without any line. */
struct seq *seq_new_empty(void);

void *seq_alloc(struct seq *s, size_t size); /* zeroed; lives as long as s */
const char *seq_strdup(struct seq *s, const char *text);
const char *seq_printf(struct seq *s, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A new last line. */
struct seq_item *seq_add(struct seq *s, enum seq_line line);
struct seq_item *seq_add_note(struct seq *s, const char *comment); /* "# text"; NULL: an empty line */
struct seq_item *seq_add_domain(struct seq *s);                    /* value: an empty {} to be filled */
struct seq_item *seq_add_page(struct seq *s, const char *name, uint32_t pfn, const char *type,
                              struct seq_value *contents);
struct seq_item *seq_add_call(struct seq *s, const char *name);
struct seq_item *seq_add_multicall(struct seq *s);
struct seq_item *seq_add_entry(struct seq *s, struct seq_item *multicall, const char *name);
struct seq_item *seq_add_write(struct seq *s, struct seq_value *address, struct seq_value *value);
struct seq_item *seq_add_time(struct seq *s, uint64_t ns);

struct seq_value *seq_value(struct seq *s, enum seq_kind kind);
struct seq_value *seq_number(struct seq *s, uint64_t number, enum seq_style style);
struct seq_value *seq_name(struct seq *s, const char *name);
/* SEQ_MFN, SEQ_MADDR, SEQ_PFN or SEQ_ADDRESS of a page by its name, or with NULL by
 * its pfn. */
struct seq_value *seq_page(struct seq *s, enum seq_kind kind, const char *name, uint64_t pfn,
                           uint64_t offset);
struct seq_value *seq_frame(struct seq *s, uint64_t mfn);
struct seq_value *seq_result(struct seq *s, const char *name, const char *path);
struct seq_value *seq_text(struct seq *s, const void *bytes, uint32_t len);
struct seq_value *seq_bytes(struct seq *s, const void *bytes, uint32_t len);

/* Into an OR, a struct or a list; a label or key is set by the caller. Returns the
 * child. */
struct seq_value *seq_append(struct seq_value *parent, struct seq_value *child);
struct seq_value *seq_append_field(struct seq *s, struct seq_value *parent, const char *label,
                                   struct seq_value *child);
struct seq_value *seq_append_key(struct seq_value *parent, uint32_t key, uint32_t key_end,
                                 struct seq_value *child);
struct seq_value *seq_append_arg(struct seq_item *call, struct seq_value *arg);
struct seq_value *seq_append_output(struct seq_item *call, struct seq_value *output);

#endif
