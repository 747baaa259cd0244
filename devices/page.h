/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * page.h - pages that a guest shares with a back end.
 */
#ifndef DEVICES_PAGE_H
#define DEVICES_PAGE_H

#include "dispatch/domain.h"

/* Host address of a page that a back end may write: the guest's own, and neither
 * a page table nor a descriptor page. NULL: there is none (any more). */
static inline uint8_t *shared_page(const struct domain *d, mfn_t mfn)
{
    if (mfn.mfn == 0 || !frame_exists(d->mem, mfn))
        return NULL;
    const struct frame *f = frame_info(d->mem, mfn);
    bool plain =
        f->type == PGT_none || f->type == PGT_writable || (f->type_count == 0 && !(f->flags & PGF_VALIDATED));
    return f->owner == d->s.domid && plain ? frame_ptr(d->mem, mfn) : NULL;
}

#endif
