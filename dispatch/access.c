/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * access.c - the page-table walker, and copies through it.
 */
#include "access.h"

#include "plant.h"
#include "stale.h"
#include "tlb_filter.h"
#include "window.h"

#include <string.h>
#include <xen/errno.h>

static inline void pte_store(struct domain *d, mfn_t table, unsigned index, uint64_t value)
{
    uint8_t *page = frame_ptr(d->mem, table);
    if (d->abi->pte_size == 4)
        memcpy(page + index * 4u, &(uint32_t){(uint32_t)value}, 4);
    else
        memcpy(page + index * 8u, &value, 8);
    frame_changed(d, table);
}

/* The TLB may hold what this entry says. Tables above L1 are not kept count of, nor
 * is what lives on in stale.h, which ends with any change but its own. */
static bool in_tlb(const struct domain *d, mfn_t table, unsigned index)
{
    maddr_t entry = MADDR(((uint64_t)table.mfn << RING1_PAGE_SHIFT) + index * d->abi->pte_size);
    return !d->tlb || frame_info(d->mem, table)->type != PGT_l1_table || tlb_filter_has(d->tlb, entry) ||
           stale_any(d);
}

void pte_write(struct domain *d, mfn_t table, unsigned index, uint64_t value)
{
    uint64_t old = pte_read(d, table, index);
    pte_store(d, table, index, value);
    if (!(old & PTE_P) || old == value)
        return;
    if (in_tlb(d, table, index) && !PLANTED(stale_tlb))
        domain_flush(d);
    else
        d->s.translation_generation++;
}

static enum walk_result refuse_walk(struct walk *w, uint32_t error, unsigned level)
{
    w->error = error;
    w->level = level;
    return WALK_FAULT;
}

/* Code of a fault, all but its P bit (Intel SDM 3, 4.7). */
static uint32_t fault_code(const struct abi *abi, enum access access, bool ring3)
{
    return (access == ACCESS_WRITE ? PF_WRITE : 0) | (ring3 ? PF_USER : 0) |
           (access == ACCESS_FETCH && abi->levels == 3 ? PF_FETCH : 0);
}

/* The hypervisor's hole: the m2p array, for reading, for ring 1. */
static enum walk_result walk_hole(const struct domain *d, gva_t va, enum access access, bool ring3,
                                  struct walk *w)
{
    const struct abi *abi = d->abi;
    uint32_t code = fault_code(abi, access, ring3);
    if (abi->segment_top && va.va >= abi->segment_top)
        return WALK_SEGMENT;
    uint32_t page = (va.va - abi->hole) >> RING1_PAGE_SHIFT;
    if (va.va >= abi->m2p_end || page >= d->mem->m2p_frames)
        return refuse_walk(w, code, 0);
    if (ring3 || access == ACCESS_WRITE)
        return refuse_walk(w, code | PF_PRESENT, 0);
    w->mfn = MFN(d->mem->m2p.mfn + page);
    w->executable = true;
    w->dirty = true;
    return WALK_OK;
}

/* Take an entry of level 2 or 1 into account. False: it denies the access. */
static inline bool grants(struct walk *w, unsigned levels, uint64_t e, enum access access, bool ring3)
{
    w->mfn = pte_mfn(e);
    w->dirty = (e & PTE_D) != 0;
    w->writable = w->writable && (e & PTE_RW);
    w->user = w->user && (e & PTE_US);
    if (levels == 3)
        w->executable = w->executable && !(e & PTE_NX);
    return (!ring3 || w->user) && (access != ACCESS_WRITE || w->writable) &&
           (access != ACCESS_FETCH || w->executable);
}

/* The tables' entries on the way, and where they stand. */
struct steps {
    mfn_t table[4];
    unsigned index[4];
    uint64_t entry[4];
};

