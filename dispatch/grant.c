/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grant.c - the domain's grant table itself: its frames, its entries, and the
 * frames that Xen shares with a domain (docs/xen-abi.md 8.20). grant_table_op is
 * in grant_op.c.
 */
#include "grant.h"

#include "page_type.h"

#include <string.h>
#include <xen/grant_table.h>

/* Entries that a toolstack fills before the domain starts. */
#define GNTTAB_CONSOLE  0u
#define GNTTAB_XENSTORE 1u

#define ENTRIES_PER_FRAME (RING1_PAGE_SIZE / (uint32_t)sizeof(struct grant_entry))

mfn_t xen_frame_alloc(struct domain *d)
{
    struct memory *mem = d->mem;
    for (uint32_t i = mem->nr_frames; i-- > 1;) {
        const struct frame *f = &mem->frames[i];
        if (f->owner != OWNER_NOBODY || f->count != 0)
            continue;
        mfn_t mfn = MFN(i);
        page_share(d, mfn);
        memset(frame_ptr(mem, mfn), 0, RING1_PAGE_SIZE);
        frame_changed(d, mfn);
        m2p_set(d, mfn, M2P_INVALID);
        return mfn;
    }
    return MFN(0);
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
        mfn_t mfn = xen_frame_alloc(d);
        if (!mfn.mfn)
            return false;
        gt->frames[gt->nr_frames++] = mfn;
    }
    return true;
}

struct grant_entry *grant_entry(const struct domain *d, uint32_t ref)
{
    const struct grant_table *gt = &d->s.grant;
    if (ref / ENTRIES_PER_FRAME >= gt->nr_frames)
        return NULL;
    return (struct grant_entry *)frame_ptr(d->mem, gt->frames[ref / ENTRIES_PER_FRAME]) +
           ref % ENTRIES_PER_FRAME;
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
