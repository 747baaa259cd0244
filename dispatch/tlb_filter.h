/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * tlb_filter.h - which L1 entries the CPU's TLB may hold: those that it was filled
 * from since it was last empty, as a filter over their machine addresses. It may
 * say yes for one that was not, never no for one that was.
 *
 * It spares a flush where a guest changes an entry that nobody used meanwhile. It
 * is the host's own: no part of a domain's state.
 */
#ifndef DISPATCH_TLB_FILTER_H
#define DISPATCH_TLB_FILTER_H

#include <ring1/types.h>

#include <stdbool.h>
#include <string.h>

#define TLB_FILTER_BITS 10u

struct tlb_filter {
    uint64_t bits[(1u << TLB_FILTER_BITS) / 64];
};

static inline uint32_t tlb_filter_hash(maddr_t entry)
{
    return (uint32_t)(entry.maddr >> 2) * 0x9E3779B1u >> (32 - TLB_FILTER_BITS);
}

/* The TLB was filled from the L1 entry at `entry`. */
static inline void tlb_filter_add(struct tlb_filter *f, maddr_t entry)
{
    uint32_t h = tlb_filter_hash(entry);
    f->bits[h / 64] |= 1ull << h % 64;
}

static inline bool tlb_filter_has(const struct tlb_filter *f, maddr_t entry)
{
    uint32_t h = tlb_filter_hash(entry);
    return f->bits[h / 64] >> h % 64 & 1;
}

/* The TLB is empty. */
static inline void tlb_filter_clear(struct tlb_filter *f)
{
    memset(f, 0, sizeof *f);
}

#endif
