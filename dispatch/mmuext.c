/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * mmuext.c - pins, CR3, flushes, LDT and whole pages: mmuext_op and the pieces
 * that 2.0 reaches through mmu_update (docs/xen-abi.md 5.5, 12.2, 13.2).
 */
#include "descriptor.h"
#include "hypercall.h"
#include "mmu.h"
#include "plant.h"
#include "stale.h"

struct mmuext_request {
    uint32_t cmd, arg1, arg2;
};
G_STATIC_ASSERT(sizeof(struct mmuext_request) == 12);

int32_t foreign_owner(const struct domain *d, uint16_t domid, uint16_t *owner)
{
    *owner = d->s.domid;
    if (G_LIKELY(domid == FOREIGN_SELF))
        return 0;
    if (domid == FOREIGN_IO) {
        *owner = OWNER_DOMID_IO;
        return 0;
    }
    if (d->abi->xen >= RING1_XEN_4_17 && (domid == FOREIGN_XEN || domid == DOMID_BACKEND))
        return -XEN_EPERM;
    return d->abi->bad_foreigndom;
}

int32_t mmu_new_baseptr(struct vcpu *v, mfn_t mfn)
{
    struct domain *d = v->domain;
    int32_t rc = page_take_cr3(d, mfn);
    if (rc) {
        if (d->abi->xen == RING1_XEN_3_0_4)
            domain_crash_at(d, CRASH_FRAME, mfn.mfn,
                            "Error while installing new baseptr: frame %#x cannot be a top-level table",
                            mfn.mfn);
        return mmu_errno(d, rc);
    }
    ldt_drop(v);
    mfn_t old = v->cr3;
    v->cr3 = mfn;
    ldt_reload(v);
    page_drop_cr3(d, old);
    if (old.mfn == mfn.mfn)
        domain_flush_asked(d);
    else
        domain_flush(d);
    return 0;
}

int32_t mmu_flush_cache(struct domain *d)
{
    return refuse(d, d->abi->xen >= RING1_XEN_4_17 ? -XEN_EACCES : -XEN_EINVAL,
                  "flushing the cache is for domains with devices, domain %u has none", d->s.domid);
}

/* --- commands ------------------------------------------------------------------- */

typedef int32_t (*mmuext_fn)(struct vcpu *v, const struct mmuext_request *op);

static int32_t pin(struct vcpu *v, const struct mmuext_request *op)
{
    return page_pin(v->domain, MFN(op->arg1), PGT_l1_table + op->cmd);
}

/* A level that the ABI does not have: from 3.0.2 on nothing is looked at. */
static int32_t pin_nothing(struct vcpu *v, const struct mmuext_request *op)
{
    if (v->domain->abi->xen == RING1_XEN_3_0_0)
        return refuse(v->domain, -XEN_EINVAL, "there are no L%u tables here", op->cmd + 1);
    return 0;
}

static int32_t pin_l2(struct vcpu *v, const struct mmuext_request *op)
{
    const struct abi *abi = v->domain->abi;
    if (abi->levels == 3 && abi->xen == RING1_XEN_3_0_0)
        return refuse(v->domain, -XEN_EINVAL, "frame %#x: an L2 cannot be pinned", op->arg1);
    return pin(v, op);
}

static int32_t pin_l3(struct vcpu *v, const struct mmuext_request *op)
{
    return v->domain->abi->levels == 3 ? pin(v, op) : pin_nothing(v, op);
}

static int32_t unpin(struct vcpu *v, const struct mmuext_request *op)
{
    return page_unpin(v->domain, MFN(op->arg1));
}

static int32_t new_baseptr(struct vcpu *v, const struct mmuext_request *op)
{
    return mmu_new_baseptr(v, MFN(op->arg1));
}

static int32_t flush(struct vcpu *v, const struct mmuext_request *op)
{
    (void)op;
    domain_flush_asked(v->domain);
    return 0;
}

