/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_xentrace.h - the trace as Xen's own xentrace writes it, for xenalyze and
 * xentrace_format: records of hypercalls and of multicalls' entries, and the
 * scheduler's that say which vcpu made them. One CPU; its TSC counts ns.
 */
#ifndef DEBUG_TRACE_XENTRACE_H
#define DEBUG_TRACE_XENTRACE_H

#include "trace.h"

struct trace_xentrace;

struct trace_xentrace *trace_xentrace_new(void (*sink)(void *user, const char *bytes, size_t len),
                                          void *user);
void trace_xentrace_free(struct trace_xentrace *t);

/* For trace_add, with a struct trace_xentrace. */
extern const struct trace_consumer trace_xentrace_consumer;

#endif
