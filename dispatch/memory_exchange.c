/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * memory_exchange.c - memory_op's exchange: frames for others, one chunk after the
 * other (docs/xen-abi.md 5.9, 13.3).
 */
#include "hypercall.h"
#include "memory_priv.h"
#include "mmu.h"
#include "plant.h"
#include "preempt.h"

/* 4.17's translation for 32-bit callers: lists must fit into what it has, orders
 * count modulo 32, and the part of them that it will pass on, up to input extent
 * *upto, is read at once. */
#define XLAT_EXTENTS ((2 * RING1_PAGE_SIZE - 88) / 8)

static int32_t translate_exchange(struct vcpu *v, const struct xen_memory_exchange *x, uint32_t *upto)
{
    struct domain *d = v->domain;
    const struct xen_memory_reservation *in = &x->in, *out = &x->out;
    int32_t delta = (int32_t)(out->extent_order - in->extent_order);
    uint32_t magnitude = delta < 0 ? 0u - (uint32_t)delta : (uint32_t)delta;
    uint32_t pfn, per_extent = (1u << (magnitude & 31)) + 1, end;

    if (delta > 0 && x->nr_exchanged & ((1u << (delta & 31)) - 1))
        return refuse(d, -XEN_EINVAL, "%u extents done are no whole chunks", x->nr_exchanged);
    /* A list without elements has an address all the same (docs/xen-abi.md 13.4). */
    if (!guest_range_ok(d, GVA(in->extent_start), MAX(in->nr_extents * 4ull, 1)) ||
        !guest_range_ok(d, GVA(out->extent_start), MAX(out->nr_extents * 4ull, 1)))
        return refuse(d, -XEN_EFAULT, "lists at %#x and %#x", in->extent_start, out->extent_start);
    if (per_extent > XLAT_EXTENTS)
        return refuse(d, -XEN_E2BIG, "orders %u and %u", in->extent_order, out->extent_order);
    end = XLAT_EXTENTS / per_extent;
    if (delta > 0)
        end <<= delta & 31;
    *upto = end = (uint32_t)MIN((uint64_t)end + x->nr_exchanged, in->nr_extents);
    for (uint32_t i = x->nr_exchanged; i < end; i++)
        if (guest_read_index(v, GVA(in->extent_start), i, &pfn, 4))
            return refuse(d, -XEN_EFAULT, "input extent %u cannot be read", i);
    unsigned shift = (delta < 0 ? 0u - (unsigned)delta : (unsigned)delta) & 31;
    uint32_t out_from = delta > 0 ? x->nr_exchanged >> shift : x->nr_exchanged << shift;
    uint32_t out_end = delta > 0 ? end >> shift : end << shift;
    for (uint32_t i = out_from; i < out_end; i++)
        if (guest_read_index(v, GVA(out->extent_start), i, &pfn, 4))
            return refuse(d, -XEN_EFAULT, "output extent %u cannot be read", i);
    return 0;
}

static int32_t check_exchange_4_17(struct vcpu *v, const struct xen_memory_exchange *x)
{
    struct domain *d = v->domain;
    const struct xen_memory_reservation *in = &x->in, *out = &x->out;
    uint32_t upto;
    int32_t rc = translate_exchange(v, x, &upto);
    if (rc)
        return rc;
    if (in->extent_order > extent_max_order(d) || out->extent_order > extent_max_order(d))
        return refuse(d, -XEN_EPERM, "extents of order %u", MAX(in->extent_order, out->extent_order));
    if (in->domid != out->domid)
        return refuse(d, -XEN_EINVAL, "domains %u and %u", in->domid, out->domid);
    if (x->nr_exchanged == in->nr_extents)
        return 0;
    if (!node_may_be_asked(d, out->mem_flags))
        return refuse(d, -XEN_EINVAL, "mem_flags %#x: exactly that node may not be asked for",
                      out->mem_flags);
    if (!domain_exists(d, in->domid))
        return refuse(d, -XEN_ESRCH, "no domain %u", in->domid);
    if (in->domid == DOMID_BACKEND)
        return refuse(d, -XEN_EPERM, "memory of domain %u", in->domid);
    return 0;
}

