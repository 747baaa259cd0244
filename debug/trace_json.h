/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace_json.h - the trace as JSON Lines: an object a call, as docs/trace-json.md and
 * docs/trace.schema.json have it.
 */
#ifndef DEBUG_TRACE_JSON_H
#define DEBUG_TRACE_JSON_H

#include "trace.h"

#define TRACE_JSON_VERSION 1

/* What stands in the first line. */
struct trace_origin {
    const char *abi, *xen, *image;
    uint32_t pages;
    unsigned vcpus;
    uint32_t max_pages;   /* that it may grow to; 0: not known */
    uint32_t shared_info; /* the frame; 0: not known */
};

struct trace_json;

/* `sink` takes whole lines. */
struct trace_json *trace_json_new(void (*sink)(void *user, const char *text, size_t len), void *user);
void trace_json_free(struct trace_json *t);

/* A machine starts, the first or after a restart. */
void trace_json_begin(struct trace_json *t, const struct trace_origin *origin);

/* What may be shown of lists and texts; the default is nearly all. */
void trace_json_set_limits(struct trace_json *t, const struct decode_limits *limits);
/* Calls by int 0x82, and events that have a place, say who called whom. */
void trace_json_set_stacks(struct trace_json *t, bool stacks);

/* For trace_add, with a struct trace_json. */
extern const struct trace_consumer trace_json_consumer;

#endif
