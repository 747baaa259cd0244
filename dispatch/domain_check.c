/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * domain_check.c - whether a domain that was read from a file can be one: state, frames
 * and memory were written by whoever made the file. What a guest could not have done is refused, as far as
 * ring1 would trip over it: numbers that name a place, references, Xen's own structures in memory. What the
 * guest could have written itself is its own affair.
 */
#include "descriptor.h"
#include "domain_fields.h"
#include "gdt.h"
#include "grant_priv.h"
#include "xen_slots.h"

#include <ring1/ring1.h>
#include <stdarg.h>
#include <string.h>

static bool bad(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool bad(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, RING1_ERROR, RING1_ERROR_INPUT, text);
    return false;
}

/* --- Xen's own frames --------------------------------------------------------------- */

/* A frame that the guest cannot touch, and that nothing else of Xen's uses. */
static bool take_hidden(const struct domain *d, uint8_t *used, mfn_t mfn, const char *what, GError **error)
{
    if (!frame_exists(d->mem, mfn) || frame_info(d->mem, mfn)->owner != OWNER_DOMID_XEN ||
        (frame_info(d->mem, mfn)->flags & PGF_SHARED))
        return bad(error, "%s, frame %#x, is none of Xen's", what, mfn.mfn);
    if (used[mfn.mfn]++)
        return bad(error, "%s, frame %#x, is used twice", what, mfn.mfn);
    return true;
}

static bool take_shared(const struct domain *d, uint8_t *used, mfn_t mfn, const char *what, GError **error)
{
    if (!frame_exists(d->mem, mfn) || frame_info(d->mem, mfn)->owner != d->s.domid ||
        !(frame_info(d->mem, mfn)->flags & PGF_SHARED))
        return bad(error, "%s, frame %#x, is not shared by Xen", what, mfn.mfn);
    if (used[mfn.mfn]++)
        return bad(error, "%s, frame %#x, is used twice", what, mfn.mfn);
    return true;
}

static bool check_hidden(const struct domain *d, uint8_t *used, GError **error)
{
    const struct grant_table *gt = &d->s.grant;
    bool ok = take_hidden(d, used, d->s.gdt_reserved, "the GDT's own page", error) &&
              take_shared(d, used, d->s.shared_info, "shared_info", error);
    for (uint32_t i = 0; ok && i < d->mem->m2p_frames; i++)
        ok = take_hidden(d, used, MFN(d->mem->m2p.mfn + i), "the m2p", error);
    for (unsigned i = 0; ok && i < gt->nr_frames; i++)
        ok = take_shared(d, used, gt->frames[i], "the grant table", error);
    for (unsigned i = 0; ok && i < G_N_ELEMENTS(gt->active); i++)
        if (i < 2 * gt->nr_frames || gt->active[i].mfn)
            ok = take_hidden(d, used, gt->active[i], "the list of active grants", error);
    for (unsigned i = 0; ok && i < gt->nr_maptrack; i++)
        ok = take_hidden(d, used, gt->maptrack[i], "the list of mapped grants", error);
    return ok;
}

/* --- frames --------------------------------------------------------------------------- */

static bool check_frame(const struct domain *d, mfn_t mfn, GError **error)
{
    const struct frame *f = frame_info(d->mem, mfn);
    uint16_t owner = f->owner;
    if (owner != d->s.domid && owner != OWNER_DOMID_XEN && owner != OWNER_DOMID_IO && owner != OWNER_NOBODY &&
        owner != DOMID_BACKEND)
        return bad(error, "frame %#x belongs to domain %u, which there is not", mfn.mfn, owner);
    if (is_table(f->type) && owner != d->s.domid)
        return bad(error, "frame %#x is a table, and not the domain's", mfn.mfn);
    if (f->type == PGT_l3_table && d->abi->levels == 2)
        return bad(error, "frame %#x is an L3 table, of which this ABI has none", mfn.mfn);
    return true;
}

static bool check_xen_slots(const struct domain *d, mfn_t table, unsigned first, GError **error)
{
    const uint64_t touched = PTE_A | PTE_D;
    uint64_t entry[1024];
    xen_slots_make(d, table, entry);
    for (unsigned i = first; i < d->abi->ptes_per_page; i++)
        if ((pte_read(d, table, i) ^ entry[i]) & ~touched)
            return bad(error, "L2 %#x entry %u is not as Xen has it", table.mfn, i);
    return true;
}

