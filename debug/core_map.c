/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * core_map.c - which addresses a core file has, and where in it. A guest may map one frame
 * a million times, or its page tables into themselves: each frame is written once, and addresses share
 * it, so the file is never larger than the guest's memory and what it was lent.
 */
#include "core_write.h"

#include <elf.h>

struct mapping {
    struct vcpu *v;
    struct core_map *map;
    uint32_t *slot_of; /* by mfn: slot + 1, 0: none yet */
    uint32_t slots_max;
};

/* --- slots ------------------------------------------------------------------------ */

static bool is_free(const struct core_map *map, uint32_t slot)
{
    return g_array_index(map->frames, uint32_t, slot) == CORE_NOTHING;
}

/* Whoever claims a pfn first has its place: the m2p array is the guest's to write. */
static uint32_t pfn_of(const struct mapping *c, mfn_t mfn)
{
    const struct domain *d = c->v->domain;
    if (frame_info(d->mem, mfn)->owner != d->s.domid || mfn.mfn / (RING1_PAGE_SIZE / 4) >= d->mem->m2p_frames)
        return CORE_NOTHING;
    uint32_t pfn = m2p_get(d->mem, mfn);
    return pfn < d->s.max_pages && pfn < c->slots_max && is_free(c->map, pfn) ? pfn : CORE_NOTHING;
}

/* CORE_NOTHING: there is no room. */
static uint32_t slot_of(struct mapping *c, mfn_t mfn)
{
    if (c->slot_of[mfn.mfn])
        return c->slot_of[mfn.mfn] - 1;
    uint32_t slot = pfn_of(c, mfn);
    if (slot == CORE_NOTHING) {
        slot = c->map->frames->len;
        if (slot >= c->slots_max)
            return CORE_NOTHING;
        g_array_append_val(c->map->frames, mfn.mfn);
    } else {
        g_array_index(c->map->frames, uint32_t, slot) = mfn.mfn;
    }
    c->slot_of[mfn.mfn] = slot + 1;
    return slot;
}

/* --- runs ------------------------------------------------------------------------- */

static void add_page(struct mapping *c, uint32_t page, mfn_t mfn, uint32_t flags)
{
    uint32_t slot = slot_of(c, mfn), pfns = c->v->domain->s.max_pages;
    if (slot == CORE_NOTHING) {
        c->map->left_out++;
        return;
    }
    GArray *runs = c->map->runs;
    struct core_run *last = runs->len ? &g_array_index(runs, struct core_run, runs->len - 1) : NULL;
    if (last && last->page + last->pages == page && last->slot + last->pages == slot &&
        last->is_pfn == (slot < pfns)) {
        last->pages++;
        last->flags |= flags;
        return;
    }
    struct core_run run = {.page = page, .pages = 1, .slot = slot, .flags = flags, .is_pfn = slot < pfns};
    g_array_append_val(runs, run);
}

/* Below one entry of level 2. */
static void add_l1(struct mapping *c, uint32_t page, mfn_t table, bool writable, bool executable)
{
    const struct domain *d = c->v->domain;
    uint32_t end = MIN(d->abi->hole >> RING1_PAGE_SHIFT, page + d->abi->ptes_per_page);
    for (unsigned i = 0; page < end; i++, page++) {
        uint64_t entry = pte_read(d, table, i);
        mfn_t mfn = pte_mfn(entry);
        if (!(entry & PTE_P) || !frame_exists(d->mem, mfn))
            continue;
        bool no_execute = d->abi->levels == 3 && (entry & PTE_NX);
        add_page(c, page, mfn,
                 PF_R | (writable && (entry & PTE_RW) ? PF_W : 0) | (executable && !no_execute ? PF_X : 0));
    }
}

/* The table behind an entry; false: there is none. */
static bool follow(const struct domain *d, mfn_t table, unsigned index, uint64_t *entry, mfn_t *next)
{
    *entry = pte_read(d, table, index);
    *next = pte_mfn(*entry);
    return (*entry & PTE_P) && frame_exists(d->mem, *next);
}

static void add_guest(struct mapping *c)
{
    const struct domain *d = c->v->domain;
    uint32_t span = d->abi->ptes_per_page; /* pages below an entry of level 2 */
    for (uint32_t page = 0; page < d->abi->hole >> RING1_PAGE_SHIFT; page += span) {
        gva_t va = GVA(page << RING1_PAGE_SHIFT);
        mfn_t table = c->v->cr3, next;
        uint64_t entry;
        if (d->abi->levels == 3) {
            if (!follow(d, table, pt_index(d->abi, va, 3), &entry, &next))
                continue;
            table = next;
        }
        if (follow(d, table, pt_index(d->abi, va, 2), &entry, &next))
            add_l1(c, page, next, entry & PTE_RW, d->abi->levels == 2 || !(entry & PTE_NX));
    }
}

/* Which the guest reads at the hole's start. */
static void add_m2p(struct mapping *c)
{
    const struct domain *d = c->v->domain;
    uint32_t first = d->abi->hole >> RING1_PAGE_SHIFT, end = d->abi->m2p_end >> RING1_PAGE_SHIFT;
    for (uint32_t i = 0; i < d->mem->m2p_frames && first + i < end; i++)
        add_page(c, first + i, MFN(d->mem->m2p.mfn + i), PF_R);
}

static gint by_length(gconstpointer pa, gconstpointer pb)
{
    const struct core_run *a = pa, *b = pb;
    if (a->pages != b->pages)
        return a->pages > b->pages ? -1 : 1;
    return (a->page > b->page) - (a->page < b->page);
}

static gint by_page(gconstpointer pa, gconstpointer pb)
{
    const struct core_run *a = pa, *b = pb;
    return (a->page > b->page) - (a->page < b->page);
}

/* Of too many the longest stay: a kernel's own memory is one. */
static void leave_out(struct core_map *map)
{
    if (map->runs->len <= CORE_RUNS_MAX)
        return;
    g_array_sort(map->runs, by_length);
    for (guint i = CORE_RUNS_MAX; i < map->runs->len; i++)
        map->left_out += g_array_index(map->runs, struct core_run, i).pages;
    g_array_set_size(map->runs, CORE_RUNS_MAX);
    g_array_sort(map->runs, by_page);
}

void core_map_make(struct core_map *map, struct vcpu *v, uint32_t slots_max)
{
    const struct domain *d = v->domain;
    struct mapping c = {.v = v, .map = map, .slots_max = slots_max};
    *map = (struct core_map){
        .runs = g_array_new(FALSE, FALSE, sizeof(struct core_run)),
        .frames = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
    };
    g_array_set_size(map->frames, MIN(d->s.max_pages, slots_max));
    for (guint i = 0; i < map->frames->len; i++)
        g_array_index(map->frames, uint32_t, i) = CORE_NOTHING;
    c.slot_of = g_new0(uint32_t, d->mem->nr_frames + MEMORY_EXTRA_FRAMES);
    add_guest(&c);
    add_m2p(&c);
    g_free(c.slot_of);
    leave_out(map);
}

void core_map_clear(struct core_map *map)
{
    g_array_free(map->runs, TRUE);
    g_array_free(map->frames, TRUE);
}
