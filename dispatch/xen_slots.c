/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xen_slots.c - Xen's own slots of an L2.
 */
#include "xen_slots.h"

#include "access.h"

#include <string.h>

/* What a guest finds there (docs/xen-abi.md 5.2, 12.2; old-Xen answers "boot top
 * table"). Only the m2p's entries name a frame: addresses in the hole never reach
 * the guest's tables, and nothing else of Xen has a frame here. */
struct xen_slot {
    uint16_t slot, flags;
    enum { SLOT_BARE, SLOT_M2P, SLOT_SELF } frame;
};

static const struct xen_slot slots_2_0[] = {
    {1008, 0x1E1, SLOT_M2P},  {1009, 0x1E3, SLOT_M2P},  {1010, 0x1E3, SLOT_BARE}, {1016, 0x1E3, SLOT_BARE},
    {1017, 0x1E3, SLOT_BARE}, {1018, 0x1E3, SLOT_BARE}, {1019, 0x063, SLOT_SELF}, {1021, 0x063, SLOT_BARE},
    {1022, 0x063, SLOT_BARE}, {1023, 0x063, SLOT_BARE},
};
static const struct xen_slot slots_3_0[] = {
    {1008, 0x0E1, SLOT_M2P},  {1009, 0x1E3, SLOT_M2P},  {1010, 0x1E3, SLOT_BARE}, {1017, 0x063, SLOT_SELF},
    {1018, 0x063, SLOT_BARE}, {1019, 0x063, SLOT_BARE}, {1020, 0x1E3, SLOT_BARE}, {1021, 0x1E3, SLOT_BARE},
    {1022, 0x1E3, SLOT_BARE}, {1023, 0x063, SLOT_BARE},
};

void xen_slots_make(const struct domain *d, mfn_t table, uint64_t entry[1024])
{
    const struct abi *abi = d->abi;
    const struct memory *mem = d->mem;
    uint64_t m2p = (uint64_t)mem->m2p.mfn << RING1_PAGE_SHIFT;
    memset(entry, 0, 1024 * sizeof entry[0]);

    if (abi->levels == 2) {
        bool old = abi->xen == RING1_XEN_2_0;
        const struct xen_slot *s = old ? slots_2_0 : slots_3_0;
        size_t n = old ? G_N_ELEMENTS(slots_2_0) : G_N_ELEMENTS(slots_3_0);
        for (size_t i = 0; i < n; i++)
            entry[s[i].slot] =
                s[i].flags | (s[i].frame == SLOT_M2P    ? m2p
                              : s[i].frame == SLOT_SELF ? (uint64_t)table.mfn << RING1_PAGE_SHIFT
                                                        : 0);
    } else {
        unsigned first = pt_index(abi, GVA(abi->hole), 2), n = (mem->m2p_frames + 511) / 512;
        for (unsigned i = 0; i < n && first + i < abi->ptes_per_page; i++)
            entry[first + i] = (m2p + ((uint64_t)i << 21)) | (abi->xen >= RING1_XEN_4_17 ? 0x81 : 0xE1);
    }
}

void xen_slots_fill(struct domain *d, mfn_t table, unsigned first)
{
    uint64_t entry[1024];
    xen_slots_make(d, table, entry);
    for (unsigned i = first; i < d->abi->ptes_per_page; i++)
        pte_write(d, table, i, entry[i]);
}
