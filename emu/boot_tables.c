/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * boot_tables.c - see boot_tables.h; docs/xen-abi.md 4.2. The tables lie one behind
 * the other in pseudo-physical memory: top level, middle, leaves.
 */
#include "boot_tables.h"

#include <string.h>

struct builder {
    struct domain *d;
    const struct layout *layout;
    const uint32_t *p2m;
    uint32_t first; /* pfn of the top level */
};

static void put_entry(const struct builder *b, uint32_t table_pfn, unsigned index, uint32_t target_pfn,
                      uint64_t flags)
{
    uint64_t value = (uint64_t)b->p2m[target_pfn] << RING1_PAGE_SHIFT | flags;
    uint8_t *table = frame_ptr(b->d->mem, MFN(b->p2m[table_pfn]));
    unsigned size = b->d->abi->pte_size;
    value = GUINT64_TO_LE(value);
    memcpy(table + (size_t)index * size, &value, size);
}

/* Leaf entries of all mapped pages: pfn p at virt_base + p * 4096. */
static void fill_leaves(const struct builder *b, uint32_t first_leaf)
{
    const struct layout *l = b->layout;
    const struct layout_element *tables = layout_find(l, LAYOUT_PAGE_TABLES);
    unsigned per_page = b->d->abi->ptes_per_page;
    uint32_t first_vpn = l->virt_base >> RING1_PAGE_SHIFT, slot_vpn = first_vpn - first_vpn % per_page;
    uint32_t pages = (l->virt_end - l->virt_base) >> RING1_PAGE_SHIFT;
    for (uint32_t pfn = 0; pfn < pages; pfn++) {
        uint32_t at = first_vpn + pfn - slot_vpn;
        bool is_table = pfn >= tables->pfn && pfn < tables->pfn + tables->pages;
        put_entry(b, first_leaf + at / per_page, at % per_page, pfn,
                  is_table ? l->l1_table_flags : l->l1_flags);
    }
}

/* Entries of consecutive tables of one level, for consecutive tables of the next;
 * `slot` is the first entry's number counted over all tables of the level. */
static void fill_level(const struct builder *b, uint32_t table, uint32_t slot, uint32_t child, unsigned nr,
                       uint64_t flags)
{
    unsigned per_page = b->d->abi->ptes_per_page;
    for (unsigned i = 0; i < nr; i++)
        put_entry(b, table + (slot + i) / per_page, (slot + i) % per_page, child + i, flags);
}

static void fill_pae(const struct builder *b, uint32_t l2, uint32_t l1)
{
    const struct layout *l = b->layout;
    unsigned first_slot = l->virt_base >> 30, last_slot = (l->virt_end - 1) >> 30;
    fill_level(b, b->first, first_slot, l2, last_slot - first_slot + 1, l->l3_flags);
    /* The L2 for slot 3 comes last when nothing is mapped there. */
    if (last_slot < 3)
        fill_level(b, b->first, 3, l2 + l->nr_l2 - 1, 1, l->l3_flags);
    fill_level(b, l2, (l->virt_base & 0x3FFFFFFFu) >> 21, l1, l->nr_l1, l->l2_flags);
}

mfn_t boot_tables(struct domain *d, const struct layout *layout, const uint32_t *p2m)
{
    struct builder b = {d, layout, p2m, layout_find(layout, LAYOUT_PAGE_TABLES)->pfn};
    uint32_t l2 = b.first + layout->nr_l3, l1 = l2 + layout->nr_l2;
    for (uint32_t pfn = b.first; pfn < l1 + layout->nr_l1; pfn++)
        frame_dirty(d->mem, MFN(p2m[pfn]));
    if (layout->nr_l3)
        fill_pae(&b, l2, l1);
    else
        fill_level(&b, l2, layout->virt_base >> 22, l1, layout->nr_l1, layout->l2_flags);
    fill_leaves(&b, l1);
    return MFN(p2m[b.first]);
}
