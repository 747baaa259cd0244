/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * frames.c - see frames.h.
 */
#include "frames.h"

#include <dispatch/grant.h>
#include <dispatch/page_type.h>
#include <ring1/ring1.h>
#include <string.h>

/* --- a generator of its own, so that a seed means the same everywhere ------------ */

struct random {
    uint64_t s[4];
};

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

/* xoshiro256**, filled by splitmix64. */
static void random_seed(struct random *r, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9E3779B97F4A7C15ull;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ z >> 27) * 0x94D049BB133111EBull;
        r->s[i] = z ^ z >> 31;
    }
}

static uint64_t random_next(struct random *r)
{
    uint64_t result = rotate(r->s[1] * 5, 7) * 9, t = r->s[1] << 17;
    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotate(r->s[3], 45);
    return result;
}

static uint32_t random_below(struct random *r, uint32_t bound)
{
    return (uint32_t)(((random_next(r) >> 32) * bound) >> 32);
}

/* Frames in a row where Xen gives out extents: enough for the largest, aligned. */
#define ROW_FRAMES 1024u

/* The GDT page, shared_info, and another frame for it after a resume. */
#define NR_NAMED 3u

/* --- the plan ---------------------------------------------------------------------- */

static uint32_t m2p_frames_for(uint64_t nr_frames)
{
    return (uint32_t)((nr_frames * 4 + RING1_PAGE_SIZE - 1) >> RING1_PAGE_SHIFT);
}

/* The m2p has an entry for its own frames too. */
static void plan_sizes(struct frame_plan *p)
{
    uint32_t others = p->io + p->nr_pages + p->nr_spare + NR_NAMED;
    p->m2p_frames = m2p_frames_for(others);
    while (m2p_frames_for((uint64_t)others + p->m2p_frames) > p->m2p_frames)
        p->m2p_frames++;
    p->nr_hidden = NR_NAMED + p->m2p_frames;
    p->nr_frames = others + p->m2p_frames;
}

bool frames_are_drawn(enum ring1_mfn_mode mode)
{
    return mode == RING1_MFN_SHUFFLE || mode == RING1_MFN_SPARSE;
}

bool frames_plan(const struct abi *abi, uint32_t nr_pages, uint32_t max_pages, enum ring1_mfn_mode mode,
                 struct frame_plan *out, GError **error)
{
    bool identity = mode == RING1_MFN_IDENTITY, pae = abi->levels == 3;
    struct frame_plan *p = out;
    *p = (struct frame_plan){.mode = mode, .nr_pages = nr_pages, .io = identity ? 0 : FRAMES_IO};
    uint32_t growth = max_pages > nr_pages ? max_pages - nr_pages : 0;
    if (nr_pages == 0 || nr_pages > 1u << 20 || max_pages > 1u << 20) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION, "memory: %u pages; 1 to 1048576 are possible",
                    MAX(nr_pages, max_pages));
        return false;
    }
    /* The balloon's frames give way first. */
    uint32_t balloon = MAX(nr_pages / 64, 64) + (mode == RING1_MFN_SPARSE ? FRAMES_SPARSE : 0);
    if (abi->xen >= RING1_XEN_4_17)
        p->nr_row = grant_frames_needed(abi) + ROW_FRAMES;
    do {
        p->nr_spare = MAX(grant_frames_needed(abi), p->nr_row) + growth + balloon;
        plan_sizes(p);
        balloon /= 2;
    } while (!pae && p->nr_frames > FRAMES_BELOW_4G && balloon > 0);
    /* By the identity Xen's frames come after the domain's. */
    bool too_many =
        pae ? identity && nr_pages + p->nr_hidden > FRAMES_BELOW_4G : p->nr_frames > FRAMES_BELOW_4G;
    if (too_many) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_OPTION,
                    "memory: %u MiB%s leave no frame numbers below 4 GiB for the hypervisor; at most %u MiB",
                    (nr_pages + growth) >> 8, pae ? " with --mfn identity" : " without PAE",
                    (FRAMES_BELOW_4G - FRAMES_IO - p->nr_hidden - (pae ? 0 : grant_frames_needed(abi))) >> 8);
        return false;
    }
    p->ram = identity ? 0 : p->io + p->nr_hidden;
    p->hidden = identity ? nr_pages : p->io;
    p->m2p = p->hidden + NR_NAMED;
    p->spare = identity ? p->hidden + p->nr_hidden : p->ram + nr_pages;
    return true;
}

/* --- numbering ---------------------------------------------------------------------- */

