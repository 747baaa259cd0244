/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * summary.h - a consumer of a trace: calls, errors and times, counted by hypercall
 * and by call site, as strace's -c has it. host_ns is counted where somebody asked
 * for it (trace_want_host).
 */
#ifndef DEBUG_SUMMARY_H
#define DEBUG_SUMMARY_H

#include "trace.h"
#include "trace_text.h"

struct summary;

enum summary_order {
    SUMMARY_BY_TIME, /* the guest's, then calls */
    SUMMARY_BY_HOST,
    SUMMARY_BY_CALLS,
    SUMMARY_BY_ERRORS,
    SUMMARY_BY_NAME,
};

struct summary *summary_new(void);
void summary_free(struct summary *s);

/* For trace_add; `user` is the struct summary. */
extern const struct trace_consumer summary_consumer;

/* Both tables, as whole lines. */
void summary_write(const struct summary *s, enum summary_order order, trace_sink sink, void *user);

#endif
