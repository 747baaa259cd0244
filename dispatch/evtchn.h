/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * evtchn.h - event channels: ports, their delivery (the 2-level rule of
 * docs/xen-abi.md 6.4) and the back ends' ends of them.
 */
#ifndef DISPATCH_EVTCHN_H
#define DISPATCH_EVTCHN_H

#include "domain.h"

/* Make a port of the guest pending and, unless it is masked, have the upcall
 * raised; wakes a vcpu that is blocked or polls the port. */
void evtchn_set_pending(struct domain *d, unsigned port);

/* Raise a virtual interrupt for a vcpu, if it is bound. A virq that is the
 * domain's and not a vcpu's belongs to vcpu 0. */
void virq_raise(struct vcpu *v, unsigned virq);

/* A new port for a back end: what a toolstack's alloc_unbound and the back end's
 * bind_interdomain make together. The port, or -errno. */
int evtchn_backend_alloc(struct domain *d, enum backend backend);

/* Bind the guest's unbound port that waits for the back ends' domain. 0, or
 * -XEN_EINVAL when the port is in no such state. */
int evtchn_backend_bind(struct domain *d, unsigned port, enum backend backend);

/* The back end lets go: the guest's port waits again for its other end. */
void evtchn_backend_unbind(struct domain *d, unsigned port);

/* An event from a back end to the guest. Nothing happens when the port is not
 * (or no longer) bound to the back ends' domain. */
void evtchn_backend_send(struct domain *d, unsigned port);

#endif
