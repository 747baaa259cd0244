/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * multicall.c - a list of calls in one trap: docs/xen-abi.md section 3, with
 * 12.1 and 13, in both layouts.
 *
 * Entries are read and results written where they lie, one walk for a page of
 * entries: the host address is kept as long as no translation changes.
 */
#include "hypercall.h"
#include "plant.h"
#include "preempt.h"
#include "window.h"

#include <xen/errno.h>

#define ENTRY_SIZE 32u
#define ENTRY_ARGS 5u

/* Number and arguments, each word read once. They go straight to their places:
 * copying a copy at another offset stalls the host's CPU for longer than all
 * else takes. *host: where the entry lies; NULL: in two pages. */
static inline bool entry_read(struct vcpu *v, const struct abi *abi, struct window *w, gva_t va,
                              struct entry_record *to, uint8_t **host)
{
    uint8_t copy[ENTRY_SIZE];
    const uint8_t *entry = copy;
    *host = NULL;
    if (G_UNLIKELY(!in_one_page(va.va, ENTRY_SIZE))) {
        if (guest_read(v, va, copy, ENTRY_SIZE))
            return false;
    } else if (!(entry = *host = window_at(v, w, va, false))) {
        return false;
    }
    memcpy(&to->nr, entry, 4);
    memcpy(to->arg, entry + 4u * abi->multicall_arg, ENTRY_ARGS * 4);
    to->arg[ENTRY_ARGS] = 0;
    return true;
}

static int32_t result_write(struct vcpu *v, struct window *w, gva_t va, uint32_t result)
{
    if (G_UNLIKELY(!in_one_page(va.va, 4)))
        return guest_write(v, va, &result, 4);
    uint8_t *p = window_at(v, w, va, true);
    if (!p)
        return -XEN_EFAULT;
    memcpy(p, &result, 4);
    window_changed(v->domain, w);
    return 0;
}

/* The same for an entry at `host`, in the window: mostly no translation changed meanwhile. */
static inline int32_t answer(struct vcpu *v, struct window *w, uint8_t *host, gva_t va, unsigned at,
                             uint32_t result)
{
    struct domain *d = v->domain;
    if (G_UNLIKELY(!host || !w->writable || w->generation != d->s.translation_generation))
        return result_write(v, w, GVA(va.va + at), result);
    memcpy(host + at, &result, 4);
    window_changed(d, w);
    return 0;
}

/* Have `int $0x82` executed again for the rest of the list (3.3). Returns the
 * hypercall's number: it is EAX when the guest is interrupted here. */
static int32_t multicall_continue(struct vcpu *v, gva_t rest, uint32_t nr)
{
    v->domain->in_multicall = false;
    return hypercall_continue(v, 13, 2, (const uint32_t[]){rest.va, nr});
}

/* A call that stopped half-way left what it goes on with in its arguments: they go
 * to its entry. Older Xens do not mind when they cannot be written. */
static bool entry_rewrite(struct vcpu *v, gva_t va, const uint32_t *arg)
{
    const struct abi *abi = v->domain->abi;
    return guest_write(v, GVA(va.va + 4u * abi->multicall_arg), arg, ENTRY_ARGS * 4) == 0 ||
           abi->xen < RING1_XEN_4_17;
}

/* Why the last entry was refused. */
static void entry_refused(struct domain *d)
{
    struct refused_record *r = &d->s.refused[d->s.nr_refused++ % LAST_REFUSED];
    r->entry = d->s.nr_entries;
    keep_why(d, r->why);
}

static struct call describe_entry(const struct domain *d, const struct entry_record *e, uint32_t i)
{
    const struct hypercall_slot *slot = hypercall_slot(d, e->nr);
    return (struct call){.nr = e->nr,
                         .row = slot ? slot->row : NULL,
                         .arg = e->arg,
                         .depth = 1,
                         .index = i,
                         .result = e->result};
}

