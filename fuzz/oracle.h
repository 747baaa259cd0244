/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * oracle.h - ring1 compared with another hypervisor: inputs become sequences, these
 * kernels (debug/seq_export.h), which both run, many in a batch; what each says after
 * each call has to be the same. Who the two are is the caller's business.
 */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include "debug/seq.h"
#include "mutate.h"

/* What both give the domain. */
#define ORACLE_MEMORY_MIB 16u
#define ORACLE_VCPUS      3u

/* ring1 answers so many times, in layouts of machine frames that have nothing in common. The first answer
 * is compared; behind a line in which another one differs nothing is, for there the answer depends on
 * numbers that only one of the two hypervisors knows. */
#define ORACLE_LAYOUTS 3u

/* How a kernel ended: SHUTDOWN_*, or any other number of 8 bits that it gave, or one of these. */
#define ORACLE_HANGS 256
#define ORACLE_LOST  257 /* nothing is known of it: it was not run, or the hypervisor itself ended */

struct oracle_answer {
    GPtrArray *lines; /* char *: "3: result words", a line for each call that says something */
    unsigned last;    /* number of the last one */
    int end;
};
struct oracle_answer *oracle_answer_new(void);
void oracle_answer_free(void *answer);
/* A line that a kernel printed, without its end: "3: -16 +0x8=0x3", or the rest of one that was
 * cut. */
void oracle_answer_line(struct oracle_answer *a, const char *line);

/* One of the two. ask: has all kernels (GBytes) run, and adds an answer for each to `answers`, in order.
 * False: it cannot be asked. */
struct oracle_side {
    bool (*ask)(void *user, const GPtrArray *kernels, GPtrArray *answers, GError **error);
    void *user;
};

struct oracle_status {
    uint64_t calls;     /* compared */
    uint64_t sequences; /* that they stood in */
    uint64_t batches;
    uint64_t known;    /* sequences that differ as the table of known ones says */
    uint64_t unstable; /* sequences that differed once, and not again */
    uint64_t lost;     /* sequences of which one of the two said nothing */
    uint64_t own;      /* calls that were not compared: ring1 itself says something else in another layout */
    uint64_t own_in;   /* sequences that they stood in */
    unsigned differences; /* kinds, others than those */
    unsigned refused;     /* inputs that no kernel can be made of */
    double seconds;
};

struct oracle_options {
    uint64_t calls; /* stop after so many; 0: never */
    double seconds; /* the same */
    uint64_t seed;
    unsigned batch;     /* sequences at a time */
    unsigned max_finds; /* stop at so many kinds; 0: never */
    unsigned rounds;    /* of minimising: batches for each kind */
    const char *finds;  /* folder; NULL: they are told only */
    struct oracle_side ring1[ORACLE_LAYOUTS], judge;
    void (*progress)(void *user, const struct oracle_status *status, const char *doing);
    void (*found)(void *user, const char *what, const char *file);
    void *user;
    volatile int *stop;
};

/* False: `error` says why it could not go on. */
bool fuzz_oracle(const struct oracle_options *o, struct oracle_status *out, GError **error);

/* The sequences of these files instead, as they are. */
bool fuzz_oracle_files(const struct oracle_options *o, const char *const *files, struct oracle_status *out,
                       GError **error);

/* --- between the files of it ------------------------------------------------------------------ */

/* oracle_table.c: calls that are not made, and why; NULL: it is made. */
const char *oracle_left_out(const char *call, const char *command);
/* Structures, and fields, whose contents cannot be compared; ended by NULL. */
const char *const *oracle_private(void);
/* A difference that is known to remain: the reason; NULL: it is not. */
const char *oracle_known(const char *kind);

/* oracle_cases.c: a case, which is a sequence and its kernel. */
struct oracle_case {
    struct seq *seq;
    GBytes *kernel;
};
struct oracle_case *oracle_case_new(const char *text, const char *file, GError **error);
void oracle_case_free(void *c);
/* Makes up cases; NULL: this one cannot be a kernel. */
struct oracle_maker;
struct oracle_maker *oracle_maker_new(uint64_t seed, GError **error);
void oracle_maker_free(struct oracle_maker *m);
struct oracle_case *oracle_make(struct oracle_maker *m);

/* oracle_compare.c: lines up to the first one in which two answers differ; UINT_MAX: none does. */
unsigned oracle_same_lines(const struct oracle_answer *a, const struct oracle_answer *b);
/* The first thing in which the two differ, among the first `most` lines; NULL: none. `calls`: compared up
 * to there. */
struct oracle_difference {
    char *kind;          /* which call, and how: those of one kind are one find */
    char *ring1, *judge; /* what each said */
    unsigned call;       /* number of it */
};
struct oracle_difference *oracle_compare(const struct oracle_case *c, const struct oracle_answer *ring1,
                                         const struct oracle_answer *judge, unsigned most, uint64_t *calls);
void oracle_difference_free(void *d);

/* oracle_min.c: the smallest text that still differs in the same way, in place. */
struct oracle_find {
    struct oracle_case *c;
    struct oracle_difference *d;
};
void oracle_minimise(const struct oracle_options *o, struct oracle_status *status, GPtrArray *finds);

/* oracle.c: has both run the cases and compares them: a difference, or NULL, for each. NULL: error. */
GPtrArray *oracle_judge(const struct oracle_options *o, const GPtrArray *cases, struct oracle_status *status,
                        GError **error);

#endif
