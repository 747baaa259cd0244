/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * schedule.h - whether a vcpu runs, and what time it spent how
 * (docs/xen-abi.md 8.6, 8.24, 8.29, 9.6).
 */
#ifndef DISPATCH_SCHEDULE_H
#define DISPATCH_SCHEDULE_H

#include "domain.h"

/* Change v->run, and the runstate with it. */
void vcpu_set_run(struct vcpu *v, enum vcpu_run run);

/* It gets the CPU, or another does: run_queue.c. */
void vcpu_get_cpu(struct vcpu *v);
void vcpu_lose_cpu(struct vcpu *v);

/* VCPUOP_down and VCPUOP_up: one that was blocked is so when it comes up again,
 * unless something came meanwhile. */
void vcpu_take_down(struct vcpu *v);
void vcpu_bring_up(struct vcpu *v);

/* Something came for it: a blocked or polling vcpu becomes runnable (vcpu_kick in
 * Xen), one that waits for the CPU gets it soon. */
void vcpu_wake(struct vcpu *v);

/* Whether the vcpu can run now: wakes it when it is blocked with an event
 * deliverable, or polls and has what it polls for. */
bool vcpu_wake_check(struct vcpu *v);

/* An event came for `port`: wake the vcpus that poll it. */
void sched_port_pending(struct domain *d, unsigned port);

/* vcpu_runstate_info as a 32-bit guest has it (docs/xen-abi.md 9.6). */
struct runstate_info {
    uint32_t state;
    uint64_t state_entry_time;
    uint64_t time[4];
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct runstate_info) == 44);

void vcpu_runstate(const struct vcpu *v, struct runstate_info *info);
/* Copy it to the place that the guest registered, if it did. */
void vcpu_runstate_update(struct vcpu *v);

#endif
