/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grant.c - the domain's grant table itself: its frames, its entries, who uses them
 * at the moment, and what back ends do with them (docs/xen-abi.md 8.20).
 * grant_table_op is in grant_op.c, the guest's own mappings in grant_map.c.
 */
#include "grant_priv.h"

#include "describe.h"
#include "event.h"
#include "memory_priv.h"

#include <string.h>

/* Entries that a toolstack fills before the domain starts. */
#define GNTTAB_CONSOLE  0u
#define GNTTAB_XENSTORE 1u

#define ENTRIES_PER_FRAME (RING1_PAGE_SIZE / (uint32_t)sizeof(struct grant_entry))

/* --- frames ------------------------------------------------------------------- */

static bool is_free(const struct frame *f)
{
    return f->owner == OWNER_NOBODY && f->count == 0;
}

/* The next free frame below the last one found, then once more from the top. */
static uint32_t find_free(struct domain *d)
{
    const struct memory *mem = d->mem;
    uint32_t top = d->s.xen_frame_cursor ? d->s.xen_frame_cursor : mem->nr_frames;
    for (uint32_t i = top; i-- > 1;)
        if (is_free(&mem->frames[i]))
            return i;
    for (uint32_t i = mem->nr_frames; i-- > top;)
        if (is_free(&mem->frames[i]))
            return i;
    return 0;
}

static mfn_t take_free(struct domain *d, bool shared)
{
    mfn_t mfn = MFN(find_free(d));
    if (!mfn.mfn)
        return mfn;
    d->s.xen_frame_cursor = mfn.mfn;
    if (shared)
        page_share(d, mfn);
    else
        *frame_edit(d->mem, mfn) = (struct frame){.count = 1, .owner = OWNER_DOMID_XEN};
    memset(frame_ptr(d->mem, mfn), 0, RING1_PAGE_SIZE);
    frame_changed(d, mfn);
    m2p_set(d, mfn, M2P_INVALID);
    return mfn;
}

mfn_t xen_frame_alloc(struct domain *d)
{
    return take_free(d, true);
}

mfn_t xen_frame_alloc_hidden(struct domain *d)
{
    return take_free(d, false);
}

unsigned grant_initial_frames(const struct abi *abi)
{
    return abi->xen >= RING1_XEN_4_17 ? 1 : 4;
}

unsigned grant_max_frames(const struct abi *abi)
{
    if (abi->xen >= RING1_XEN_4_17)
        return 64;
    return abi->xen >= RING1_XEN_3_2 ? 32 : 4;
}

bool grant_grow(struct domain *d, unsigned nr_frames)
{
    struct grant_table *gt = &d->s.grant;
    while (gt->nr_frames < MIN(nr_frames, MAX_GRANT_FRAMES)) {
        mfn_t *active = &gt->active[2 * gt->nr_frames];
        /* Those that were left by an attempt which failed half-way are used now. */
        for (unsigned i = 0; i < 2; i++)
            if (!active[i].mfn && !(active[i] = xen_frame_alloc_hidden(d)).mfn)
                return false;
        mfn_t mfn = xen_frame_alloc(d);
        if (!mfn.mfn)
            return false;
        gt->frames[gt->nr_frames++] = mfn;
    }
    return true;
}

/* --- entries ------------------------------------------------------------------- */

uint32_t grant_nr_entries(const struct domain *d)
{
    return d->s.grant.nr_frames * ENTRIES_PER_FRAME;
}

struct grant_entry *grant_entry(const struct domain *d, uint32_t ref)
{
    const struct grant_table *gt = &d->s.grant;
    if (ref / ENTRIES_PER_FRAME >= gt->nr_frames)
        return NULL;
    return (struct grant_entry *)frame_ptr(d->mem, gt->frames[ref / ENTRIES_PER_FRAME]) +
           ref % ENTRIES_PER_FRAME;
}

