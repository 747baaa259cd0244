/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * boot_tables.h - a new domain's page tables. For the builder alone.
 */
#ifndef EMU_BOOT_TABLES_H
#define EMU_BOOT_TABLES_H

#include "layout.h"

#include <dispatch/domain.h>

/* Write the tables of `layout` into their pages. Returns the top level's frame. */
mfn_t boot_tables(struct domain *d, const struct layout *layout, const uint32_t *p2m);

#endif
