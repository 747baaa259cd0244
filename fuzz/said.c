/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * said.c - see said.h.
 */
#include "said.h"

#include <string.h>

#define NONE UINT16_MAX
/* Pages that have no part in the fuzzer's world of their own. */
#define FIRST_OTHER (FUZZ_TABLE_PFN + FUZZ_TABLES)
#define NR_OTHER    (FUZZ_PAGES - 16u - FIRST_OTHER)

struct fuzz_pages {
    const struct world *w;
    GHashTable *pfn_of; /* frame -> pfn + 1 */
    uint16_t *page;     /* by pfn; NONE: not asked for yet */
    bool *known;
    GQueue fresh;
    unsigned ro, rw; /* how many are taken */
};

struct fuzz_pages *fuzz_pages_new(const struct world *w)
{
    struct fuzz_pages *p = g_new0(struct fuzz_pages, 1);
    uint32_t n = w->setup.nr_pages;
    p->w = w;
    p->pfn_of = g_hash_table_new(NULL, NULL);
    p->page = g_new(uint16_t, n);
    p->known = g_new0(bool, n);
    g_queue_init(&p->fresh);
    for (uint32_t i = 0; i < n; i++) {
        p->page[i] = NONE;
        g_hash_table_insert(p->pfn_of, GUINT_TO_POINTER(w->p2m[i]), GUINT_TO_POINTER(i + 1));
    }
    return p;
}

void fuzz_pages_free(struct fuzz_pages *p)
{
    if (!p)
        return;
    g_hash_table_unref(p->pfn_of);
    g_free(p->page);
    g_free(p->known);
    g_queue_clear(&p->fresh);
    g_free(p);
}

/* --- pages ------------------------------------------------------------------------------------ */

static uint16_t choose_page(struct fuzz_pages *p, uint32_t pfn)
{
    const struct world *w = p->w;
    if (pfn < FUZZ_RW_PFN)
        return (uint16_t)pfn;
    /* The first tables end the memory, here as there: one of each level from the top on, and L1s,
     * of which the fuzzer's world has one. */
    if (!w->setup.own_tables && pfn >= world_first_table(w))
        return (uint16_t)(FUZZ_PAGES - w->abi->levels + MIN(pfn - world_first_table(w), w->abi->levels - 1u));
    if (w->pages[pfn] == WORLD_RO)
        return (uint16_t)(FUZZ_RO_PFN + p->ro++ % FUZZ_RO_PAGES);
    return p->rw < FUZZ_RW_PAGES ? (uint16_t)(FUZZ_RW_PFN + p->rw++)
                                 : (uint16_t)(FIRST_OTHER + (p->rw++ - FUZZ_RW_PAGES) % NR_OTHER);
}

uint16_t fuzz_page_of(struct fuzz_pages *p, uint32_t pfn)
{
    if (p->page[pfn] == NONE)
        p->page[pfn] = choose_page(p, pfn);
    if (!p->known[pfn]) {
        p->known[pfn] = true;
        g_queue_push_tail(&p->fresh, GUINT_TO_POINTER(pfn));
    }
    return p->page[pfn];
}

bool fuzz_pages_next(struct fuzz_pages *p, uint32_t *pfn)
{
    if (g_queue_is_empty(&p->fresh))
        return false;
    *pfn = GPOINTER_TO_UINT(g_queue_pop_head(&p->fresh));
    return true;
}

