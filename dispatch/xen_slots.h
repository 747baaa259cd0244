/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xen_slots.h - what Xen puts into the slots of an L2 that are its own
 * (docs/xen-abi.md 5.2, 12.2).
 */
#ifndef DISPATCH_XEN_SLOTS_H
#define DISPATCH_XEN_SLOTS_H

#include "domain.h"

/* Fill the slots from `first` on. */
void xen_slots_fill(struct domain *d, mfn_t table, unsigned first);

#endif
