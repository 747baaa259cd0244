/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run_queue.c - see run_queue.h.
 */
#include "run_queue.h"

#include "schedule.h"
#include "timer.h"

#define ATTN_OF_VCPU (ATTN_REGS | ATTN_GDT | ATTN_TS | ATTN_DEBUG)

static uint32_t bit_of(const struct vcpu *v)
{
    return 1u << v->id;
}

void run_queue_changed(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct run_queue *q = &d->s.queue;
    if (v->run != VCPU_RUNNING) {
        q->runnable &= ~bit_of(v);
        q->urgent &= ~bit_of(v);
        d->s.attention |= ATTN_SCHED;
    } else {
        q->runnable |= bit_of(v);
        q->yielding &= ~bit_of(v);
        run_queue_urge(v);
    }
}

void run_queue_urge(struct vcpu *v)
{
    struct domain *d = v->domain;
    struct run_queue *q = &d->s.queue;
    if (v->id == q->current || !(q->runnable & bit_of(v)))
        return;
    q->urgent |= bit_of(v);
    d->s.attention |= ATTN_SCHED;
}

/* Of `among`, which is not empty, who waits longest; of those that wait equally long
 * the first after the present one. */
static struct vcpu *longest_waiting(struct domain *d, uint32_t among)
{
    struct vcpu *longest = NULL;
    for (unsigned i = 1; i <= MAX_VCPUS; i++) {
        struct vcpu *v = &d->s.vcpu[(d->s.queue.current + i) % MAX_VCPUS];
        if ((among & bit_of(v)) && (!longest || v->runstate_since < longest->runstate_since))
            longest = v;
    }
    return longest;
}

/* What was to be done before the vcpu's next instruction goes with it. */
static void hand_over(struct domain *d, struct vcpu *from, struct vcpu *to)
{
    from->attention |= d->s.attention & ATTN_OF_VCPU;
    d->s.attention = (d->s.attention & ~ATTN_OF_VCPU) | to->attention;
    to->attention = 0;
}

static void switch_to(struct domain *d, struct vcpu *to, uint64_t now)
{
    struct run_queue *q = &d->s.queue;
    struct vcpu *from = run_queue_current(d);
    hand_over(d, from, to);
    vcpu_lose_cpu(from);
    q->current = to->id;
    d->s.attention |= ATTN_TIMER; /* its ticks count */
    vcpu_get_cpu(to);
    q->urgent &= ~bit_of(to);
    q->hold_until = now + HOLD_NS;
    q->look_at = now + LOOK_NS;
    q->spin_eip = q->spin_esp = 0;
    timers_catch_up(to);
}

void run_queue_give(struct domain *d, struct vcpu *to)
{
    switch_to(d, to, domain_now(d));
}

/* The present vcpu is not to go on, or need not. */
static struct vcpu *next(struct domain *d, uint32_t others, bool leaves, uint64_t now)
{
    struct run_queue *q = &d->s.queue;
    if (now >= q->slice_end) {
        q->slice_end = now + SLICE_NS;
        return longest_waiting(d, others);
    }
    if ((q->urgent & others) && (leaves || now >= q->hold_until))
        return longest_waiting(d, q->urgent & others);
    return leaves ? longest_waiting(d, others) : NULL;
}

struct vcpu *run_queue_choose(struct domain *d, bool spins)
{
    struct run_queue *q = &d->s.queue;
    struct vcpu *v = run_queue_current(d);
    bool yields = v->yielded, runs = v->run == VCPU_RUNNING;
    v->yielded = q->everyone = false;
    if (yields) {
        q->yielding |= bit_of(v);
        q->everyone = (q->runnable & ~q->yielding) == 0;
        if (q->everyone)
            q->yielding = 0;
    }
    uint32_t others = q->runnable & ~bit_of(v);
    if (!others)
        return runs ? v : NULL;
    uint64_t now = domain_now(d);
    struct vcpu *to = next(d, others, yields || spins || !runs, now);
    if (!to)
        return v;
    if (!yields)
        q->yielding = 0;
    switch_to(d, to, now);
    return to;
}

uint64_t run_queue_deadline(const struct domain *d)
{
    const struct run_queue *q = &d->s.queue;
    if (!run_queue_waits(d))
        return NO_DEADLINE;
    uint64_t next = MIN(q->slice_end, q->look_at);
    return q->urgent ? MIN(next, q->hold_until) : next;
}