void fuzz_pages_forget(struct fuzz_pages *p)
{
    memset(p->known, 0, p->w->setup.nr_pages * sizeof p->known[0]);
    g_queue_clear(&p->fresh);
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* Two to the n-th, and a little. */
static bool say_bit(uint64_t value, struct fuzz_said *out)
{
    for (unsigned bit = 48; bit < 64; bit++) {
        int64_t more = (int64_t)(value - (1ull << bit));
        if (more < INT32_MIN || more > INT32_MAX)
            continue;
        *out = (struct fuzz_said){.kind = FUZZ_BIT, .a = (uint16_t)bit, .b = (uint32_t)more};
        return true;
    }
    return false;
}

static bool say_number(uint64_t value, struct fuzz_said *out)
{
    int64_t with_sign = (int64_t)value;
    if (value >> 48 == 0)
        *out = (struct fuzz_said){.kind = FUZZ_NUMBER, .a = (uint16_t)(value >> 32), .b = (uint32_t)value};
    else if (with_sign >= INT32_MIN && with_sign < 0) /* odd number 0 is 0 */
        *out = (struct fuzz_said){.kind = FUZZ_ODD, .b = (uint32_t)value};
    else if (!say_bit(value, out))
        *out = (struct fuzz_said){.kind = FUZZ_HIGH, .a = (uint16_t)value, .b = (uint32_t)(value >> 32)};
    return out->kind != FUZZ_HIGH || (uint32_t)value >> 16 == 0;
}

bool fuzz_say_frame(struct fuzz_pages *p, uint32_t mfn, uint32_t b, struct fuzz_said *out)
{
    gpointer found = g_hash_table_lookup(p->pfn_of, GUINT_TO_POINTER(mfn));
    if (found) {
        uint32_t pfn = GPOINTER_TO_UINT(found) - 1;
        *out = (struct fuzz_said){.kind = FUZZ_PAGE, .a = fuzz_page_of(p, pfn), .b = b};
        return true;
    }
    for (unsigned kind = 0; kind < FUZZ_NR_SPECIAL; kind++)
        for (unsigned n = 0; n < 256; n++) {
            *out = (struct fuzz_said){.kind = FUZZ_SPECIAL, .a = (uint16_t)(kind << 8 | n), .b = b};
            if (fuzz_frame(p->w, out) == mfn)
                return true;
        }
    return false;
}

static bool say_maddr(struct fuzz_pages *p, uint64_t maddr, uint32_t more, struct fuzz_said *out)
{
    uint64_t mfn = (maddr & ~(1ull << 63)) >> RING1_PAGE_SHIFT;
    uint32_t low = (uint32_t)maddr & (RING1_PAGE_SIZE - 1);
    return mfn < UINT32_MAX &&
           fuzz_say_frame(p, (uint32_t)mfn, low | more | (uint32_t)(maddr >> 63) << 31, out);
}

/* Of a page, or of one of those behind memory, where nothing is mapped. */
static bool say_va(struct fuzz_pages *p, uint64_t va, struct fuzz_said *out)
{
    uint64_t page = (va - WORLD_BASE) >> RING1_PAGE_SHIFT;
    uint32_t nr = p->w->setup.nr_pages;
    if (va < WORLD_BASE || va >= p->w->abi->hole || page >= nr + 64u)
        return false;
    *out = (struct fuzz_said){.kind = FUZZ_PAGE,
                              .a = page < nr ? fuzz_page_of(p, (uint32_t)page)
                                             : (uint16_t)(FUZZ_PAGES + page - nr),
                              .b = (uint32_t)va & (RING1_PAGE_SIZE - 1)};
    return true;
}

static bool say_pfn(struct fuzz_pages *p, uint64_t pfn, struct fuzz_said *out)
{
    return pfn < p->w->setup.nr_pages && say_va(p, WORLD_BASE + (pfn << RING1_PAGE_SHIFT), out);
}

/* A number of 64 bits that may be a machine address: it is when the domain has that page. */
static bool say_own_maddr(struct fuzz_pages *p, const struct fuzz_slot *slot, uint64_t value,
                          struct fuzz_said *out)
{
    uint64_t mfn = value >> RING1_PAGE_SHIFT;
    bool own = mfn <= UINT32_MAX && g_hash_table_contains(p->pfn_of, GUINT_TO_POINTER((guint)mfn));
    return slot->size == 8 && own && say_maddr(p, value, 3u << RING1_PAGE_SHIFT, out);
}

/* What only a frame or an address can be. */
static bool say_place(struct fuzz_pages *p, const struct fuzz_slot *slot, uint64_t value,
                      struct fuzz_said *out)
{
    if (slot->role == FUZZ_POINTER)
        return say_va(p, value, out);
    switch (slot->format) {
    case FORMAT_PTE:
    case FORMAT_MMU_VAL:
        return (value & 1u) && say_maddr(p, value, 0, out);
    case FORMAT_MMU_PTR:
    case FORMAT_MADDR:
        return say_maddr(p, value, 0, out);
    case FORMAT_MFN:
        return value <= UINT32_MAX && fuzz_say_frame(p, (uint32_t)value, 0, out);
    case FORMAT_FRAME:
        return say_pfn(p, value, out) || (value <= UINT32_MAX && fuzz_say_frame(p, (uint32_t)value, 1, out));
    case FORMAT_PFN:
        return say_pfn(p, value, out);
    case FORMAT_VA:
        return value <= UINT32_MAX && say_va(p, value, out);
    case FORMAT_HEX:
        return value <= UINT32_MAX ? say_va(p, value, out) || say_own_maddr(p, slot, value, out)
                                   : say_maddr(p, value, 3u << RING1_PAGE_SHIFT, out);
    default:
        return false;
    }
}

bool fuzz_say_value(struct fuzz_pages *p, const struct fuzz_slot *slot, uint64_t value, struct fuzz_said *out)
{
    return say_place(p, slot, value, out) || say_number(value, out);
}
