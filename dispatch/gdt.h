/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdt.h - Xen's own entries of every guest's GDT (docs/xen-abi.md 4.3, 5.2).
 */
#ifndef DISPATCH_GDT_H
#define DISPATCH_GDT_H

#include "abi.h"

/* Entries that 2.0 copies into the guest's first GDT page: 256..295. Later Xens
 * keep theirs in a page of their own, the whole of it from 7168 on. */
#define XEN_2_0_RESERVED_ENTRIES 40u

/* The descriptor that Xen has at an entry of the GDT (a selector is entry * 8 +
 * RPL), 0 for an entry without one: rings 1 and 3, flat, and ring 0 for whoever
 * plays the hypervisor. */
uint64_t xen_descriptor(const struct abi *abi, unsigned gdt_entry);

#endif