static bool check_table(const struct domain *d, mfn_t mfn, GError **error)
{
    const struct frame *f = frame_info(d->mem, mfn);
    const struct abi *abi = d->abi;
    uint64_t forbidden = f->type == PGT_l1_table   ? abi->l1_disallow
                         : f->type == PGT_l2_table ? abi->l2_disallow
                                                   : abi->l3_disallow;
    unsigned n = f->type == PGT_l3_table ? 4 : abi->ptes_per_page;
    bool own_slots = f->type == PGT_l2_table && (abi->levels == 2 || (f->flags & PGF_PAE_XEN_L2));
    if (own_slots)
        n = pt_index(abi, GVA(abi->hole), 2);
    if (f->type == PGT_l3_table && abi->xen >= RING1_XEN_4_17)
        forbidden &= ~(uint64_t)(PTE_RW | PTE_US); /* which Xen adds */
    for (unsigned i = 0; i < n; i++) {
        uint64_t e = pte_read(d, mfn, i);
        if ((e & PTE_P) && (e & forbidden))
            return bad(error, "table %#x entry %u: %#llx has flags that are not allowed", mfn.mfn, i,
                       (unsigned long long)e);
    }
    return !own_slots || check_xen_slots(d, mfn, n, error);
}

static bool check_descriptors(const struct domain *d, mfn_t mfn, GError **error)
{
    const uint8_t *page = frame_ptr(d->mem, mfn);
    unsigned first = d->abi->first_reserved_gdt;
    for (unsigned i = 0; i < 512; i++) {
        uint64_t desc, checked, accessed = UINT64_C(1) << 40;
        memcpy(&desc, page + i * 8u, 8);
        checked = desc;
        bool xens = first < 512 && i >= first && i < first + XEN_2_0_RESERVED_ENTRIES &&
                    ((desc ^ xen_descriptor(d->abi, i)) & ~accessed) == 0;
        if (desc && !xens && (!check_descriptor(d, &checked) || checked != desc))
            return bad(error, "descriptor %u of frame %#x is none that a guest may have", i, mfn.mfn);
    }
    return true;
}

static bool check_frames(const struct domain *d, GError **error)
{
    for (uint32_t i = 0; i < d->mem->nr_frames; i++) {
        const struct frame *f = frame_info(d->mem, MFN(i));
        if (!check_frame(d, MFN(i), error))
            return false;
        if (is_table(f->type) && (f->flags & PGF_VALIDATED) && !check_table(d, MFN(i), error))
            return false;
        if (f->type == PGT_seg_desc && (f->type_count || (f->flags & PGF_VALIDATED)) &&
            !check_descriptors(d, MFN(i), error))
            return false;
    }
    return true;
}

/* --- grants --------------------------------------------------------------------------- */

/* The list of free handles that begins at `head`: each is free, and in no other list. */
static bool check_free(const struct domain *d, uint8_t *seen, uint32_t head, GError **error)
{
    for (uint32_t at = head; at != NO_HANDLE; at = maptrack_entry(d, at)->ref) {
        if (at >= maptrack_limit(d) || maptrack_entry(d, at)->flags || seen[at]++)
            return bad(error, "the free handle %u of grants is not free, or not one", at);
    }
    return true;
}

/* Every use is counted in its active entry. */
static bool check_pins(const struct domain *d, const uint32_t *backend, GError **error)
{
    uint32_t nr = grant_nr_entries(d);
    g_autofree uint32_t *own = g_new0(uint32_t, nr + 1);
    for (uint32_t i = 0; i < maptrack_limit(d); i++) {
        const struct maptrack_entry *e = maptrack_entry(d, i);
        bool readonly = e->flags & GNTMAP_readonly;
        if (e->vcpu >= MAX_VCPUS)
            return bad(error, "handle %u of grants is of vcpu %u", i, e->vcpu);
        if (!e->flags)
            continue;
        if (e->ref >= nr || e->domid != d->s.domid)
            return bad(error, "handle %u is of grant %u of domain %u", i, e->ref, e->domid);
        if (e->flags & GNTMAP_host_map)
            own[e->ref] += readonly ? PIN_HOST_READ : PIN_HOST_WRITE;
        if (e->flags & GNTMAP_device_map)
            own[e->ref] += readonly ? PIN_DEVICE_READ : PIN_DEVICE_WRITE;
    }
    for (uint32_t ref = 0; ref < nr; ref++) {
        const struct active_entry *act = active_entry(d, ref);
        uint32_t by_backend = backend ? backend[ref] : 0;
        if (!act->pin && !own[ref] && !by_backend)
            continue;
        uint32_t want = act->domid == d->s.domid ? own[ref] : act->domid == DOMID_BACKEND ? by_backend : 0;
        if (act->pin != want || want != own[ref] + by_backend || !frame_exists(d->mem, MFN(act->frame)))
            return bad(error, "grant %u is used otherwise than it is counted: %#x, found %#x and %#x", ref,
                       act->pin, own[ref], by_backend);
    }
    return true;
}

