/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * stale.c - see stale.h.
 */
#include "stale.h"

#include "access.h"

bool stale_lookup(const struct domain *d, gva_t va, uint64_t *entry)
{
    const struct stale *s = &d->s.stale;
    if (!stale_any(d))
        return false;
    for (unsigned i = 0; i < s->nr; i++) {
        if (s->page[i] == va.va >> RING1_PAGE_SHIFT) {
            *entry = s->entry[i];
            return true;
        }
    }
    return false;
}

void stale_drop(struct domain *d, gva_t va)
{
    struct stale *s = &d->s.stale;
    for (unsigned i = 0; i < s->nr; i++)
        if (s->page[i] == va.va >> RING1_PAGE_SHIFT)
            s->page[i] = UINT32_MAX; /* no page's number */
}

static void keep(struct domain *d, uint32_t page, uint64_t entry)
{
    struct stale *s = &d->s.stale;
    for (unsigned i = 0; i < s->nr; i++)
        if (s->page[i] == page)
            return; /* the oldest is what the TLB has */
    if (s->nr == G_N_ELEMENTS(s->page))
        s->nr = 0; /* a TLB is finite, too */
    s->page[s->nr] = page;
    s->entry[s->nr++] = entry;
}

/* Every place in the space in force where the L1 table stands. */
static void keep_in_space(struct vcpu *v, mfn_t l2, uint32_t first_page, unsigned slots, mfn_t table,
                          unsigned index, uint64_t old)
{
    struct domain *d = v->domain;
    for (unsigned i = 0; i < slots; i++) {
        uint64_t e = pte_read(d, l2, i);
        if ((e & PTE_P) && pte_mfn(e).mfn == table.mfn)
            keep(d, first_page + i * d->abi->ptes_per_page + index, old);
    }
}

void stale_keep(struct vcpu *v, mfn_t table, unsigned index, uint64_t old, uint32_t generation)
{
    struct domain *d = v->domain;
    struct stale *s = &d->s.stale;
    unsigned hole_slot = pt_index(d->abi, GVA(d->abi->hole), 2);
    if (s->generation != generation)
        s->nr = 0;
    s->generation = d->s.translation_generation;
    if (!(old & PTE_P) || !(old & PTE_A))
        return; /* nobody used it */
    if (d->abi->levels == 2) {
        keep_in_space(v, v->cr3, 0, hole_slot, table, index, old);
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        uint64_t e = pte_read(d, v->cr3, i);
        if (e & PTE_P)
            keep_in_space(v, pte_mfn(e), i << 18, i == 3 ? hole_slot : 512, table, index, old);
    }
}
