/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * seq_capture_state.h - guest memory that calls depend on and no argument points at:
 * pages that become tables, event bits, grants, how many pages the guest says it has.
 * What a sequence that is run would have there is known from what was written down;
 * what differs becomes a line.
 */
#ifndef DEBUG_SEQ_CAPTURE_STATE_H
#define DEBUG_SEQ_CAPTURE_STATE_H

#include "seq_write.h"

#include <ring1/event.h>

struct seq_state;
struct seq_state *seq_state_new(void);
void seq_state_free(struct seq_state *s);

/* Pages of the tables that vcpu 0 starts on, as `page` lines. */
void seq_state_tables(struct seq_state *s, const struct seq_writer *w);

/* The use of a frame changes: its contents become a line, when a run of what was
 * written down would have others. */
void seq_state_frame(struct seq_state *s, const struct seq_writer *w, const struct ring1_frame_event *e);

/* Event bits and grants as they are before and after a call that is written down. */
void seq_state_before(struct seq_state *s, const struct domain *d);
void seq_state_after(struct seq_state *s, const struct domain *d);
/* Lines for what of them the guest has changed since. */
void seq_state_events(struct seq_state *s, const struct seq_writer *w);
/* Of shared_info, what calls of memory_op look at. */
void seq_state_memory(struct seq_state *s, const struct seq_writer *w);
void seq_state_grants(struct seq_state *s, const struct seq_writer *w);

#endif
