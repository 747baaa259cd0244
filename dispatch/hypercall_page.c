/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercall_page.c - 128 slots of 32 bytes: mov $nr, %eax; int $0x82; ret.
 */
#include "hypercall_page.h"

#include <string.h>

#define NR_IRET 23u

bool hypercall_stub(unsigned nr, uint8_t bytes[HYPERCALL_STUB_BYTES])
{
    const uint8_t call[HYPERCALL_STUB_BYTES] = {0xB8, (uint8_t)nr, 0, 0, 0, 0xCD, 0x82, 0xC3};
    /* It pushes EAX, which Xen takes from the frame. */
    static const uint8_t iret[HYPERCALL_STUB_BYTES] = {0x50, 0xB8, NR_IRET, 0, 0, 0, 0xCD, 0x82};
    memcpy(bytes, nr == NR_IRET ? iret : call, HYPERCALL_STUB_BYTES);
    return nr != NR_IRET;
}

void hypercall_page_init(const struct abi *abi, uint8_t *page)
{
    if (abi->xen >= RING1_XEN_3_2) /* earlier the gaps keep their bytes (12.2) */
        memset(page, 0xCC, RING1_PAGE_SIZE);
    for (unsigned nr = 0; nr < RING1_PAGE_SIZE / HYPERCALL_STUB_SIZE; nr++)
        (void)hypercall_stub(nr, page + nr * HYPERCALL_STUB_SIZE);
}
