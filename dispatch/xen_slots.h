/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xen_slots.h - what Xen puts into the slots of an L2 that are its own
 * (docs/xen-abi.md 5.2, 12.2).
 */
#ifndef DISPATCH_XEN_SLOTS_H
#define DISPATCH_XEN_SLOTS_H

#include "domain.h"

/* What all slots of such a table would hold, the guest's as 0. */
void xen_slots_make(const struct domain *d, mfn_t table, uint64_t entry[1024]);
/* Fill the slots from `first` on. */
void xen_slots_fill(struct domain *d, mfn_t table, unsigned first);

#endif
