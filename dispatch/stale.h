/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stale.h - translations that live on in a CPU's TLB after their entry changed.
 *
 * ring1 empties the TLB whenever a present entry changes. Real Xens from 3.0.3 on
 * do not when they emulate a kernel's store to an L1 table: the guest flushes, and
 * until then finds the old translation (docs/xen-abi.md 12.2, 5.7). That is kept
 * here, as state, so that it can be saved and a run be repeated: a few entries
 * that were in use, until the next flush of any kind.
 */
#ifndef DISPATCH_STALE_H
#define DISPATCH_STALE_H

#include "domain.h"

/* A store changed entry `index` of an L1 table from `old`, and with that, and
 * nothing else, the generation from `generation`. */
void stale_keep(struct vcpu *v, mfn_t table, unsigned index, uint64_t old, uint32_t generation);

/* The entry that still translates the page of `va`; false: none but the tables'. */
bool stale_lookup(const struct domain *d, gva_t va, uint64_t *entry);
/* It denied an access: the tables count. */
void stale_drop(struct domain *d, gva_t va);

/* Something lives on. */
static inline bool stale_any(const struct domain *d)
{
    return G_UNLIKELY(d->s.stale.nr) && d->s.stale.generation == d->s.translation_generation;
}

/* A frame gets another use: a mapping that is gone must not reach what it is now. */
static inline void stale_flush(struct domain *d)
{
    if (stale_any(d))
        domain_flush(d);
}

/* The guest asks for a flush, of whatever size. What a CPU's TLB holds is what the
 * tables say (pte_write) and may stay; what lives on here may not. */
static inline void domain_flush_asked(struct domain *d)
{
    if (!d->tlb || stale_any(d))
        domain_flush(d);
}

#endif
