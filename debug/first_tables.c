/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * first_tables.c - see first_tables.h; the flags are those of a builder
 * (docs/xen-abi.md 4.2).
 */
#include "first_tables.h"

#define L1_FLAGS (PTE_P | PTE_A)
#define L2_FLAGS 0x67u /* P, RW, US, A, D */

static uint32_t first_l1(const struct abi *abi, uint32_t nr_pages)
{
    return nr_pages - (nr_pages + abi->ptes_per_page - 1) / abi->ptes_per_page;
}

uint32_t first_tables_pfn(const struct abi *abi, uint32_t nr_pages)
{
    return first_l1(abi, nr_pages) - (abi->levels - 1);
}

static uint64_t entry(uint32_t mfn, uint64_t flags)
{
    return (uint64_t)mfn << RING1_PAGE_SHIFT | flags;
}

mfn_t first_tables(struct domain *d, uint32_t base, const uint32_t *p2m, const uint8_t *read_only,
                   uint32_t nr_pages)
{
    const struct abi *abi = d->abi;
    uint32_t l1 = first_l1(abi, nr_pages), l2 = l1 - 1, root = first_tables_pfn(abi, nr_pages);
    for (uint32_t pfn = 0; pfn < nr_pages; pfn++) {
        gva_t va = GVA(base + pfn * RING1_PAGE_SIZE);
        bool rw = pfn < root && !(read_only && read_only[pfn]);
        pte_write(d, MFN(p2m[l1 + pfn / abi->ptes_per_page]), pt_index(abi, va, 1),
                  entry(p2m[pfn], rw ? L1_FLAGS | PTE_RW : L1_FLAGS));
    }
    for (uint32_t i = 0; i < nr_pages - l1; i++) {
        gva_t va = GVA(base + i * abi->ptes_per_page * RING1_PAGE_SIZE);
        pte_write(d, MFN(p2m[l2]), pt_index(abi, va, 2), entry(p2m[l1 + i], L2_FLAGS));
    }
    if (abi->levels == 3)
        pte_write(d, MFN(p2m[root]), pt_index(abi, GVA(base), 3),
                  entry(p2m[l2], abi->xen >= RING1_XEN_4_17 ? L2_FLAGS : PTE_P));
    return MFN(p2m[root]);
}