struct active_entry *active_entry(const struct domain *d, uint32_t ref)
{
    mfn_t mfn = d->s.grant.active[ref / ACTIVE_PER_FRAME];
    frame_dirty(d->mem, mfn); /* who asks may write */
    return (struct active_entry *)frame_ptr(d->mem, mfn) + ref % ACTIVE_PER_FRAME;
}

void grant_changed(struct domain *d, uint32_t ref)
{
    frame_changed(d, d->s.grant.frames[ref / ENTRIES_PER_FRAME]);
}

static void set_entry_flags(struct domain *d, uint32_t ref, uint16_t set, uint16_t clear)
{
    struct grant_entry *shared = grant_entry(d, ref);
    shared->flags = (uint16_t)((shared->flags | set) & ~clear);
    grant_changed(d, ref);
}

static void seed(struct domain *d, uint32_t ref, mfn_t mfn)
{
    if (mfn.mfn)
        *grant_entry(d, ref) = (struct grant_entry){GTF_permit_access, DOMID_BACKEND, mfn.mfn};
}

bool grant_init(struct domain *d)
{
    struct grant_table *gt = &d->s.grant;
    if (gt->nr_frames)
        return true;
    gt->version = 1;
    if (!grant_grow(d, grant_initial_frames(d->abi)))
        return false;
    if (d->abi->xen >= RING1_XEN_4_17) {
        seed(d, GNTTAB_CONSOLE, d->s.console_mfn);
        seed(d, GNTTAB_XENSTORE, d->s.store_mfn);
    }
    return true;
}

/* --- uses ------------------------------------------------------------------------ */

int16_t grant_fail(struct domain *d, int16_t status, const char *format, ...)
{
    if (d->want_why && !d->why[0]) {
        va_list ap;
        va_start(ap, format);
        g_vsnprintf(d->why, sizeof d->why, format, ap);
        va_end(ap);
    }
    return status;
}

int16_t grant_backend_ref(struct domain *d, uint32_t ref)
{
    return ref >= grant_initial_frames(d->abi) * ENTRIES_PER_FRAME
               ? grant_fail(d, GNTST_bad_gntref, "reference %u is beyond domain 0's table", ref)
               : grant_fail(d, GNTST_general_error, "reference %u: domain 0 grants nothing", ref);
}

/* Half of a count's range may be used; before 4.17 one full count ends all. */
static bool count_overflows(const struct abi *abi, uint32_t pin, uint32_t increment)
{
    return pin & (abi->xen >= RING1_XEN_4_17 ? increment << 7 : 0x80808080u);
}

/* What the guest's entry must say for a use that is the first, or the first to
 * write; it is then marked as read, or written. */
static int16_t claim_entry(struct domain *d, const struct pin_request *r, const struct active_entry *act,
                           uint32_t *frame)
{
    const struct grant_entry entry = *grant_entry(d, r->ref);
    uint16_t mask = GTF_type_mask;
    if (r->whole_page && d->abi->xen >= RING1_XEN_4_17)
        mask |= GTF_sub_page;
    if (!act->pin && ((entry.flags & mask) != GTF_permit_access || entry.domid != r->user))
        return grant_fail(d, GNTST_general_error,
                          "reference %u (flags %#x, domain %u, frame %#x) grants nothing to domain %u",
                          r->ref, entry.flags, entry.domid, entry.frame, r->user);
    if (!r->readonly && entry.flags & GTF_readonly)
        return grant_fail(d, GNTST_general_error, "reference %u is read-only (flags %#x)", r->ref,
                          entry.flags);
    set_entry_flags(d, r->ref, (uint16_t)(GTF_reading | (r->readonly ? 0 : GTF_writing)), 0);
    *frame = entry.frame;
    return GNTST_okay;
}

