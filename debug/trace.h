/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trace.h - a machine's hypercalls as they come, told to whoever writes them down:
 * text, JSON, a sequence, a summary. What a consumer makes of a call is its own
 * business; debug/decode.h takes arguments apart for all of them.
 */
#ifndef DEBUG_TRACE_H
#define DEBUG_TRACE_H

#include "decode.h"

#include <ring1/ring1.h>

struct trace;
struct trace_event; /* debug/event.h */

/* One hypercall or entry of a multicall, as consumers get it. It is the same object
 * in before() and in after(). */
struct trace_call {
    struct vcpu *v;
    const struct ring1_call *call; /* nr, name, arg, depth, index, result, why, continued */
    const struct hypercall *row;   /* NULL: none */
    const struct decoder *decoder; /* for decode_input and decode_output */
    uint64_t serial;               /* CALL#: from 1, counts calls by int 0x82 since the start; an
                                    * entry has its multicall's */
    uint64_t ns, end_ns;           /* virtual time before; after (in after()) */
    uint32_t eip;                  /* the call site: of the int 0x82; of the caller when it came */
    unsigned ring;                 /* through the hypercall page's stub. Ring 0: no code made it */
    uint64_t host_ns;              /* the host's time that it took, in after(), for trace_want_host */
    bool injected;                 /* not executed: the answer was made up */
    bool delayed;                  /* the guest's time was made to pass before it */
};

/* Whoever writes calls down. Calls come as before(c) ... after(c); entries of a
 * multicall between its two. One that stopped half-way comes again as a whole, with
 * its serial. Any function may be NULL. */
struct trace_consumer {
    void (*before)(void *user, const struct trace_call *c); /* arguments can be decoded now */
    void (*after)(void *user, const struct trace_call *c);  /* results */
    /* Instead of after: the filter has found that it is not wanted (status=, ...). */
    void (*drop)(void *user, const struct trace_call *c);
    void (*event)(void *user, const struct trace_event *e);
    /* The machine stopped for good; calls in progress never came back. */
    void (*end)(void *user);
    /* Events that it is told whoever else wants them: RING1_EVENT_BITs. */
    uint32_t needs;
};

struct trace *trace_new(void);
void trace_free(struct trace *t);

/* Calls that are not wanted are not told; an entry of a multicall that is brings its
 * multicall along. Answers that are to be made up are, whoever is told. Before
 * trace_attach; the filter stays the caller's. */
struct filter; /* debug/filter.h */
void trace_set_filter(struct trace *t, struct filter *f);

/* Have `ops` told, after those that were added before; `ops` is not copied. */
void trace_add(struct trace *t, const struct trace_consumer *ops, void *user);

/* Somebody reads host_ns. */
void trace_want_host(struct trace *t);

/* Watch this machine from now on: takes its ring1_watch. */
void trace_attach(struct trace *t, ring1_machine *m);

/* Which events of the guest are told, RING1_EVENT_BITs: before trace_attach. None at
 * first. */
void trace_set_events(struct trace *t, uint32_t events);

/* Something else happened than a call: all consumers are told. */
void trace_tell(struct trace *t, const struct trace_event *e);

/* The machine has stopped for good. To be called before the machine is freed. */
void trace_end(struct trace *t);

#endif
