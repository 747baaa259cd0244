/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * event.h - telling whoever looks on (struct tap) what happens beside hypercalls.
 * Events are made only when somebody asked for their kind: ask first.
 */
#ifndef DISPATCH_EVENT_H
#define DISPATCH_EVENT_H

#include "hypercall.h"

static inline bool event_wanted(const struct domain *d, enum ring1_event_kind kind)
{
    return G_UNLIKELY(d->tap != NULL) && d->tap->events & RING1_EVENT_BIT(kind);
}

/* Only what event_wanted wants. */
static inline void event_tell(struct vcpu *v, const struct ring1_event *e)
{
    const struct tap *tap = v->domain->tap;
    tap->event(tap->user, v, e);
}

/* The vcpu that whatever happens now is about. */
static inline struct vcpu *event_vcpu(struct domain *d)
{
    return &d->s.vcpu[d->s.queue.current];
}

/* Linear address of an offset in a segment, without a trace in the guest's tables;
 * a segment that cannot be used counts as flat. */
uint32_t event_linear(struct vcpu *v, uint16_t selector, uint32_t offset);

/* About the place where the vcpu's registers stand. */
struct ring1_event event_here(struct vcpu *v, enum ring1_event_kind kind);

/* --- the kinds that come from here --------------------------------------------- */

void event_upcall(struct vcpu *v, bool handled);
struct ring1_handler event_handler(struct vcpu *v, bool exists, uint16_t cs, uint32_t eip);
void event_exception(struct vcpu *v, const struct ring1_exception_event *exception);
void event_store(struct vcpu *v, gva_t va, mfn_t table, unsigned index, uint64_t old, uint64_t value);
void event_frame(struct domain *d, const struct ring1_frame_event *frame);
/* Of back ends: asks itself whether it is wanted. */
void event_device(struct domain *d, const struct ring1_device_event *device);

#endif
