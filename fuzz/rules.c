/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * rules.c - see rules.h.
 */
#include "rules.h"

#include "dispatch/hypercall.h"
#include "dispatch/page_type.h"
#include "dispatch/preempt.h"
#include "dispatch/results.h"

#include <stdarg.h>
#include <xen/errno.h>

/* Units of work that one call may do between two stops: a step of a list is what it is,
 * and no step is more than a whole tree of page tables or an extent of order 9. */
#define MAX_WORK (WORK_MAX + 4096u)

bool fuzz_broken(struct fuzz_reason *r, const char *format, ...)
{
    va_list args;
    if (r->text[0])
        return false;
    va_start(args, format);
    g_vsnprintf(r->text, sizeof r->text, format, args);
    va_end(args);
    g_strdelimit(r->text, "\n", ' ');
    g_strchomp(r->text);
    return false;
}

const char *fuzz_row_name(const struct domain *d, uint32_t nr)
{
    const struct hypercall *row = hypercall_row(d->abi, nr & d->abi->number_mask);
    return row ? row->name : "a number never heard of";
}

bool fuzz_domain_holds(const struct domain *d, struct fuzz_reason *r)
{
    const struct domain_state *s = &d->s;
    if (s->tot_pages > d->mem->nr_frames)
        return fuzz_broken(r, "domain: it has %u pages of %u", s->tot_pages, d->mem->nr_frames);
    if (s->evtchn_top > NR_EVTCHNS)
        return fuzz_broken(r, "domain: %u event channels", s->evtchn_top);
    if (s->queue.current >= s->nr_vcpus)
        return fuzz_broken(r, "domain: vcpu %u has the CPU", s->queue.current);
    const struct frame *f = frame_info(d->mem, s->vcpu[s->queue.current].cr3);
    if (f->type != root_type(d->abi) || f->type_count == 0 || f->count < f->type_count ||
        f->owner != s->domid)
        return fuzz_broken(r, "domain: the frame in CR3 is no top-level table of its own");
    if (s->preempt.work > MAX_WORK)
        return fuzz_broken(r, "work: %u units without a stop", s->preempt.work);
    return true;
}

/* A multicall that ends with iret, of 4.17, returns the EAX that it restored; 4.17's own form of a call that
 * goes on gives back what its last argument says. */
static bool is_special(const struct domain *d, uint32_t nr, const uint32_t *arg)
{
    const struct hypercall_slot *slot = hypercall_slot(d, nr);
    const struct domain_state *s = &d->s;
    nr &= d->abi->number_mask;
    if (nr == 13 && s->nr_entries &&
        (s->entry[(s->nr_entries - 1) % LAST_ENTRIES].nr & d->abi->number_mask) == 23)
        return true;
    if (d->abi->xen >= RING1_XEN_4_17 && (nr == 1 || nr == 26) && arg[0] == 0 && arg[1] == 1u << 31)
        return true;
    return nr == 23 || (slot && slot->user_fn);
}

bool fuzz_result_holds(const struct domain *d, uint32_t nr, const uint32_t *arg, int32_t result,
                       struct fuzz_reason *r)
{
    if (G_LIKELY(result_fits(result_row(d->abi, nr & d->abi->number_mask), result)) || is_special(d, nr, arg))
        return true;
    return fuzz_broken(r, "result: %s returned %d, which Xen %s does not document", fuzz_row_name(d, nr),
                       result, d->abi->xen_name);
}
