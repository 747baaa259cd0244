/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * first_tables.h - page tables that map all memory of a small domain, for those that
 * have no image and so no layout (emu/layout.h): worlds, and the fixture of the unit
 * tests.
 */
#ifndef DEBUG_FIRST_TABLES_H
#define DEBUG_FIRST_TABLES_H

#include "dispatch/access.h"

/* pfn of the root; the others follow it, to the end of memory. */
uint32_t first_tables_pfn(const struct abi *abi, uint32_t nr_pages);

/* Map pfn p at base + p * 4096, base being where an entry of the root begins: pages
 * whose `read_only` is not 0 (NULL: none), and the tables, without RW. Returns the root,
 * which is neither pinned nor loaded. */
mfn_t first_tables(struct domain *d, uint32_t base, const uint32_t *p2m, const uint8_t *read_only,
                   uint32_t nr_pages);

#endif