static inline void set_bits_of(struct domain *d, const struct steps *s, enum access access, struct walk *w)
{
    uint64_t bits = PTE_A | (access == ACCESS_WRITE ? PTE_D : 0);
    if (!(s->entry[2] & PTE_A))
        pte_store(d, s->table[2], s->index[2], s->entry[2] | PTE_A);
    if ((s->entry[1] & bits) != bits) {
        /* Two levels may be one table (a linear map): take the entry anew. */
        w->value = pte_read(d, s->table[1], s->index[1]) | bits;
        pte_store(d, s->table[1], s->index[1], w->value);
        w->dirty = (w->value & PTE_D) != 0;
    }
}

/* The walk itself, once for each number of levels: that is where calls spend their time. */
static inline __attribute__((always_inline)) enum walk_result walk_tables(struct vcpu *v, gva_t va,
                                                                          enum access access, bool ring3,
                                                                          bool set_bits, struct walk *w,
                                                                          const unsigned levels)
{
    struct domain *d = v->domain;
    const unsigned size = levels == 3 ? 8 : 4;
    struct steps s;
    mfn_t next = v->cr3;
    bool denied = false;
#pragma GCC unroll 3
    for (unsigned level = levels; level >= 1; level--) {
        unsigned index = pt_index_of(levels, va, level);
        uint64_t e = 0;
        memcpy(&e, (const uint8_t *)frame_ptr(d->mem, next) + index * size, size);
        s.table[level] = next;
        s.index[level] = index;
        s.entry[level] = e;
        w->entry = MADDR(((uint64_t)next.mfn << RING1_PAGE_SHIFT) + index * size);
        w->value = e;
        if (G_UNLIKELY(!(e & PTE_P)))
            return refuse_walk(w, fault_code(d->abi, access, ring3), level);
        next = pte_mfn(e);
        if (G_UNLIKELY(!frame_exists(d->mem, next)))
            return refuse_walk(w, fault_code(d->abi, access, ring3) | PF_PRESENT | PF_RESERVED, level);
        if (level == 3)
            continue; /* an L3 entry grants and denies nothing */
        if (!grants(w, levels, e, access, ring3))
            denied = true;
    }
    if (G_UNLIKELY(denied))
        return refuse_walk(w, fault_code(d->abi, access, ring3) | PF_PRESENT, 1);
    if (set_bits)
        set_bits_of(d, &s, access, w);
    return WALK_OK;
}

/* The guest's own tables, of as many levels as its ABI has. */
static inline __attribute__((always_inline)) enum walk_result
walk_own(struct vcpu *v, gva_t va, enum access access, bool ring3, bool set_bits, struct walk *w)
{
    w->writable = w->user = w->executable = true;
    return v->domain->abi->levels == 3 ? walk_tables(v, va, access, ring3, set_bits, w, 3)
                                       : walk_tables(v, va, access, ring3, set_bits, w, 2);
}

enum walk_result guest_walk(struct vcpu *v, gva_t va, enum access access, bool ring3, bool set_bits,
                            struct walk *w)
{
    struct domain *d = v->domain;
    const struct abi *abi = d->abi;

    memset(w, 0, sizeof *w);
    if (G_UNLIKELY(va.va >= abi->hole))
        return walk_hole(d, va, access, ring3, w);

    uint64_t stale;
    if (stale_any(d) && stale_lookup(d, va, &stale)) {
        w->writable = w->user = w->executable = true;
        if (grants(w, abi->levels, stale, access, ring3))
            return WALK_OK;
        stale_drop(d, va); /* as a CPU does before it faults */
        d->s.attention |= ATTN_FLUSH;
    }
    return walk_own(v, va, access, ring3, set_bits, w);
}

enum walk_result guest_walk_tables(struct vcpu *v, gva_t va, enum access access, bool ring3, struct walk *w)
{
    memset(w, 0, sizeof *w);
    return walk_own(v, va, access, ring3, false, w);
}

/* For Xen itself, of whom the frame alone is asked. In place, where most of `struct walk` is not
 * made at all: calls with small structures spend much of their time here. */
