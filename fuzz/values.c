/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * values.c - see values.h.
 */
#include "values.h"

#include "dispatch/run_queue.h"

/* Where something changes: limits of docs/xen-abi.md, powers of two and their
 * neighbours, ends of address spaces. */
const uint32_t fuzz_odd[] = {
    0,          1,          2,          3,          4,          5,          7,          8,
    9,          15,         16,         17,         24,         31,         32,         33,
    63,         64,         127,        128,        129,        255,        256,        295,
    511,        512,        513,        1023,       1024,       1025,       4095,       4096,
    4097,       7168,       7169,       8192,       8193,       0x7FF0,     0x7FF1,     0x7FF2,
    0x7FF4,     0xFFFF,     0x10000,    0x7FFFFF,   0x800000,   0x1000000,  0x10000000, 0x3FFFFFFF,
    0x40000000, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xBFFFFFFF, 0xC0000000, 0xF5800000,
    0xF57FFFFF, 0xF57FF000, 0xFBFFFFFF, 0xFC000000, 0xF6800000, 0xFFFFF000, 0xFFFFFFF0, 0xFFFFFFFC,
    0xFFFFFFFE, 0xFFFFFFFF, 0x01000000, 0x10007FF0, 0x00027FF0, 0x00010003, 0xE019,     0xE021,
};
const unsigned fuzz_nr_odd = G_N_ELEMENTS(fuzz_odd);

static uint32_t special(const struct world *w, unsigned kind, unsigned n)
{
    const struct domain *d = w->d;
    const struct grant_table *gt = &d->s.grant;
    switch (kind % FUZZ_NR_SPECIAL) {
    case FUZZ_SHARED_INFO:
        return d->s.shared_info.mfn;
    case FUZZ_GRANT_FRAME:
        return gt->nr_frames ? gt->frames[n % gt->nr_frames].mfn : 0;
    case FUZZ_M2P_FRAME:
        return w->mem->m2p.mfn + n % w->mem->m2p_frames;
    case FUZZ_GDT_FRAME:
        return d->s.gdt_reserved.mfn;
    case FUZZ_CR3:
        return run_queue_current(w->d)->cr3.mfn;
    case FUZZ_NO_FRAME:
        return w->mem->nr_frames + n;
    case FUZZ_SPARE:
        return (d->s.lowest_free ? d->s.lowest_free : w->mem->nr_frames - 256) + n - 16;
    default:
        return n;
    }
}

uint32_t fuzz_frame(const struct world *w, const struct fuzz_said *said)
{
    if (said->kind == FUZZ_SPECIAL)
        return special(w, said->a >> 8, said->a & 0xFFu);
    return said->a < FUZZ_PAGES ? w->p2m[said->a] : w->mem->nr_frames - 1u - said->a % 16u;
}

/* A frame, or the address of its page, in the form that the place wants. */
static uint64_t shape(const struct world *w, const struct fuzz_slot *slot, const struct fuzz_said *said)
{
    uint64_t frame = fuzz_frame(w, said), maddr = frame << RING1_PAGE_SHIFT;
    uint32_t page = said->kind == FUZZ_PAGE ? said->a : FUZZ_PAGES + (said->a & 0xFFu);
    uint32_t va = WORLD_BASE + (page << RING1_PAGE_SHIFT);
    uint32_t low = said->b & (RING1_PAGE_SIZE - 1);
    if (slot->role == FUZZ_POINTER)
        return va + low;
    switch (slot->format) {
    case FORMAT_PTE:
        return maddr | low | (uint64_t)(said->b >> 31) << 63;
    case FORMAT_MMU_PTR:
    case FORMAT_MMU_VAL:
    case FORMAT_MADDR:
        return maddr | low;
    case FORMAT_MFN:
        return frame;
    case FORMAT_FRAME:
        return said->b & 1 ? frame : page;
    case FORMAT_PFN:
        return page;
    case FORMAT_VA:
        return va + low;
    default:
        switch (said->b >> RING1_PAGE_SHIFT & 3u) {
        case 0:
            return va + low;
        case 1:
            return va >> RING1_PAGE_SHIFT;
        case 2:
            return frame;
        default:
            return maddr | low;
        }
    }
}

static uint64_t name(const struct fuzz_slot *slot, const struct fuzz_said *said)
{
    const struct value_set *set = slot->set;
    if (!set || set->nr == 0)
        return said->a;
    uint64_t value = (uint64_t)set->values[said->a % set->nr].value;
    return set->flags && said->b ? value | (uint64_t)set->values[said->b % set->nr].value : value;
}

uint64_t fuzz_plain(const struct fuzz_slot *slot)
{
    if (slot->role == FUZZ_COUNT || slot->role == FUZZ_COMMAND)
        return slot->plain;
    return slot->format == FORMAT_DOMID ? OWNER_DOMID_SELF : 0;
}

uint64_t fuzz_value(const struct world *w, const struct fuzz_slot *slot, const struct fuzz_said *said,
                    uint64_t plain)
{
    switch (said->kind) {
    case FUZZ_NUMBER:
        return (uint64_t)said->a << 32 | said->b;
    case FUZZ_HIGH:
        return (uint64_t)said->b << 32 | said->a;
    case FUZZ_ODD:
        return (uint64_t)fuzz_odd[said->a % fuzz_nr_odd] + (uint64_t)(int64_t)(int32_t)said->b;
    case FUZZ_PAGE:
    case FUZZ_SPECIAL:
        return shape(w, slot, said);
    case FUZZ_NAME:
        return name(slot, said);
    case FUZZ_BIT:
        return (1ull << (said->a & 63u)) + (uint64_t)(int64_t)(int32_t)said->b;
    default:
        return plain + (uint64_t)(int64_t)(int32_t)said->b;
    }
}
