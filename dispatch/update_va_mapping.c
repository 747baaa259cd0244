/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * update_va_mapping.c - change the L1 entry behind an address of the current
 * tables (docs/xen-abi.md 5.5, 12.2).
 */
#include "hypercall.h"
#include "mmu.h"
#include "stale.h"

/* Low bits of the flags; the rest is a pointer to a mask of vcpus, with two
 * values for "this one" and "all". */
#define UVMF_FLUSHTYPE 3u
#define UVMF_TLB_FLUSH 1u
#define UVMF_INVLPG    2u
#define UVMF_ALL       4u

bool mmu_find_l1(struct vcpu *v, gva_t va, mfn_t *table)
{
    struct domain *d = v->domain;
    mfn_t mfn = v->cr3;
    for (unsigned level = d->abi->levels; level > 1; level--) {
        uint64_t e = pte_read(d, mfn, pt_index(d->abi, va, level));
        if (!(e & PTE_P))
            return false;
        mfn = pte_mfn(e);
        if (!frame_exists(d->mem, mfn))
            return false;
    }
    const struct frame *f = frame_info(d->mem, mfn);
    *table = mfn;
    return f->type == PGT_l1_table && f->type_count;
}

static int32_t update(struct vcpu *v, gva_t va, uint64_t value, uint16_t owner)
{
    struct domain *d = v->domain;
    mfn_t table;
    if (va.va >= d->abi->hole || !mmu_find_l1(v, va, &table))
        return refuse(d, -XEN_EINVAL, "no L1 table maps %#x", va.va);
    return mmu_errno(d, mod_l1_entry(d, table, pt_index(d->abi, va, 1), value, owner));
}

int32_t do_update_va_mapping_2_0(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    uint32_t page = arg[0];
    if (page >= d->abi->hole >> RING1_PAGE_SHIFT)
        return refuse(d, -XEN_EINVAL, "page %#x is Xen's: the guest's end at %#x", page,
                      d->abi->hole >> RING1_PAGE_SHIFT);
    int32_t rc = update(v, GVA(page << RING1_PAGE_SHIFT), arg[1], d->s.domid);
    if (arg[2] & (UVMF_TLB_FLUSH | UVMF_INVLPG))
        domain_flush_asked(d);
    return rc;
}

/* Until 4.17 a flush is done, and its mask looked at, even when the update
 * failed. */
static int32_t update_and_flush(struct vcpu *v, const uint32_t *arg, uint16_t owner)
{
    struct domain *d = v->domain;
    uint64_t value = d->abi->pte_size == 4 ? arg[1] : (uint64_t)arg[2] << 32 | arg[1];
    uint32_t flags = arg[3], mask = flags & ~UVMF_FLUSHTYPE, bitmap;

    if (arg[0] >= d->abi->hole)
        return refuse(d, -XEN_EINVAL, "%#x is Xen's: the guest's addresses end at %#x", arg[0], d->abi->hole);
    int32_t rc = update(v, GVA(arg[0]), value, owner);
    if (rc && d->abi->xen >= RING1_XEN_4_17)
        return rc;
    if ((flags & UVMF_FLUSHTYPE) != UVMF_TLB_FLUSH && (flags & UVMF_FLUSHTYPE) != UVMF_INVLPG)
        return rc;
    domain_flush_asked(d);
    if (mask && mask != UVMF_ALL && guest_read(v, GVA(mask), &bitmap, sizeof bitmap))
        return refuse(d, -XEN_EFAULT, "the vcpu mask at %#x cannot be read", mask);
    return rc;
}

int32_t do_update_va_mapping(struct vcpu *v, const uint32_t *arg)
{
    return update_and_flush(v, arg, v->domain->s.domid);
}

int32_t do_update_va_mapping_otherdomain(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    uint16_t owner;
    if (d->abi->xen < RING1_XEN_4_17)
        return refuse(d, -XEN_EPERM, "domain %u: only for domain 0, this is domain %u", arg[4] & 0xFFFFu,
                      d->s.domid);
    int32_t rc = foreign_owner(d, (uint16_t)arg[4], &owner);
    if (!rc && owner == OWNER_DOMID_IO)
        rc = -XEN_EPERM;
    if (rc)
        return refuse(d, rc, "no right to foreign domain %#x", arg[4] & 0xFFFFu);
    return update_and_flush(v, arg, owner);
}