static inline __attribute__((always_inline)) bool find_frame(struct vcpu *v, gva_t va, enum access access,
                                                             mfn_t *mfn)
{
    const struct domain *d = v->domain;
    enum walk_result result;
    if (G_UNLIKELY(va.va >= d->abi->hole || stale_any(d))) {
        struct walk w; /* another one, for its address is taken */
        result = guest_walk(v, va, access, false, true, &w);
        *mfn = w.mfn;
    } else {
        struct walk w = {0};
        result = walk_own(v, va, access, false, true, &w);
        *mfn = w.mfn;
    }
    return result == WALK_OK;
}

bool guest_range_ok(const struct domain *d, gva_t va, uint64_t len)
{
    return len <= d->abi->hole && (uint64_t)va.va + len <= d->abi->hole;
}

/* One copy through page after page; `write` says in which direction. */
static int32_t copy(struct vcpu *v, gva_t va, uint8_t *host, uint32_t len, bool write)
{
    struct domain *d = v->domain;
    /* 4.17's test of a 32-bit caller's addresses always passes: who reads at the
     * m2p gets it (docs/xen-abi.md 13.1). */
    if (d->abi->array_range_checked ? !guest_range_ok(d, va, len) : (uint64_t)va.va + len > 1ull << 32)
        return -XEN_EFAULT;
    while (len) {
        mfn_t mfn;
        uint32_t offset = va.va & (RING1_PAGE_SIZE - 1);
        uint32_t n = MIN(len, RING1_PAGE_SIZE - offset);
        if (!find_frame(v, va, write ? ACCESS_WRITE : ACCESS_READ, &mfn))
            return -XEN_EFAULT;
        uint8_t *page = (uint8_t *)frame_ptr(d->mem, mfn) + offset;
        if (write) {
            memcpy(page, host, n);
            frame_changed(d, mfn);
        } else {
            memcpy(host, page, n);
        }
        va.va += n;
        host += n;
        len -= n;
    }
    return 0;
}

int32_t guest_read(struct vcpu *v, gva_t va, void *dst, uint32_t len)
{
    return copy(v, va, dst, len, false);
}

int32_t guest_peek(struct vcpu *v, gva_t va, void *dst, uint32_t len)
{
    uint8_t *host = dst;
    while (len) {
        struct walk w;
        uint32_t offset = va.va & (RING1_PAGE_SIZE - 1), n = MIN(len, RING1_PAGE_SIZE - offset);
        if (guest_walk(v, va, ACCESS_READ, false, false, &w) != WALK_OK)
            return -XEN_EFAULT;
        memcpy(host, (const uint8_t *)frame_ptr(v->domain->mem, w.mfn) + offset, n);
        va.va += n;
        host += n;
        len -= n;
    }
    return 0;
}

int32_t guest_write(struct vcpu *v, gva_t va, const void *src, uint32_t len)
{
    return copy(v, va, (uint8_t *)(uintptr_t)src, len, true);
}

/* Address of an element; false when it lies beyond 4 GiB. */
static bool element(gva_t array, uint32_t index, uint32_t size, gva_t *va)
{
    uint64_t address = array.va + (uint64_t)index * size;
    va->va = (uint32_t)address;
    return address <= UINT32_MAX;
}

int32_t guest_read_index(struct vcpu *v, gva_t array, uint32_t index, void *dst, uint32_t size)
{
    gva_t va;
    return element(array, index, size, &va) ? guest_read(v, va, dst, size) : -XEN_EFAULT;
}

int32_t guest_write_index(struct vcpu *v, gva_t array, uint32_t index, const void *src, uint32_t size)
{
    gva_t va;
    return element(array, index, size, &va) ? guest_write(v, va, src, size) : -XEN_EFAULT;
}

bool window_find(struct vcpu *v, struct window *w, uint32_t page, bool write)
{
    struct domain *d = v->domain;
    mfn_t mfn;
    w->page = NULL;
    if (page >= d->abi->hole || !find_frame(v, GVA(page), write ? ACCESS_WRITE : ACCESS_READ, &mfn))
        return false;
    *w = (struct window){frame_ptr(d->mem, mfn), page, d->s.translation_generation, mfn, write};
    return true;
}