static bool is_held(struct vcpu *v, const struct entry_record *e, gva_t list, uint32_t nr, uint32_t i)
{
    struct domain *d = v->domain;
    const struct call call = describe_entry(d, e, i);
    if (!d->hold->before(d->hold->user, v, &call))
        return false;
    d->s.held = (struct held_call){.active = true, .list = list.va, .nr = nr, .next = i};
    return true;
}

static void tell_holder(struct vcpu *v, const struct entry_record *e, uint32_t i)
{
    struct domain *d = v->domain;
    struct call call = describe_entry(d, e, i);
    call.why = d->want_why && d->why[0] ? d->why : NULL;
    d->hold->after(d->hold->user, v, &call);
}

static int32_t run_list(struct vcpu *v, gva_t list, uint32_t first, uint32_t nr)
{
    struct domain *d = v->domain;
    const struct abi *abi = d->abi;
    const struct hold *hold = d->hold;
    struct window window = {0};

    d->in_multicall = true;
    for (uint32_t i = first; i < nr; i++) {
        uint64_t at = list.va + (uint64_t)i * ENTRY_SIZE;
        gva_t va = GVA((uint32_t)at);
        uint8_t *host;
        struct entry_record *e = &d->s.entry[d->s.nr_entries % LAST_ENTRIES];
        if (at > UINT32_MAX || !entry_read(v, abi, &window, va, e, &host))
            return refuse(d, -XEN_EFAULT, "entry %u at %#llx cannot be read", i, (unsigned long long)at);

        if (G_UNLIKELY(hold) && is_held(v, e, list, nr, i))
            return 0;
        d->s.nr_entries++;
        const struct hypercall_slot *slot = hypercall_slot(d, e->nr);
        int32_t result = hypercall_is_plain(d, slot) && slot->fn != do_multicall
                             ? slot->fn(v, e->arg)
                             : hypercall_enter_nested(v, e->nr, e->arg, i);
        e->result = result;
        if (G_UNLIKELY(d->why[0]))
            entry_refused(d);

        bool lost = answer(v, &window, host, va, 4u * abi->multicall_result, (uint32_t)result) != 0;
        if (G_UNLIKELY(slot && slot->fn == do_iret && abi->xen >= RING1_XEN_4_17) && !PLANTED(iret_continues))
            return result; /* the rest is dropped: EAX is the one that iret restored (3.3) */
        if (G_UNLIKELY(lost)) {
            d->s.preempt.continued = false; /* what stopped half-way ends there */
            return refuse(d, -XEN_EFAULT, "the result of entry %u at %#x cannot be written", i, va.va);
        }
        if (G_UNLIKELY(d->s.preempt.continued)) {
            d->s.preempt.continued = false;
            d->s.nr_entries--; /* it comes again */
            if (!entry_rewrite(v, va, e->arg))
                return refuse(d, -XEN_EFAULT, "entry %u at %#x cannot be rewritten", i, va.va);
            return multicall_continue(v, va, nr - i);
        }
        if (G_UNLIKELY(hold))
            tell_holder(v, e, i);
        preempt_work(d, 1);
        if (preempt_check(v) && i + 1 < nr)
            return multicall_continue(v, GVA(va.va + ENTRY_SIZE), nr - i - 1);
    }
    return 0;
}

int32_t do_multicall(struct vcpu *v, const uint32_t *arg)
{
    struct domain *d = v->domain;
    gva_t list = GVA(arg[0]);
    uint32_t nr = arg[1];

    if (d->abi->array_range_checked && !guest_range_ok(d, list, (uint64_t)nr * ENTRY_SIZE))
        return refuse(d, -XEN_EFAULT, "%u entries at %#x reach beyond the guest's addresses", nr, list.va);
    int32_t rc = run_list(v, list, 0, nr);
    d->in_multicall = false;
    return rc;
}

int32_t multicall_resume(struct vcpu *v)
{
    struct domain *d = v->domain;
    const struct held_call held = d->s.held;
    d->s.held.active = false;
    int32_t rc = run_list(v, GVA(held.list), held.next, held.nr);
    d->in_multicall = false;
    return rc;
}
