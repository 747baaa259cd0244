/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * breakpoints.c - see breakpoints.h.
 */
#include "breakpoints.h"

#include <glib.h>
#include <ring1/types.h>

void breakpoints_load_guest(struct breakpoints *b, const uint32_t dr[8])
{
    static const uint8_t KINDS[4] = {BREAK_EXECUTE, BREAK_WRITE, 0, BREAK_ACCESS}; /* 2: a port */
    static const uint8_t SIZES[4] = {1, 2, 8, 4};
    b->nr = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned how = dr[7] >> (16 + i * 4) & 15u;
        bool enabled = dr[7] >> (i * 2) & 3u;
        if (!enabled || KINDS[how & 3] == 0)
            continue;
        uint32_t size = KINDS[how & 3] == BREAK_EXECUTE ? 1 : SIZES[how >> 2];
        b->at[b->nr++] = (struct breakpoint){.address = dr[i] & ~(size - 1), /* it is naturally aligned */
                                             .size = size,
                                             .kind = KINDS[how & 3],
                                             .number = (uint8_t)i};
    }
}

/* Ranges may wrap at 4 GiB, as addresses do. */
static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
    return b - a < a_size || a - b < b_size;
}

unsigned breakpoints_in_page(const struct breakpoints *b, uint32_t address)
{
    uint32_t page = address & ~(RING1_PAGE_SIZE - 1);
    unsigned kinds = 0;
    for (unsigned i = 0; i < b->nr; i++) {
        if (overlap(page, RING1_PAGE_SIZE, b->at[i].address, b->at[i].size))
            kinds |= b->at[i].kind;
    }
    return kinds;
}

uint32_t breakpoints_hit(const struct breakpoints *b, unsigned kinds, uint32_t address, uint32_t size)
{
    uint32_t hits = 0;
    for (unsigned i = 0; i < b->nr; i++) {
        const struct breakpoint *at = &b->at[i];
        if ((at->kind & kinds) && overlap(address, size, at->address, at->size))
            hits |= 1u << at->number;
    }
    return hits;
}
