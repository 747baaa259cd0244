/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xenoprof.c - xenoprof_op (docs/xen-abi.md 8.31). The processor has no counters, but
 * a domain may have buffers for samples all the same.
 */
#include "access.h"
#include "grant.h"
#include "hypercall.h"
#include "page_type.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/xenoprof.h>

/* struct xenoprof_buf of 32 bits: its head, and a struct event_log. */
#define HEAD_BYTES   48u
#define SAMPLE_BYTES 12u
#define MAX_PAGES    32u

static mfn_t frames_alloc(struct domain *d, unsigned nr)
{
    const struct memory *mem = d->mem;
    unsigned run = 0;
    for (uint32_t i = mem->nr_frames; i-- > 1;) {
        run = mem->frames[i].owner == OWNER_NOBODY && mem->frames[i].count == 0 ? run + 1 : 0;
        if (run == nr)
            return MFN(i);
    }
    return MFN(0);
}

/* One buffer for each vcpu, in pages that the domain may map. */
static int32_t make_buffers(struct domain *d, uint32_t samples)
{
    struct xenoprof_state *p = &d->s.xenoprof;
    uint32_t most =
        (MAX_PAGES * RING1_PAGE_SIZE / d->s.nr_vcpus - HEAD_BYTES - SAMPLE_BYTES) / SAMPLE_BYTES + 1;
    samples = MIN(samples, most);
    uint32_t bytes = HEAD_BYTES + samples * SAMPLE_BYTES;
    unsigned pages = (d->s.nr_vcpus * bytes - 1) / RING1_PAGE_SIZE + 1;
    mfn_t first = frames_alloc(d, pages);
    if (!first.mfn)
        return refuse(d, -XEN_ENOMEM, "no %u pages for buffers", pages);
    for (unsigned i = 0; i < pages; i++) {
        mfn_t mfn = MFN(first.mfn + i);
        page_share(d, mfn);
        memset(frame_ptr(d->mem, mfn), 0, RING1_PAGE_SIZE);
        frame_changed(d, mfn);
        m2p_set(d, mfn, M2P_INVALID);
    }
    for (unsigned i = 0; i < d->s.nr_vcpus; i++) {
        const uint32_t size_and_vcpu[] = {samples, i};
        memcpy((uint8_t *)frame_ptr(d->mem, first) + i * bytes + 8, size_and_vcpu, 8);
    }
    *p = (struct xenoprof_state){.first = first, .nr = d->s.nr_vcpus, .bytes = bytes};
    return 0;
}

struct get_buffer {
    int32_t max_samples, nbuf, bufsize;
    uint64_t maddr;
} __attribute__((packed, aligned(4)));
G_STATIC_ASSERT(sizeof(struct get_buffer) == 20);

/* 4.17 shares the pages anew each time, which it can do once only. */
static int32_t get_buffer(struct vcpu *v, gva_t at)
{
    struct domain *d = v->domain;
    const struct xenoprof_state *p = &d->s.xenoprof;
    struct get_buffer op;
    if (guest_read(v, at, &op, sizeof op))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", at.va);
    if (p->first.mfn && d->abi->xen >= RING1_XEN_4_17)
        return refuse(d, -XEN_EBUSY, "the domain has its buffers at frame %#x already", p->first.mfn);
    int32_t rc = p->first.mfn ? 0 : make_buffers(d, (uint32_t)op.max_samples);
    if (rc)
        return rc;
    op.nbuf = (int32_t)p->nr;
    op.bufsize = (int32_t)p->bytes;
    op.maddr = (uint64_t)p->first.mfn << RING1_PAGE_SHIFT;
    return guest_write(v, at, &op, sizeof op)
               ? refuse(d, -XEN_EFAULT, "the answer at %#x cannot be written", at.va)
               : 0;
}

static int32_t init(struct vcpu *v, gva_t at)
{
    struct domain *d = v->domain;
    uint32_t args[18];
    if (guest_read(v, at, args, d->abi->xen >= RING1_XEN_4_17 ? sizeof args : 4))
        return refuse(d, -XEN_EFAULT, "the argument at %#x cannot be read", at.va);
    return refuse(d, -XEN_ENODEV, "the processor has 0 counters");
}

int32_t do_xenoprof_op(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    if (arg[0] > XENOPROF_last_op)
        return refuse(d, -XEN_EINVAL, "profiling command %u is unknown", arg[0]);
    if (arg[0] == XENOPROF_init)
        return init(v, GVA(arg[1]));
    if (arg[0] == XENOPROF_get_buffer)
        return get_buffer(v, GVA(arg[1]));
    /* What is left is for the domain that profiles, or for one that it named. */
    return refuse(d, -XEN_EPERM, "command %u: only for domain 0, this is domain %u", arg[0], d->s.domid);
}
