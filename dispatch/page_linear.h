/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * page_linear.h - linear page tables are one deep: an L2 that has entries which make L1s of
 * other L2s is not made one itself. Else a guest that chains them, and lets go of the
 * last, has the hypervisor call itself as often as there are tables (XSA-240). Xen has asked
 * so from then on; the older ones here do, too.
 */
#ifndef DISPATCH_PAGE_LINEAR_H
#define DISPATCH_PAGE_LINEAR_H

#include "memory.h"

/* One entry more of `table` that makes an L1 of `target`. False: it must not, or there are
 * too many of them. */
static inline bool linear_take(struct frame *table, struct frame *target)
{
    if (table->linear < 0 || table->linear == INT16_MAX || target->linear > 0 || target->linear == INT16_MIN)
        return false;
    table->linear++;
    target->linear--;
    return true;
}

static inline void linear_drop(struct frame *table, struct frame *target)
{
    table->linear--;
    target->linear++;
}

#endif
