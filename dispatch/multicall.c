/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * multicall.c - a list of calls in one trap: docs/xen-abi.md section 3, with
 * 12.1 and 13, in both layouts.
 *
 * Entries are read and results written where they lie, one walk for a page of
 * entries: the host address is kept as long as no translation changes.
 */
#include "access.h"
#include "hypercall.h"

#include <string.h>
#include <xen/errno.h>

#define ENTRY_WORDS 8u
#define ENTRY_SIZE  32u

/* A page of the list, as found by the last walk. */
struct window {
    uint8_t *page; /* NULL: none */
    uint32_t va;   /* of the page */
    mfn_t mfn;
    uint32_t generation;
    bool writable; /* walked for a write */
};

/* Host address of `len` bytes at va that lie in one page, or NULL. */
static uint8_t *window_at(struct vcpu *v, struct window *w, gva_t va, bool write)
{
    struct domain *d = v->domain;
    uint32_t page = va.va & ~(RING1_PAGE_SIZE - 1);
    if (G_UNLIKELY(!w->page || w->va != page || w->generation != d->s.translation_generation ||
                   (write && !w->writable))) {
        struct walk walk;
        w->page = NULL;
        if (page >= d->abi->hole ||
            guest_walk(v, va, write ? ACCESS_WRITE : ACCESS_READ, false, true, &walk) != WALK_OK)
            return NULL;
        *w = (struct window){frame_ptr(d->mem, walk.mfn), page, walk.mfn, d->s.translation_generation, write};
    }
    return w->page + (va.va & (RING1_PAGE_SIZE - 1));
}

static bool in_one_page(uint32_t va, uint32_t len)
{
    return (va & (RING1_PAGE_SIZE - 1)) + len <= RING1_PAGE_SIZE;
}

static int32_t entry_read(struct vcpu *v, struct window *w, gva_t va, uint32_t *entry)
{
    if (G_UNLIKELY(!in_one_page(va.va, ENTRY_SIZE)))
        return guest_read(v, va, entry, ENTRY_SIZE);
    const uint8_t *p = window_at(v, w, va, false);
    if (!p)
        return -XEN_EFAULT;
    memcpy(entry, p, ENTRY_SIZE);
    return 0;
}

static int32_t result_write(struct vcpu *v, struct window *w, gva_t va, uint32_t result)
{
    if (G_UNLIKELY(!in_one_page(va.va, 4)))
        return guest_write(v, va, &result, 4);
    uint8_t *p = window_at(v, w, va, true);
    if (!p)
        return -XEN_EFAULT;
    memcpy(p, &result, 4);
    frame_changed(v->domain, w->mfn);
    return 0;
}

/* Xen leaves the list here: the vcpu sleeps or the domain ends, or an event is
 * to be delivered first. */
static bool preempted(const struct vcpu *v)
{
    return (v->domain->s.attention & ATTN_SCHED) || vcpu_event_deliverable(v);
}

/* Have `int $0x82` executed again for the rest of the list (3.3). Returns the
 * hypercall's number: it is EAX when the guest is interrupted here. */
static int32_t multicall_continue(struct vcpu *v, gva_t rest, uint32_t nr)
{
    struct regs *r = vcpu_regs_mut(v);
    r->ebx = rest.va;
    r->ecx = nr;
    r->eip -= 2;
    return 13;
}

int32_t do_multicall(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    const struct abi *abi = d->abi;
    gva_t list = GVA(arg[0]);
    uint32_t nr = arg[1];
    struct window window = {0};

    if (abi->array_range_checked && !guest_range_ok(d, list, (uint64_t)nr * ENTRY_SIZE))
        return refuse(d, -XEN_EFAULT, "%u entries at %#x reach beyond the guest's addresses", nr, list.va);

    for (uint32_t i = 0; i < nr; i++) {
        uint32_t entry[ENTRY_WORDS];
        uint64_t at = list.va + (uint64_t)i * ENTRY_SIZE;
        gva_t va = GVA((uint32_t)at);
        if (at > UINT32_MAX || entry_read(v, &window, va, entry))
            return refuse(d, -XEN_EFAULT, "entry %u at %#llx cannot be read", i, (unsigned long long)at);

        uint32_t call_arg[MAX_HYPERCALL_ARGS] = {0};
        memcpy(call_arg, &entry[abi->multicall_arg], 5 * sizeof(uint32_t));
        int32_t result = hypercall_enter_nested(v, entry[0], call_arg, i);

        if (result_write(v, &window, GVA(va.va + 4u * abi->multicall_result), (uint32_t)result))
            return refuse(d, -XEN_EFAULT, "the result of entry %u at %#x cannot be written", i, va.va);

        const struct hypercall_slot *slot = hypercall_slot(d, entry[0]);
        if (G_UNLIKELY(abi->xen >= RING1_XEN_4_17 && slot && slot->fn == do_iret))
            return result; /* the rest is dropped: EAX is the one that iret restored */
        if (G_UNLIKELY(preempted(v)) && i + 1 < nr)
            return multicall_continue(v, GVA(va.va + ENTRY_SIZE), nr - i - 1);
    }
    return 0;
}