/* Take away from the guest's entry what no use asks for any more. */
static void reduce_flags(struct domain *d, uint32_t ref, bool readonly)
{
    uint32_t pin = active_entry(d, ref)->pin;
    uint16_t clear = pin ? 0 : GTF_reading;
    if (!readonly && !(pin & PIN_WRITE_MASK))
        clear |= GTF_writing;
    if (clear)
        set_entry_flags(d, ref, 0, clear);
}

int16_t grant_pin(struct domain *d, const struct pin_request *r, mfn_t *mfn)
{
    if (r->ref >= grant_nr_entries(d))
        return grant_fail(d, GNTST_bad_gntref, "reference %u: the table has %u", r->ref, grant_nr_entries(d));
    struct active_entry *act = active_entry(d, r->ref);
    if (act->pin && (act->domid != r->user || count_overflows(d->abi, act->pin, r->increment)))
        return grant_fail(d, GNTST_general_error,
                          "reference %u is used by domain %u, %#x times (a byte a kind)", r->ref, act->domid,
                          act->pin);

    uint32_t frame = act->frame;
    bool claimed = !act->pin || (!r->readonly && !(act->pin & PIN_WRITE_MASK));
    if (claimed) {
        int16_t status = claim_entry(d, r, act, &frame);
        if (status)
            return status;
        if (act->pin)
            frame = act->frame;
    }
    if (page_get(d, MFN(frame))) {
        reduce_flags(d, r->ref, r->readonly);
        return act->pin || d->abi->xen < RING1_XEN_4_17 ? GNTST_general_error : GNTST_bad_page;
    }
    if (!act->pin) {
        act->frame = frame;
        act->domid = r->user;
    }
    act->pin += r->increment;
    *mfn = MFN(frame);
    return GNTST_okay;
}

void grant_unpin(struct domain *d, uint32_t ref, uint32_t increment, bool readonly)
{
    active_entry(d, ref)->pin -= increment;
    reduce_flags(d, ref, readonly);
}

/* --- back ends --------------------------------------------------------------------- */

static void tell(struct domain *d, const char *request, const struct grant_mapping *m, int16_t status)
{
    event_device(d, &(const struct ring1_device_event){
                        .device = RING1_DEVICE_GRANT,
                        .request = request,
                        .error = status ? value_name(&values_gnttab_status, status) : NULL,
                        .ref = m->ref,
                        .mfn = m->mfn,
                        .readonly = m->readonly});
}

static int16_t map(struct domain *d, uint32_t ref, bool readonly, struct grant_mapping *out)
{
    struct pin_request r = {.ref = ref,
                            .increment = readonly ? PIN_HOST_READ : PIN_HOST_WRITE,
                            .user = DOMID_BACKEND,
                            .readonly = readonly,
                            .whole_page = true};
    *out = (struct grant_mapping){.ref = ref, .readonly = readonly};
    grant_init(d);
    int16_t status = grant_pin(d, &r, &out->mfn);
    if (status)
        return status;
    if (!readonly && page_get_type(d, out->mfn, PGT_writable)) {
        page_put(d, out->mfn);
        grant_unpin(d, ref, r.increment, readonly);
        return GNTST_general_error;
    }
    out->mapped = true;
    return GNTST_okay;
}

int16_t grant_map(struct domain *d, uint32_t ref, bool readonly, struct grant_mapping *out)
{
    int16_t status = map(d, ref, readonly, out);
    tell(d, "map", out, status);
    return status;
}

void grant_unmap(struct domain *d, struct grant_mapping *m)
{
    if (!m->mapped)
        return;
    m->mapped = false;
    tell(d, "unmap", m, 0);
    if (m->readonly)
        page_put(d, m->mfn);
    else
        page_put_and_type(d, m->mfn);
    grant_unpin(d, m->ref, m->readonly ? PIN_HOST_READ : PIN_HOST_WRITE, m->readonly);
}

void grant_written(struct domain *d, const struct grant_mapping *m)
{
    frame_changed(d, m->mfn);
}

