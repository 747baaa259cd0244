/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ptwr.c - see ptwr.h. Up to 3.0.2 Xen let the guest write to the table for a
 * while and compared it with a copy afterwards; here each store is looked at when
 * it happens, which a guest can tell only by when it is killed.
 */
#include "ptwr.h"

#include "event.h"
#include "page_type.h"
#include "stale.h"

#include <string.h>

#define VMASST_writable_pagetables 2u

/* What maps va: an L1 table, by an entry without RW. */
static bool find(struct vcpu *v, gva_t va, struct walk *w)
{
    struct domain *d = v->domain;
    if (va.va >= d->abi->hole || guest_walk(v, va, ACCESS_READ, false, false, w) != WALK_OK ||
        (w->value & PTE_RW))
        return false;
    const struct frame *f = frame_info(d->mem, w->mfn);
    return f->owner == d->s.domid && f->type == PGT_l1_table && f->type_count;
}

bool pt_write_wanted(struct vcpu *v, gva_t va)
{
    struct walk w;
    return (v->domain->s.vm_assist & 1u << VMASST_writable_pagetables) && find(v, va, &w);
}

/* Slots of the top-level table in force that a table stands in. */
static unsigned slots_of(const struct vcpu *v, mfn_t table)
{
    const struct domain *d = v->domain;
    unsigned n = 0;
    for (unsigned i = 0; i < pt_index(d->abi, GVA(d->abi->hole), 2); i++) {
        uint64_t e = pte_read(d, v->cr3, i);
        n += (e & PTE_P) && pte_mfn(e).mfn == table.mfn;
    }
    return n;
}

/* 2.0 takes the table out of its slot while the guest writes: it must have one
 * slot, the same in each address space, and not be what maps the place that is
 * written to (12.2). */
static bool can_unhook(const struct vcpu *v, const struct walk *w)
{
    struct domain *d = v->domain;
    if (d->abi->xen > RING1_XEN_2_0)
        return true;
    if (w->entry.maddr >> RING1_PAGE_SHIFT == w->mfn.mfn) {
        domain_crash_at(d, CRASH_FRAME, w->mfn.mfn, "PTWR failure: L1 table %#x is written through itself",
                        w->mfn.mfn);
        return false;
    }
    if (slots_of(v, w->mfn) > 1) {
        domain_crash_at(d, CRASH_FRAME, w->mfn.mfn, "PTWR failure: L1 table %#x is in more than one L2 slot",
                        w->mfn.mfn);
        return false;
    }
    return true;
}

/* `value` into an entry of which `first`..`last` are the bytes that the guest
 * stored. PAE guests store an entry in two halves. The upper one first makes, for
 * the moment, an entry that is present and wrong: it is taken without P. */
static int32_t store_entry(struct domain *d, mfn_t table, unsigned index, uint64_t value, bool upper_half)
{
    int32_t rc = mod_l1_entry(d, table, index, value, d->s.domid);
    if (rc && upper_half)
        rc = mod_l1_entry(d, table, index, value & ~(uint64_t)PTE_P, d->s.domid);
    return rc;
}

bool pt_emulate_write(struct vcpu *v, gva_t va, const void *bytes, unsigned len, bool compared)
{
    struct domain *d = v->domain;
    unsigned size = d->abi->pte_size, offset = va.va & (RING1_PAGE_SIZE - 1);
    bool batch = d->abi->xen <= RING1_XEN_3_0_0;
    struct walk w;

    if (!len || offset + len > RING1_PAGE_SIZE ||
        (!batch && (len > size || len & (len - 1) || offset & (len - 1))))
        return false;
    if (!find(v, va, &w))
        return false;
    if (!can_unhook(v, &w))
        return true; /* it will not run on */

    const uint8_t *src = bytes;
    for (unsigned at = offset; at < offset + len;) {
        unsigned index = at / size, in = at % size, n = MIN(size - in, offset + len - at);
        uint64_t value = pte_read(d, w.mfn, index), old = value;
        uint32_t generation = d->s.translation_generation;
        memcpy((uint8_t *)&value + in, src, n);
        if (event_wanted(d, RING1_EVENT_STORE))
            event_store(v, GVA(va.va - offset + at), w.mfn, index, old, value);
        bool upper_half = size == 8 && n == 4 && in == 4 && !compared;
        if (store_entry(d, w.mfn, index, value, upper_half)) {
            if (!batch)
                return false;
            domain_crash_at(d, CRASH_FRAME, w.mfn.mfn,
                            "PTWR: could not revalidate entry %u of L1 table %#x: %#llx", index, w.mfn.mfn,
                            (unsigned long long)value);
            return true;
        }
        if (!batch)
            stale_keep(v, w.mfn, index, old, generation);
        src += n;
        at += n;
    }
    return true;
}
