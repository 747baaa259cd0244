/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * timer.h - timers and the clock in shared memory (docs/xen-abi.md 8.15, 9.6).
 * The TSC runs at 1 GHz and equals system time: tsc = domain_now.
 */
#ifndef DISPATCH_TIMER_H
#define DISPATCH_TIMER_H

#include "domain.h"

#define TSC_HZ  1000000000u
#define TICK_NS 10000000u /* period of the tick while a vcpu runs */

/* Start the ticks and make the clock valid: before the first instruction, when
 * shared_info is there. */
void time_init(struct domain *d);

/* Refresh a vcpu's clock in shared memory; does nothing within a millisecond of the
 * last time. */
void time_update(struct vcpu *v);
/* The same at once. */
void time_update_vcpu(struct vcpu *v);

/* The earliest deadline in absolute ns, or NO_DEADLINE. Ticks count for the vcpu
 * that has the CPU alone, a poll's timeout for polling ones. It may lie in the past. */
uint64_t timers_next(const struct domain *d);
/* The same of those that the guest is told of: a timer without a bound VIRQ_TIMER
 * is none, though it is a time at which Xen looks. */
uint64_t timers_next_event(const struct domain *d);

/* Raise what is due at domain_now. */
void timers_run(struct domain *d);
/* The same for a vcpu that got the CPU: a tick that it slept over, its clock. */
void timers_catch_up(struct vcpu *v);

#endif
