/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_capture.h - a running guest becomes a sequence that stands alone: the tables that
 * the domain builder made, then each call with what it read, its result and what came
 * back, and between calls what the guest itself did that they depend on: pages that it
 * filled before they became tables, its stores to tables, events that it masked or took,
 * grants, time.
 */
#ifndef DEBUG_SEQ_CAPTURE_H
#define DEBUG_SEQ_CAPTURE_H

#include "trace.h"

/* Takes whole lines. */
typedef void (*seq_capture_sink)(void *user, const char *text, size_t len);

struct capture;
struct capture *seq_capture_new(seq_capture_sink sink, void *user);
void seq_capture_free(struct capture *c);

/* The machine as it was made: to be called before it runs. `image` is named in a
 * comment. */
void seq_capture_start(struct capture *c, ring1_machine *m, const char *image);

/* For trace_add; `user` is the struct capture. */
extern const struct trace_consumer seq_capture_consumer;

/* Lines that say what is not in it, and how often it happened. Also told by end(). */
void seq_capture_finish(struct capture *c);

#endif
