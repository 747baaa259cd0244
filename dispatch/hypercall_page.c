/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercall_page.c - 128 slots of 32 bytes: mov $nr, %eax; int $0x82; ret.
 */
#include "hypercall_page.h"

#include <string.h>

#define SLOT_SIZE 32u
#define NR_IRET   23u

void hypercall_page_init(const struct abi *abi, uint8_t *page)
{
    if (abi->xen >= RING1_XEN_3_2) /* earlier the gaps keep their bytes (12.2) */
        memset(page, 0xCC, RING1_PAGE_SIZE);
    for (unsigned nr = 0; nr < RING1_PAGE_SIZE / SLOT_SIZE; nr++) {
        const uint8_t call[8] = {0xB8, (uint8_t)nr, 0, 0, 0, 0xCD, 0x82, 0xC3};
        /* iret is jumped to: it pushes EAX, which Xen takes from the frame. */
        const uint8_t iret[8] = {0x50, 0xB8, NR_IRET, 0, 0, 0, 0xCD, 0x82};
        memcpy(page + nr * SLOT_SIZE, nr == NR_IRET ? iret : call, 8);
    }
}