static int32_t flush_multi(struct vcpu *v, const struct mmuext_request *op)
{
    uint32_t mask;
    if (guest_read(v, GVA(op->arg2), &mask, sizeof mask))
        return refuse(v->domain, -XEN_EINVAL, "the vcpu mask at %#x cannot be read", op->arg2);
    domain_flush_asked(v->domain);
    return 0;
}

static int32_t flush_cache(struct vcpu *v, const struct mmuext_request *op)
{
    (void)op;
    return mmu_flush_cache(v->domain);
}

static int32_t set_ldt(struct vcpu *v, const struct mmuext_request *op)
{
    return ldt_set(v, op->arg1, op->arg2);
}

static int32_t invalid(struct vcpu *v, const struct mmuext_request *op)
{
    return refuse(v->domain, -XEN_EINVAL, "command %u is not for a domain like this", op->cmd);
}

static int32_t clear_page(struct vcpu *v, const struct mmuext_request *op)
{
    struct domain *d = v->domain;
    mfn_t mfn = MFN(op->arg1);
    int32_t rc = page_get_and_type(d, mfn, PGT_writable);
    if (rc)
        return rc;
    memset(frame_ptr(d->mem, mfn), 0, RING1_PAGE_SIZE);
    frame_changed(d, mfn);
    page_put_and_type(d, mfn);
    return 0;
}

static int32_t copy_page(struct vcpu *v, const struct mmuext_request *op)
{
    struct domain *d = v->domain;
    mfn_t to = MFN(op->arg1), from = MFN(op->arg2);
    int32_t rc = page_get(d, from);
    if (rc)
        return rc;
    rc = page_get_and_type(d, to, PGT_writable);
    if (!rc) {
        memmove(frame_ptr(d->mem, to), frame_ptr(d->mem, from), RING1_PAGE_SIZE);
        frame_changed(d, to);
        page_put_and_type(d, to);
    }
    page_put(d, from);
    return rc;
}

static int32_t no_superpages(struct vcpu *v, const struct mmuext_request *op)
{
    return refuse(v->domain, -XEN_EOPNOTSUPP, "command %u: no superpages", op->cmd);
}

static const struct mmuext_command {
    mmuext_fn fn;
    enum ring1_xen from, to;
} commands[] = {
    [0] = {pin, RING1_XEN_3_0_0, RING1_XEN_4_17},
    [1] = {pin_l2, RING1_XEN_3_0_0, RING1_XEN_4_17},
    [2] = {pin_l3, RING1_XEN_3_0_0, RING1_XEN_4_17},
    [3] = {pin_nothing, RING1_XEN_3_0_0, RING1_XEN_4_17},
    [4] = {unpin, RING1_XEN_3_0_0, RING1_XEN_4_17},
    [5] = {new_baseptr, RING1_XEN_3_0_0, RING1_XEN_4_17},
    [6] = {flush, RING1_XEN_3_0_0, RING1_XEN_4_17},        /* TLB_FLUSH_LOCAL */
    [7] = {flush, RING1_XEN_3_0_0, RING1_XEN_4_17},        /* INVLPG_LOCAL */
    [8] = {flush_multi, RING1_XEN_3_0_0, RING1_XEN_4_17},  /* TLB_FLUSH_MULTI */
    [9] = {flush_multi, RING1_XEN_3_0_0, RING1_XEN_4_17},  /* INVLPG_MULTI */
    [10] = {flush, RING1_XEN_3_0_0, RING1_XEN_4_17},       /* TLB_FLUSH_ALL */
    [11] = {flush, RING1_XEN_3_0_0, RING1_XEN_4_17},       /* INVLPG_ALL */
    [12] = {flush_cache, RING1_XEN_3_0_0, RING1_XEN_4_17}, /* FLUSH_CACHE */
    [13] = {set_ldt, RING1_XEN_3_0_0, RING1_XEN_4_17},
    [14] = {invalid, RING1_XEN_3_0_0, RING1_XEN_3_0_0}, /* REASSIGN_PAGE */
    [15] = {invalid, RING1_XEN_4_17, RING1_XEN_4_17},   /* NEW_USER_BASEPTR, of 64 bits */
    [16] = {clear_page, RING1_XEN_4_17, RING1_XEN_4_17},
    [17] = {copy_page, RING1_XEN_4_17, RING1_XEN_4_17},
    [18] = {invalid, RING1_XEN_4_17, RING1_XEN_4_17}, /* FLUSH_CACHE_GLOBAL */
    [19] = {no_superpages, RING1_XEN_4_17, RING1_XEN_4_17},
    [20] = {no_superpages, RING1_XEN_4_17, RING1_XEN_4_17},
};

