/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ptwr.h - writable page tables: a kernel's plain stores to an L1 table, which
 * is mapped read-only, made good one by one (docs/xen-abi.md 5.7).
 */
#ifndef DISPATCH_PTWR_H
#define DISPATCH_PTWR_H

#include "access.h"

/* Whether Xen steps in for a write of the kernel to `va` that faulted with error
 * code 3: the assist is on, and a read-only entry maps an L1 table of the domain
 * there. Other levels are never written this way. */
bool pt_write_wanted(struct vcpu *v, gva_t va);

/* Store `len` bytes at `va`, of which pt_write_wanted has said yes; all of it or
 * nothing. False: Xen does not take it, the guest gets its #PF. From 3.0.4 on
 * that is any store that is not aligned to its own size or larger than an entry,
 * and one that makes an illegal entry; 2.0 and 3.0.0 take stores of any shape
 * within the page and kill the domain for an illegal entry.
 *
 * Instructions that read first (xchg, cmpxchg, or) are the caller's to compute:
 * nothing else runs between its read and this. `compared` says that it was a
 * cmpxchg. */
bool pt_emulate_write(struct vcpu *v, gva_t va, const void *bytes, unsigned len, bool compared);

#endif
