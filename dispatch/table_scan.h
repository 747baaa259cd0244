/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * table_scan.h - the present entries of a page table, which is mostly empty: many are looked
 * at at once.
 */
#ifndef DISPATCH_TABLE_SCAN_H
#define DISPATCH_TABLE_SCAN_H

#include "access.h"

/* Of `bits`, those that any of the entries in 64 bytes has. */
static inline uint64_t any_of(const uint8_t *entries, uint64_t bits)
{
    uint64_t e[8];
    memcpy(e, entries, sizeof e);
    return (e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]) & bits;
}

/* The first present entry from `i` on, or `end`. */
static inline unsigned next_present(const struct domain *d, mfn_t table, unsigned i, unsigned end)
{
    const uint8_t *page = frame_ptr(d->mem, table);
    const unsigned size = d->abi->pte_size, many = 64 / size;
    const uint64_t present = size == 8 ? PTE_P : PTE_P | (uint64_t)PTE_P << 32;
    while (i < end && !(page[i * size] & PTE_P)) {
        if (i % many == 0 && !any_of(page + i * size, present))
            i += many;
        else
            i++;
    }
    return MIN(i, end);
}

#define FOR_PRESENT(d, table, i, end)                                                                        \
    for (unsigned i = next_present(d, table, 0, end); i < (end); i = next_present(d, table, i + 1, end))

#endif