/* A page that needs a frame below 4 GiB changes places with the last one that has
 * such a frame and does not need it. */
static void pull_below_4g(uint32_t *ram, uint32_t low, uint32_t total)
{
    uint32_t donor = total;
    for (uint32_t pfn = 0; pfn < low; pfn++) {
        if (ram[pfn] < FRAMES_BELOW_4G)
            continue;
        do
            donor--;
        while (donor >= low && ram[donor] >= FRAMES_BELOW_4G);
        if (donor < low)
            return;
        uint32_t mfn = ram[donor];
        ram[donor] = ram[pfn];
        ram[pfn] = mfn;
    }
}

/* All frames of memory, the spare ones last. */
static uint32_t *number_frames(const struct frame_plan *p, uint64_t seed, uint32_t low)
{
    uint32_t total = p->nr_pages + p->nr_spare;
    uint32_t *ram = g_new(uint32_t, total);
    for (uint32_t i = 0; i < total; i++)
        ram[i] = i < p->nr_pages ? p->ram + i : p->spare + (i - p->nr_pages);
    if (!frames_are_drawn(p->mode))
        return ram;
    struct random r;
    random_seed(&r, seed);
    total -= p->nr_row;
    for (uint32_t i = total; i > 1; i--) {
        uint32_t j = random_below(&r, i), mfn = ram[j];
        ram[j] = ram[i - 1];
        ram[i - 1] = mfn;
    }
    pull_below_4g(ram, MIN(low, p->nr_pages), total);
    return ram;
}

static void name_hidden(struct domain *d, const struct frame_plan *p)
{
    for (uint32_t i = 0; i < p->nr_hidden; i++)
        *frame_edit(d->mem, MFN(p->hidden + i)) = (struct frame){.count = 1, .owner = OWNER_DOMID_XEN};
    /* The first frame is one that the domain has no right to, as the first of real
     * Xen's memory is. */
    d->s.gdt_reserved = MFN(p->hidden);
    d->s.shared_info = MFN(p->hidden + (d->s.shared_info.mfn == p->hidden + 1 ? 2 : 1));
    d->mem->m2p = MFN(p->m2p);
    d->mem->m2p_frames = p->m2p_frames;
    page_share(d, d->s.shared_info);
}

/* What frames without a page of the domain have in the m2p: docs/xen-abi.md 5.2, and
 * 12.2 for 3.0.0's shared_info. */
static void fill_m2p(struct domain *d, const struct frame_plan *p, const uint32_t *frame, const uint32_t *pfn,
                     uint32_t nr)
{
    uint32_t *m2p = frame_ptr(d->mem, d->mem->m2p);
    memset(m2p, m2p_unused(d->abi) & 0xFF, (size_t)p->m2p_frames << RING1_PAGE_SHIFT);
    for (uint32_t i = 0; i < p->nr_hidden; i++)
        m2p[p->hidden + i] = M2P_INVALID;
    if (d->abi->xen == RING1_XEN_3_0_0)
        m2p[d->s.shared_info.mfn] = M2P_FILLER;
    for (uint32_t i = 0; i < nr; i++)
        m2p[frame[i]] = pfn ? pfn[i] : i;
    for (uint32_t i = 0; i < p->m2p_frames; i++)
        frame_dirty(d->mem, MFN(p->m2p + i));
}

uint32_t *frames_deal(struct domain *d, const struct frame_plan *plan, uint64_t seed, uint32_t low,
                      const uint32_t *pfn, uint32_t nr)
{
    uint32_t *ram = number_frames(plan, seed, low), total = plan->nr_pages + plan->nr_spare;
    for (uint32_t i = 0; i < plan->io; i++)
        *frame_edit(d->mem, MFN(i)) = (struct frame){.count = 1, .owner = OWNER_DOMID_IO};
    name_hidden(d, plan);
    for (uint32_t i = 0; i < nr; i++)
        *frame_edit(d->mem, MFN(ram[i])) =
            (struct frame){.count = 1, .owner = d->s.domid, .flags = PGF_ALLOCATED};
    for (uint32_t i = nr; i < total; i++)
        *frame_edit(d->mem, MFN(ram[i])) = (struct frame){.owner = OWNER_NOBODY};
    fill_m2p(d, plan, ram, pfn, nr);
    return ram;
}

uint32_t *frames_hand_out(struct domain *d, const struct frame_plan *plan, uint64_t seed, uint32_t low)
{
    return frames_deal(d, plan, seed, low, NULL, plan->nr_pages);
}
