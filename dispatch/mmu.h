/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mmu.h - what mmu_update, mmuext_op and update_va_mapping have in common
 * (docs/xen-abi.md 5.5).
 */
#ifndef DISPATCH_MMU_H
#define DISPATCH_MMU_H

#include "page_type.h"
#include "plant.h"
#include "preempt.h"

#include <string.h>
#include <xen/errno.h>

/* Bit 31 of a count: the call goes on, *pdone counts what was done before. */
#define MMU_UPDATE_PREEMPTED 0x80000000u

/* Domain numbers with a meaning of their own (xen/xen.h). */
#define FOREIGN_SELF 0x7FF0u
#define FOREIGN_IO   0x7FF1u
#define FOREIGN_XEN  0x7FF2u

/* Whose frames a call is about. 0: the caller's own, or, with *owner
 * OWNER_DOMID_IO, those of I/O space. -ESRCH (as the Xen in force says it): no
 * such domain, the caller's own number included. -EPERM: one that the caller has
 * no right to. */
int32_t foreign_owner(const struct domain *d, uint16_t domid, uint16_t *owner);

/* Make `mfn` the top-level table: NEW_BASEPTR, and MOV CR3 (which the CPU's side
 * gives the answer's meaning: docs/xen-abi.md 12.2). A bad one crashes the domain
 * in 3.0.4. */
int32_t mmu_new_baseptr(struct vcpu *v, mfn_t mfn);

/* The L1 table that maps va in the vcpu's tables. An L2 that stands there as a
 * linear page table is none. */
bool mmu_find_l1(struct vcpu *v, gva_t va, mfn_t *table);

/* mmuext_op's own pieces, in 2.0 called through mmu_update. */
int32_t mmu_flush_cache(struct domain *d);

/* An array of requests in guest memory, read one by one as Xen does: what an
 * entry changes, the next is read through. One walk serves a page of them for as
 * long as no translation changes. */
struct requests {
    struct vcpu *v;
    gva_t array;
    uint32_t size; /* of one, in bytes */
    const uint8_t *page;
    uint32_t page_va, generation;
    uint64_t entry; /* machine address of the L1 entry that maps it; 0: not known */
};

static inline bool request_read(struct requests *r, uint32_t index, void *dst)
{
    struct domain *d = r->v->domain;
    uint64_t at = r->array.va + (uint64_t)index * r->size;
    uint32_t offset = (uint32_t)at & (RING1_PAGE_SIZE - 1);

    if (G_UNLIKELY(at + r->size > d->abi->hole && (d->abi->array_range_checked || at + r->size > 1ull << 32)))
        return false;
    if (G_UNLIKELY(offset + r->size > RING1_PAGE_SIZE))
        return guest_read(r->v, GVA((uint32_t)at), dst, r->size) == 0;
    if (G_UNLIKELY(!r->page || r->page_va != (uint32_t)at - offset ||
                   r->generation != d->s.translation_generation)) {
        struct walk w;
        if (guest_walk(r->v, GVA((uint32_t)at), ACCESS_READ, false, true, &w) != WALK_OK)
            return false;
        r->page = (const uint8_t *)frame_ptr(d->mem, w.mfn);
        r->page_va = (uint32_t)at - offset;
        r->entry = w.entry.maddr;
        r->generation = d->s.translation_generation;
    }
    memcpy(dst, r->page + offset, r->size);
    return true;
}

/* The whole array lies where a guest may point at, in a Xen that asks first. */
static inline bool requests_range_ok(const struct domain *d, gva_t array, uint32_t count, uint32_t size)
{
    return !d->abi->array_range_checked || guest_range_ok(d, array, (uint64_t)count * size);
}

/* 3.0.2 asked for the foreign domain before that, 3.2 after it (13.5). */
static inline bool range_goes_first(const struct domain *d)
{
    return d->abi->xen >= RING1_XEN_3_2;
}

/* Stop before request `i` of a call with these arguments, to go on there with the
 * count `left`. */
static inline int32_t requests_continue(const struct requests *r, uint32_t nr, const uint32_t *arg,
                                        uint32_t i, uint32_t left)
{
    uint32_t from = i + (PLANTED(continuation) && left > 1);
    const uint32_t rest[] = {arg[0] + from * r->size, left | MMU_UPDATE_PREEMPTED, arg[2], arg[3]};
    return hypercall_continue(r->v, nr, r->v->domain->abi->xen > RING1_XEN_2_0 ? 4 : 3, rest);
}

/* *pdone; Xen does not mind when it cannot be written. */
static inline void pdone_write(struct vcpu *v, gva_t pdone, uint32_t done)
{
    if (pdone.va)
        (void)guest_write(v, pdone, &done, sizeof done);
}

/* Xen 4.17's own form of a call goes on with a table that was put aside, and gives
 * back what the last argument says. */
static inline bool continues_nothing(const struct domain *d, const uint32_t *arg)
{
    return d->abi->xen >= RING1_XEN_4_17 && arg[0] == 0 && arg[1] == MMU_UPDATE_PREEMPTED;
}

/* What a preempted call had done; takes the mark off *count. */
static inline uint32_t pdone_read(struct vcpu *v, gva_t pdone, uint32_t *count)
{
    uint32_t done = 0;
    if (G_UNLIKELY(*count & MMU_UPDATE_PREEMPTED)) {
        *count &= ~MMU_UPDATE_PREEMPTED;
        if (pdone.va && guest_read(v, pdone, &done, sizeof done))
            done = 0;
    }
    return done;
}

#endif
