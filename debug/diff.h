/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * diff.h - two runs beside each other, call by call: which calls only one of them
 * made, which both made with a difference, and what the difference is. Only what both
 * logs know is compared.
 */
#ifndef DEBUG_DIFF_H
#define DEBUG_DIFF_H

#include "call_log.h"

/* What is not looked at, as bits. */
enum diff_ignore {
    DIFF_FRAMES = 1,     /* numbers of machine frames: their pfns are compared, where they have any */
    DIFF_TIME = 2,       /* since the call before, and a call's own */
    DIFF_SITES = 4,      /* where a call was made: EIP, ring */
    DIFF_WHY = 8,        /* the words of a refusal */
    DIFF_ADDRESSES = 16, /* where arguments lie */
    DIFF_OUT = 32,       /* outputs */
    DIFF_RESULTS = 64,
    DIFF_VCPUS = 128,
};

struct diff_options {
    unsigned ignore;  /* enum diff_ignore */
    unsigned window;  /* how many calls ahead the two are tried to be brought together again */
    unsigned context; /* calls shown before the first difference */
    unsigned shown;   /* differences that are shown after it */
};
#define DIFF_WINDOW_MAX 4096u

enum diff_kind {
    DIFF_CHANGED, /* both made it */
    DIFF_ONLY_A,
    DIFF_ONLY_B,
};

/* One difference: the calls' places in their logs. Of a call that only one made, the
 * other is where it would stand. */
struct diff_op {
    enum diff_kind kind;
    guint a, b;
};

struct diff {
    const struct call_log *a, *b;
    struct diff_options options;
    GArray *ops; /* struct diff_op */
    guint count[3];
    guint equal; /* calls that both made alike */
};

struct diff *diff_new(const struct call_log *a, const struct call_log *b, const struct diff_options *options);
void diff_free(struct diff *d);

/* What is different in a call that both made. */
struct diff_field {
    char *path; /* "argument ports[1]", "result", "time since the call before" */
    char *a, *b;
};
/* An array of struct diff_field, which frees what is in it. */
GArray *diff_fields(const struct diff *d, const struct diff_op *op);

/* The whole comparison for a person; and as a JSON object in a line, of the schema in
 * docs/tracing.md. */
void diff_append_text(const struct diff *d, GString *out);
void diff_append_json(const struct diff *d, GString *out);

#endif
