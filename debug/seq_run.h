/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_run.h - a sequence is executed, and what comes out compared with what it
 * expects.
 */
#ifndef DEBUG_SEQ_RUN_H
#define DEBUG_SEQ_RUN_H

#include "seq_program.h"

enum seq_outcome {
    SEQ_AGREES,
    SEQ_DIFFERS, /* a result, an output or memory is not what was expected */
    SEQ_STUCK,   /* a line cannot be executed: a vcpu that is not up, an argument that has no place */
};

struct seq_report {
    enum seq_outcome outcome;
    uint32_t op;      /* that differs, or is stuck; else how many were executed */
    uint32_t checked; /* results, outputs and places in memory that agree */
    uint64_t calls;
    const struct seq_item *item; /* the line: of an entry, its own */
    char *expected, *got;        /* in words; NULL when it agrees */
    char *why;                   /* why the call was refused, or NULL */
};

/* From the world as it is, which is that of seq_world or one of the same set-up, to
 * the end or to the first difference. The report's texts are the caller's
 * (seq_report_clear). */
enum seq_outcome seq_run(struct seq_program *p, struct world *w, struct seq_report *report);
/* The same; `before` is told of each op before it is executed, and of the one behind the
 * last (of the number of ops) when all agree. */
typedef void (*seq_run_hook)(void *user, uint32_t op);
enum seq_outcome seq_run_watched(struct seq_program *p, struct world *w, struct seq_report *report,
                                 seq_run_hook before, void *user);
void seq_report_clear(struct seq_report *report);

/* "x.hc:14: expected 0, got -EINVAL (Invalid argument)\n  event_channel_op(...) = 0\n
 * why: ...\n"; nothing when it agrees. */
void seq_report_print(const struct seq_report *report, const struct seq *s, GString *out);

#endif