static int32_t check_exchange(struct vcpu *v, const struct xen_memory_exchange *x)
{
    struct domain *d = v->domain;
    const struct xen_memory_reservation *in = &x->in, *out = &x->out;
    bool new = d->abi->xen >= RING1_XEN_4_17;
    unsigned in_shift = in->extent_order & 31, out_shift = out->extent_order & 31;

    if (x->nr_exchanged > in->nr_extents || (in->domid != out->domid && !new))
        return refuse(d, -XEN_EINVAL, "%u of %u exchanged, domain %#x against %#x", x->nr_exchanged,
                      in->nr_extents, in->domid, out->domid);
    if ((!new && (in->extent_order > 31 || out->extent_order > 31)) ||
        UINT32_MAX >> in_shift < in->nr_extents || UINT32_MAX >> out_shift < out->nr_extents ||
        in->nr_extents << in_shift != out->nr_extents << out_shift)
        return refuse(d, -XEN_EINVAL, "%u extents of order %u against %u of order %u", in->nr_extents,
                      in->extent_order, out->nr_extents, out->extent_order);
    if (new)
        return check_exchange_4_17(v, x);
    if (in->extent_order > extent_max_order(d) || out->extent_order > extent_max_order(d))
        return refuse(d, -XEN_EPERM, "extents of order %u", MAX(in->extent_order, out->extent_order));
    if (in->domid != FOREIGN_SELF)
        return refuse(d, -XEN_EPERM, "memory of domain %u", in->domid);
    return 0;
}

/* The frames of input extents [first, first + n) into `frames`. */
static int32_t collect(struct vcpu *v, const struct xen_memory_reservation *in, uint32_t first, uint32_t n,
                       uint32_t *frames)
{
    struct domain *d = v->domain;
    uint32_t total = 0;
    for (uint32_t j = 0; j < n; j++) {
        uint32_t mfn;
        if (guest_read_index(v, GVA(in->extent_start), first + j, &mfn, 4))
            return refuse(d, -XEN_EFAULT, "input extent %u cannot be read", first + j);
        for (uint32_t k = 0; k < 1u << in->extent_order; k++, total++) {
            bool twice = false;
            for (uint32_t i = 0; i < total && !twice; i++)
                twice = frames[i] == mfn + k;
            if (twice || (!page_is_only_allocated(d, MFN(mfn + k)) && !PLANTED(in_use)))
                return refuse(d, -XEN_EINVAL, "input extent %u: frame %#x is %s", first + j, mfn + k,
                              twice ? "named twice" : page_use(d, MFN(mfn + k)));
            frames[total] = mfn + k;
        }
    }
    return 0;
}

/* One chunk: 2^order frames in and out, where order is the larger of the two. What
 * came out goes to `out`. */
static int32_t exchange_chunk(struct vcpu *v, const struct xen_memory_exchange *x, uint32_t chunk,
                              uint32_t *cursor, mfn_t *out)
{
    struct domain *d = v->domain;
    unsigned in_order = x->in.extent_order, out_order = x->out.extent_order;
    unsigned order = MAX(in_order, out_order);
    uint32_t nr_in = 1u << (order - in_order), nr_out = 1u << (order - out_order);
    uint32_t frames[1u << MAX_ORDER_4_17], end = extent_end(d, x->out.mem_flags);

    int32_t rc = collect(v, &x->in, chunk * nr_in, nr_in, frames);
    if (rc)
        return rc;
    for (uint32_t j = 0; j < nr_out; j++) {
        /* From where the last search ended, then from the start: what was given
         * back meanwhile lies behind. */
        if (extent_find(d, out_order, end, cursor, &out[j]) ||
            (*cursor = 0, extent_find(d, out_order, end, cursor, &out[j]))) {
            extent_assign(d, out[j], out_order);
            continue;
        }
        while (j-- > 0)
            extent_release(d, out[j], out_order);
        return refuse(d, -XEN_ENOMEM, "no memory for the output extents of chunk %u", chunk);
    }
    for (uint32_t i = 0; i < 1u << order; i++)
        page_release(d, MFN(frames[i]));
    for (uint32_t j = 0; j < nr_out; j++) {
        uint32_t pfn = 0;
        bool named = guest_read_index(v, GVA(x->out.extent_start), chunk * nr_out + j, &pfn, 4) == 0;
        for (uint32_t k = 0; k < 1u << out_order; k++)
            m2p_set(d, MFN(out[j].mfn + k), named ? pfn + k : M2P_INVALID);
    }
    return 0;
}

