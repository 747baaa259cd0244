/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * table_scan.h - the present entries of a page table, and of a table of descriptors: they are mostly
 * empty, and many are looked at at once.
 */
#ifndef DISPATCH_TABLE_SCAN_H
#define DISPATCH_TABLE_SCAN_H

#include "access.h"

/* Of `bits`, those that any of the entries in 64 bytes has. */
static inline uint64_t any_of(const uint8_t *entries, uint64_t bits)
{
    uint64_t all = 0, e;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 64; i += sizeof e) {
        memcpy(&e, entries + i, sizeof e);
        all |= e;
    }
    return all & bits;
}

/* The first entry of `size` bytes from `i` on that has the bit, or `end`. */
static inline unsigned next_with(const uint8_t *page, unsigned size, unsigned bit, unsigned i, unsigned end)
{
    const unsigned many = 64 / size;
    const uint64_t bits = size == 8 ? 1ull << bit : 0x100000001ull << bit;
    while (i < end && !(page[i * size + bit / 8] >> bit % 8 & 1)) {
        if (i % many == 0 && !any_of(page + i * size, bits))
            i += many;
        else
            i++;
    }
    return MIN(i, end);
}

static inline unsigned next_present(const struct domain *d, mfn_t table, unsigned i, unsigned end)
{
    return next_with(frame_ptr(d->mem, table), d->abi->pte_size, 0, i, end);
}

#define FOR_PRESENT(d, table, i, end)                                                                        \
    for (unsigned i = next_present(d, table, 0, end); i < (end); i = next_present(d, table, i + 1, end))

#define DESCRIPTOR_P 47u /* the bit "present" of a descriptor */
#define FOR_PRESENT_DESCRIPTOR(page, i, end)                                                                 \
    for (unsigned i = next_with(page, 8, DESCRIPTOR_P, 0, end); i < (end);                                   \
         i = next_with(page, 8, DESCRIPTOR_P, i + 1, end))

#endif
