/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdt.c - see gdt.h. All ABIs have the same six flat segments in the same order;
 * where they start, and where a guest's segments end, is the ABI's.
 */
#include "gdt.h"

#include <stddef.h>

/* A flat 32-bit segment of 4 KiB units: present, not yet accessed. */
#define DESC_BASE_0   0x00C0000000000000ull
#define DESC_CODE     0x00009A0000000000ull /* execute, read */
#define DESC_DATA     0x0000920000000000ull /* read, write */
#define DESC_DPL(n)   ((uint64_t)(n) << 45)
#define DESC_ACCESSED 0x0000010000000000ull

static const struct {
    uint64_t type;
    unsigned dpl;
} SEGMENTS[] = {
    {DESC_CODE, 0}, {DESC_DATA, 0}, /* from entry 1: 0xE008, 0xE010 */
    {DESC_CODE, 1}, {DESC_DATA, 1}, /* 0xE019, 0xE021 */
    {DESC_CODE, 3}, {DESC_DATA, 3}, /* 0xE02B, 0xE033 */
};

uint64_t xen_descriptor(const struct abi *abi, unsigned gdt_entry)
{
    unsigned i = gdt_entry - abi->first_reserved_gdt - 1;
    if (gdt_entry <= abi->first_reserved_gdt || i >= sizeof(SEGMENTS) / sizeof(SEGMENTS[0]))
        return 0;
    /* Old Xens end a guest's segments below themselves; that is all that keeps
     * ring 1 out. Those of 4.17 are whole, and have been accessed already; of the
     * old ones those for data have, as a 2.0 guest sees in its first GDT page. */
    bool whole = abi->segment_top == 0 || SEGMENTS[i].dpl == 0;
    uint64_t limit = whole ? 0xFFFFFu : (abi->segment_top >> RING1_PAGE_SHIFT) - 1;
    uint64_t desc = DESC_BASE_0 | SEGMENTS[i].type | DESC_DPL(SEGMENTS[i].dpl);
    desc |= (limit & 0xFFFFu) | (limit & 0xF0000u) << 32;
    bool accessed = abi->xen >= RING1_XEN_4_17 || SEGMENTS[i].type == DESC_DATA;
    return accessed ? desc | DESC_ACCESSED : desc;
}