/* What a guest is told after a part of the work: the frames that came out, and how
 * many input extents are done. */
static int32_t tell(struct vcpu *v, gva_t arg, struct xen_memory_exchange *x, uint32_t done, const mfn_t *out,
                    uint32_t first, uint32_t nr)
{
    struct domain *d = v->domain;
    int32_t rc = 0;
    for (uint32_t i = 0; i < nr; i++)
        if (guest_write_index(v, GVA(x->out.extent_start), first + i, &out[i].mfn, 4) &&
            d->abi->xen >= RING1_XEN_4_17)
            rc = refuse(d, -XEN_EFAULT, "output extent %u cannot be written", first + i);
    x->nr_exchanged = done;
    if (guest_write(v, GVA(arg.va + (uint32_t)offsetof(struct xen_memory_exchange, nr_exchanged)), &done, 4))
        rc = refuse(d, -XEN_EFAULT, "nr_exchanged of the exchange at %#x cannot be written", arg.va);
    return rc;
}

/* Input extents up to `upto`, and what the guest is told of it. 4.17 says nothing of
 * what was done before a failure: those frames are lost to the guest. */
static int32_t exchange_part(struct vcpu *v, gva_t arg, struct xen_memory_exchange *x, uint32_t upto,
                             bool *stopped)
{
    struct domain *d = v->domain;
    unsigned in_order = x->in.extent_order, out_order = x->out.extent_order, order = MAX(in_order, out_order);
    unsigned in_shift = order - in_order;
    uint32_t first = x->nr_exchanged >> in_shift, chunk = first, nr_out = 1u << (order - out_order);
    mfn_t out[XLAT_EXTENTS];
    int32_t rc = 0;
    /* A call that goes on looks for frames where it stopped. */
    uint32_t cursor = chunk ? d->s.preempt.cursor : 0;
    for (; chunk < upto >> in_shift; chunk++) {
        *stopped = preempt_before(v, chunk - first);
        if (*stopped)
            break;
        rc = exchange_chunk(v, x, chunk, &cursor, &out[(chunk - first) * nr_out]);
        if (rc)
            break;
        preempt_work(d, 1u << order);
    }
    d->s.preempt.cursor = cursor;
    if (rc && d->abi->xen >= RING1_XEN_4_17)
        return rc;
    uint32_t done = chunk << in_shift >= upto ? upto : chunk << in_shift;
    int32_t told = tell(v, arg, x, done, out, first * nr_out, (chunk - first) * nr_out);
    return told ? told : rc;
}

int32_t memory_exchange(struct vcpu *v, gva_t arg)
{
    struct domain *d = v->domain;
    struct xen_memory_exchange x;
    bool stopped = false;
    if (guest_read(v, arg, &x, sizeof x))
        return refuse(d, -XEN_EFAULT, "the exchange at %#x cannot be read", arg.va);
    int32_t rc = check_exchange(v, &x);
    if (!rc && x.nr_exchanged == x.in.nr_extents)
        return tell(v, arg, &x, x.nr_exchanged, NULL, 0, 0);
    while (!rc && !stopped && x.nr_exchanged < x.in.nr_extents) {
        uint32_t before = x.nr_exchanged, upto = MIN(before + 256, x.in.nr_extents);
        if (d->abi->xen >= RING1_XEN_4_17)
            rc = translate_exchange(v, &x, &upto);
        if (!rc)
            rc = exchange_part(v, arg, &x, upto, &stopped);
        if (!rc && !stopped && x.nr_exchanged == before)
            break; /* less than a chunk is left */
    }
    return stopped && !rc ? hypercall_continue(v, 12, 2, (const uint32_t[]){XENMEM_exchange, arg.va}) : rc;
}