static bool check_grants(const struct domain *d, const uint32_t *backend, GError **error)
{
    g_autofree uint8_t *seen = g_malloc0(maptrack_limit(d) + 1u);
    for (unsigned i = 0; i < MAX_VCPUS; i++) {
        const struct vcpu *v = &d->s.vcpu[i];
        if (!check_free(d, seen, v->maptrack_head, error))
            return false;
        if (v->maptrack_tail != NO_HANDLE && v->maptrack_tail >= maptrack_limit(d))
            return bad(error, "vcpu %u: handle %u of grants", i, v->maptrack_tail);
    }
    return check_pins(d, backend, error);
}

/* --- events and vcpus ------------------------------------------------------------------ */

static bool check_channels(const struct domain *d, GError **error)
{
    for (unsigned i = 0; i < NR_EVTCHNS; i++) {
        const struct evtchn *c = &d->s.evtchn[i];
        if (c->vcpu >= d->s.nr_vcpus || (i >= d->s.evtchn_top && c->kind != ECS_FREE) ||
            (c->kind == ECS_VIRQ && c->virq >= MAX_VIRQS) || c->remote_port >= NR_EVTCHNS)
            return bad(error, "event channel %u cannot be", i);
        if (c->kind == ECS_INTERDOMAIN && c->remote_dom == d->s.domid &&
            d->s.evtchn[c->remote_port].kind != ECS_INTERDOMAIN)
            return bad(error, "event channel %u has no other end", i);
    }
    return true;
}

static bool check_vcpu(const struct domain *d, unsigned i, GError **error)
{
    const struct vcpu *v = &d->s.vcpu[i];
    bool runs = v->run == VCPU_RUNNING;
    if (v->id != i)
        return bad(error, "vcpu %u has the number %u", i, v->id);
    if (runs != (d->s.queue.runnable >> i & 1u) || (runs && !v->initialised))
        return bad(error, "vcpu %u both runs and does not", i);
    if (v->initialised && (!frame_exists(d->mem, v->cr3) || v->cr3.mfn == 0))
        return bad(error, "the page table of vcpu %u is frame %#x", i, v->cr3.mfn);
    if (!frame_exists(d->mem, v->info_mfn) || frame_info(d->mem, v->info_mfn)->owner != d->s.domid ||
        v->info_offset > RING1_PAGE_SIZE - VCPU_INFO_SIZE)
        return bad(error, "the vcpu_info of vcpu %u is at frame %#x, byte %u", i, v->info_mfn.mfn,
                   v->info_offset);
    if (v->periodic && v->periodic < 1000000)
        return bad(error, "vcpu %u has a tick each %u ns", i, (unsigned)v->periodic);
    for (unsigned n = 0; n < MAX_VIRQS; n++)
        if (v->virq_port[n] >= NR_EVTCHNS)
            return bad(error, "VIRQ %u of vcpu %u", n, i);
    return true;
}

static bool check_state(const struct domain *d, GError **error)
{
    const struct domain_state *s = &d->s;
    uint32_t beyond = s->nr_vcpus < 32 ? UINT32_MAX << s->nr_vcpus : 0;
    if (s->domid != DOMID_GUEST)
        return bad(error, "the domain has the number %u", s->domid);
    if (s->nr_vcpus == 0 || s->queue.current >= s->nr_vcpus ||
        ((s->queue.runnable | s->queue.urgent | s->queue.yielding) & beyond))
        return bad(error, "the turn is of vcpu %u of %u", s->queue.current, s->nr_vcpus);
    if (s->xen_frame_cursor > d->mem->nr_frames || s->lowest_free > d->mem->nr_frames)
        return bad(error, "the search for free frames is at %#x", s->xen_frame_cursor);
    for (unsigned i = 0; i < MIN(s->forget_nr, G_N_ELEMENTS(s->forget)); i++)
        if (!frame_exists(d->mem, MFN(s->forget[i])))
            return bad(error, "code of frame %#x is to be forgotten", s->forget[i]);
    const mfn_t named[] = {s->console_mfn, s->store_mfn, s->pirq_eoi_map, s->xenoprof.first};
    for (unsigned i = 0; i < G_N_ELEMENTS(named); i++)
        if (!frame_exists(d->mem, named[i]))
            return bad(error, "frame %#x is named and does not exist", named[i].mfn);
    if (s->preempt.limit == 0)
        return bad(error, "calls may do no work");
    return true;
}

bool domain_check(const struct domain *d, const uint32_t *backend, GError **error)
{
    g_autofree uint8_t *used = g_malloc0(d->mem->nr_frames);
    g_autoptr(GString) report = g_string_new(NULL);
    bool ok = check_state(d, error) && check_hidden(d, used, error);
    for (unsigned i = 0; ok && i < d->s.nr_vcpus; i++)
        ok = check_vcpu(d, i, error);
    if (!ok || !check_channels(d, error) || !check_grants(d, backend, error) || !check_frames(d, error))
        return false;
    if (page_recount(d, report))
        return true;
    char *line = strchr(report->str, '\n');
    if (line)
        *line = '\0';
    return bad(error, "references are not as they are counted: %s", report->str);
}
