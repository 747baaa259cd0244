/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * table_store.h - a store of the guest's kernel to one of its L1 tables, which
 * are mapped read-only, done as Xen does it with writable page tables.
 */
#ifndef EMU_TABLE_STORE_H
#define EMU_TABLE_STORE_H

#include "insn.h"

/* The instruction at EIP faulted in ring 1 with error code 3 on a write to
 * `page`. True: it is done, EIP is behind it (or the domain was killed for it).
 * False: nothing is changed, the guest gets its #PF. */
bool table_store(struct insn_cache *insns, struct vcpu *v, uint32_t page);

#endif
