/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_perfetto.h - the trace as trace-event JSON, for Perfetto's and Chrome's viewers
 * (docs/tracing.md): a track a vcpu, calls as spans with their entries inside, what is
 * no call as instants, counters.
 */
#ifndef DEBUG_TRACE_PERFETTO_H
#define DEBUG_TRACE_PERFETTO_H

#include "trace.h"

struct trace_perfetto;

/* `sink` takes the document in pieces. */
struct trace_perfetto *trace_perfetto_new(void (*sink)(void *user, const char *text, size_t len), void *user);
void trace_perfetto_free(struct trace_perfetto *t);

/* A machine starts: the first, or one after a restart, which is a process of its own. */
void trace_perfetto_begin(struct trace_perfetto *t, const char *image, unsigned vcpus);

/* No machine comes any more: the document's end. */
void trace_perfetto_close(struct trace_perfetto *t);

/* For trace_add, with a struct trace_perfetto. */
extern const struct trace_consumer trace_perfetto_consumer;

#endif
