/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * watch.h - calls are looked at as they are made, in a world or on a CPU: a refused one has left
 * only what its row says that Xen leaves; and what a domain is afterwards, for comparing runs.
 */
#ifndef FUZZ_WATCH_H
#define FUZZ_WATCH_H

#include "digest.h"
#include "dispatch/hypercall.h"
#include "left.h"
#include "rules.h"

struct fuzz_watch {
    struct domain *d;
    bool cpu;
    struct fuzz_shadow *shadow[2]; /* of a call, and of an entry of it */
    struct fuzz_left *left;        /* NULL until it is needed */
};

/* Of a domain at its start, on a CPU or without one. */
void fuzz_watch_init(struct fuzz_watch *w, struct domain *d, bool cpu);
void fuzz_watch_clear(struct fuzz_watch *w);

/* Before the domain is put back to its start; it was, and a run begins in which calls are watched. */
void fuzz_watch_end(struct fuzz_watch *w);
void fuzz_watch_begin(struct fuzz_watch *w);

/* Around each call and entry: struct tap. */
void fuzz_watch_before(struct fuzz_watch *w, const struct call *call);
void fuzz_watch_after(struct fuzz_watch *w, const struct call *call, struct fuzz_reason *reason);

/* The call may have changed what references are counted from: frames, tables, grants, vcpus. */
bool fuzz_watch_stirred(struct fuzz_watch *w, const struct call *call);
/* References counted anew; `when`: after what. */
void fuzz_watch_counts(struct fuzz_watch *w, const char *when, struct fuzz_reason *reason);
/* What the next call finds below the stack's end. */
void fuzz_poison_stack(uint8_t pattern);

#endif
