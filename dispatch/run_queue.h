/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * run_queue.h - which vcpu has the one CPU. They take turns by the domain's clock, so
 * that a run is repeatable; who waits longest is next. A turn ends after SLICE_NS,
 * at once when the vcpu blocks, yields or goes down, and soon when another got an
 * event: what an IPI asks for is waited for. All times are of the guest.
 *
 * A choice changes only by what leaves the guest in every kind of run: ATTN_SCHED,
 * and the deadline that is given here.
 */
#ifndef DISPATCH_RUN_QUEUE_H
#define DISPATCH_RUN_QUEUE_H

#include "domain.h"

/* A turn, while others wait. */
#define SLICE_NS 1000000u
/* For so long not even an event for another ends a turn. */
#define HOLD_NS 20000u
/* Whether a vcpu spins is looked at so often, while others wait. */
#define LOOK_NS 50000u

static inline struct vcpu *run_queue_current(struct domain *d)
{
    return &d->s.vcpu[d->s.queue.current];
}

/* Other vcpus could run. */
static inline bool run_queue_waits(const struct domain *d)
{
    return (d->s.queue.runnable & ~(1u << d->s.queue.current)) != 0;
}

/* v->run has changed. */
void run_queue_changed(struct vcpu *v);

/* An event, or an NMI, came for `v`: if it waits for the CPU it is soon next. */
void run_queue_urge(struct vcpu *v);

/* The vcpu that is to run now, or NULL when none can. It has the CPU from here on,
 * in all that a guest sees (runstates, its clock, a tick that it slept over); the
 * one before is where its struct says. `spins`: the present one only waits in a
 * loop. */
struct vcpu *run_queue_choose(struct domain *d, bool spins);

/* No choice: this vcpu, which can run and has it not, gets the CPU. */
void run_queue_give(struct domain *d, struct vcpu *to);

/* When the choice is to be made again, or NO_DEADLINE. */
uint64_t run_queue_deadline(const struct domain *d);

#endif