/* Pins look at the foreign domain, of which nobody owns page tables here. In 3.2 to
 * unpin is about one's own (13.5). */
static bool is_pin(const struct abi *abi, uint32_t cmd)
{
    return cmd <= 2 || (cmd == 4 && abi->xen < RING1_XEN_3_2);
}

static int32_t one_op(struct vcpu *v, const struct mmuext_request *op, uint16_t owner)
{
    struct domain *d = v->domain;
    const struct mmuext_command *c = op->cmd < G_N_ELEMENTS(commands) ? &commands[op->cmd] : NULL;
    if (!c || d->abi->xen < c->from || d->abi->xen > c->to)
        return refuse(d, PLANTED(wrong_sign) ? -d->abi->bad_mmuext_cmd : d->abi->bad_mmuext_cmd,
                      "command %u is unknown to Xen %s", op->cmd, d->abi->xen_name);
    if (owner != d->s.domid && is_pin(d->abi, op->cmd) && c->fn != pin_nothing)
        return refuse(d, -XEN_EINVAL, "command %u on a frame of I/O space", op->cmd);
    int32_t rc = c->fn(v, op);
    return rc == -XEN_EBUSY || rc == -XEN_EPERM ? mmu_errno(d, rc) : rc;
}

int32_t do_mmuext_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    gva_t pdone = GVA(arg[2]);
    struct requests ops = {.v = v, .array = GVA(arg[0]), .size = sizeof(struct mmuext_request)};
    uint32_t count = arg[1], i = 0;
    uint16_t owner;
    if (continues_nothing(d, arg))
        return (int32_t)arg[3];
    uint32_t done = pdone_read(v, pdone, &count);

    if (count == 0 && d->abi->xen >= RING1_XEN_4_17)
        return 0; /* a 32-bit caller's empty list: nothing is looked at (13.2) */
    bool range_ok = requests_range_ok(d, ops.array, count, ops.size);
    int32_t rc = foreign_owner(d, (uint16_t)arg[3], &owner);
    if (!rc && owner == OWNER_DOMID_IO && d->abi->xen >= RING1_XEN_4_17)
        rc = -XEN_EPERM;
    if (rc && (range_ok || !range_goes_first(d))) {
        refuse(d, rc, "foreign domain %#x: DOMID_SELF is %#x", arg[3] & 0xFFFFu, FOREIGN_SELF);
        if (d->abi->xen >= RING1_XEN_4_17)
            return rc; /* *pdone stays as it is */
    } else if (!range_ok) {
        rc = refuse(d, -XEN_EFAULT, "%u commands at %#x reach beyond the guest's addresses", count, arg[0]);
    }
    for (; !rc && i < count; i += !rc) {
        struct mmuext_request op;
        if (preempt_before(v, i)) {
            rc = requests_continue(&ops, 26, arg, i, count - i);
            break;
        }
        if (!request_read(&ops, i, &op))
            rc = refuse(d, -XEN_EFAULT, "command %u at %#x + %#x cannot be read", i, arg[0], i * ops.size);
        else
            rc = one_op(v, &op, owner);
        preempt_work(d, 1);
    }
    pdone_write(v, pdone, done + i);
    return rc;
}