static const struct state_field mapping_rows[] = {
    STATE_N(grant_mapping, ref, STATE_ANY),
    STATE_N(grant_mapping, mfn, STATE_ANY),
    STATE_B(grant_mapping, readonly),
    STATE_B(grant_mapping, mapped),
};
const struct state_type grant_mapping_state_type = STATE_TYPE(grant_mapping, mapping_rows);

bool grant_mapping_check(const struct domain *d, const struct grant_mapping *m)
{
    if (!m->mapped)
        return true;
    return m->ref < grant_nr_entries(d) && active_entry(d, m->ref)->frame == m->mfn.mfn &&
           frame_exists(d->mem, m->mfn);
}

void grant_pins(const struct domain *d, const struct grant_mapping *m, uint32_t *pins)
{
    if (m->mapped && m->ref < grant_nr_entries(d))
        pins[m->ref] += m->readonly ? PIN_HOST_READ : PIN_HOST_WRITE;
}

int16_t grant_copy_from(struct domain *d, uint32_t ref, uint32_t offset, void *to, uint32_t len)
{
    struct grant_mapping m;
    if ((uint64_t)offset + len > RING1_PAGE_SIZE)
        return grant_fail(d, GNTST_bad_copy_arg, "%u bytes at %u reach beyond the page", len, offset);
    int16_t status = grant_map(d, ref, true, &m);
    if (status)
        return status;
    memcpy(to, grant_bytes(d, &m) + offset, len);
    grant_unmap(d, &m);
    return GNTST_okay;
}

int16_t grant_copy_to(struct domain *d, uint32_t ref, uint32_t offset, const void *from, uint32_t len)
{
    struct grant_mapping m;
    if ((uint64_t)offset + len > RING1_PAGE_SIZE)
        return grant_fail(d, GNTST_bad_copy_arg, "%u bytes at %u reach beyond the page", len, offset);
    int16_t status = grant_map(d, ref, false, &m);
    if (status)
        return status;
    memcpy(grant_bytes(d, &m) + offset, from, len);
    grant_written(d, &m);
    grant_unmap(d, &m);
    return GNTST_okay;
}

int16_t grant_transfer(struct domain *d, uint32_t ref, uint32_t offset, const void *from, uint32_t len)
{
    uint32_t cursor = 0;
    mfn_t mfn;
    if ((uint64_t)offset + len > RING1_PAGE_SIZE)
        return grant_fail(d, GNTST_bad_copy_arg, "%u bytes at %u reach beyond the page", len, offset);
    struct grant_entry *entry = grant_init(d) ? grant_entry(d, ref) : NULL;
    if (!entry)
        return grant_fail(d, GNTST_bad_gntref, "reference %u: the table has %u", ref, grant_nr_entries(d));
    const struct grant_entry seen = *entry;
    if (seen.flags != GTF_accept_transfer || seen.domid != DOMID_BACKEND)
        return grant_fail(d, GNTST_general_error,
                          "reference %u (flags %#x, domain %u) awaits no page of domain %u", ref, seen.flags,
                          seen.domid, DOMID_BACKEND);
    if (d->s.tot_pages >= d->s.max_pages || !extent_find(d, 0, d->mem->nr_frames, &cursor, &mfn))
        return grant_fail(d, GNTST_general_error, "the domain may have no page more than its %u",
                          d->s.tot_pages);
    extent_assign(d, mfn, 0);
    memset(frame_ptr(d->mem, mfn), 0, RING1_PAGE_SIZE);
    memcpy((uint8_t *)frame_ptr(d->mem, mfn) + offset, from, len);
    frame_changed(d, mfn);
    m2p_set(d, mfn, seen.frame);
    *entry = (struct grant_entry){seen.flags | GTF_transfer_committed | GTF_transfer_completed, seen.domid,
                                  mfn.mfn};
    grant_changed(d, ref);
    return GNTST_okay;
}
