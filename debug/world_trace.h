/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world_trace.h - calls of a world told to a consumer of traces, as trace.h tells
 * those of a machine.
 */
#ifndef DEBUG_WORLD_TRACE_H
#define DEBUG_WORLD_TRACE_H

#include "trace.h"
#include "world.h"

struct world_trace;

/* From now on until it is freed; `ops` is not copied. */
struct world_trace *world_trace_new(struct world *w, const struct trace_consumer *ops, void *user);
/* Tells the end, too. Before the world is freed. */
void world_trace_free(struct world_trace *t);

#endif
