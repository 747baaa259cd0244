/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * evtchn_port.h - what evtchn.c and evtchn_op.c share: single ports.
 */
#ifndef DISPATCH_EVTCHN_PORT_H
#define DISPATCH_EVTCHN_PORT_H

#include "domain.h"

/* Below 1024, and in a bucket that Xen has made by now. */
bool port_is_valid(const struct domain *d, uint32_t port);

/* The lowest free port but `not`, with room for it; or -XEN_ENOSPC. port_alloc's
 * answer is as new, still of kind ECS_FREE. */
int port_find(struct domain *d, unsigned not);
int port_alloc(struct domain *d);

/* Of any kind; from 3.2 on its pending bit goes too. */
void port_free(struct domain *d, unsigned port);

/* Clear the mask bit and raise what was pending under it. */
void port_unmask(struct domain *d, unsigned port);

#endif
