/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * world_priv.h - between world.c and world_reset.c.
 */
#ifndef DEBUG_WORLD_PRIV_H
#define DEBUG_WORLD_PRIV_H

#include "world.h"

/* Tables at the end of memory that map pfn p at base + p * 4096, themselves and pages
 * that are not WORLD_RW (`pages` NULL: none) read-only: the root, whose pfn is *first.
 * They are not pinned. */
mfn_t world_tables(struct domain *d, uint32_t base, const uint32_t *p2m, const uint8_t *pages,
                   uint32_t nr_pages, uint32_t *first);

struct world_start;
struct world_start *world_start_save(struct world *w);
void world_start_free(struct world_start *s);

#endif
