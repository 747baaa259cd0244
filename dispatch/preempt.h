/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * preempt.h - long hypercalls stop and go on (docs/xen-abi.md 1.5, 3.3): a handler
 * with a list asks between two steps whether to stop, and then has itself called
 * again for the rest, by `int $0x82` executed anew or by its entry of a multicall
 * rewritten. docs/architecture.md has the recipe.
 *
 * When to stop is counted in work, never in the host's time: runs are repeatable.
 */
#ifndef DISPATCH_PREEMPT_H
#define DISPATCH_PREEMPT_H

#include "domain.h"

/* A unit of work is one entry of a list, and costs so much of the guest's time. */
#define WORK_NS 40u
/* After so many a call lets timers, events and the host have their say. */
#define WORK_MAX 4096u

/* A step of `units` is done. */
static inline void preempt_work(struct domain *d, uint32_t units)
{
    d->s.preempt.work += units;
}

/* Xen's hypercall_preempt_check(), for between two steps: an event is to be
 * delivered, the vcpu has to leave the CPU, or the call has done enough. */
static inline bool preempt_check(const struct vcpu *v)
{
    const struct domain_state *s = &v->domain->s;
    return G_UNLIKELY(s->preempt.work >= s->preempt.limit || (s->attention & ATTN_SCHED) ||
                      vcpu_event_deliverable(v));
}

/* The same before step `i` of this call: 4.17 does the first whatever comes, older
 * Xens look for events before it too. */
static inline bool preempt_before(const struct vcpu *v, uint32_t i)
{
    return i ? preempt_check(v)
             : G_UNLIKELY(v->domain->abi->xen < RING1_XEN_4_17 && vcpu_event_deliverable(v));
}

/* hypercall_create_continuation(): the call goes on as `nr` with these arguments;
 * the other registers, or words of the entry, stay as they are. Returns what the
 * handler has to return. */
int32_t hypercall_continue(struct vcpu *v, uint32_t nr, unsigned nargs, const uint32_t *arg);

/* A call begins, or the guest runs on: from here on work is counted. Returns the
 * units that were done. */
uint32_t preempt_begin_anew(struct domain *d);
static inline uint32_t preempt_begin(struct domain *d)
{
    return G_LIKELY(!d->s.preempt.work && !d->s.preempt.continued) ? 0 : preempt_begin_anew(d);
}

/* Have calls stop at each step, or at random ones: for tests. */
void preempt_set_mode(struct domain *d, enum ring1_preempt mode, uint64_t seed);

#endif
