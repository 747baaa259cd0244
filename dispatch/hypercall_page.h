/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercall_page.h - the page of code through which newer guests call Xen
 * (docs/xen-abi.md 1.4).
 */
#ifndef DISPATCH_HYPERCALL_PAGE_H
#define DISPATCH_HYPERCALL_PAGE_H

#include "abi.h"

/* Write the page as the ABI's Xen does; `page` has RING1_PAGE_SIZE bytes. What
 * lies between the slots stays as it was before 3.2. */
void hypercall_page_init(const struct abi *abi, uint8_t *page);

#endif
