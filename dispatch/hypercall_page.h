/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * hypercall_page.h - the page of code through which newer guests call Xen
 * (docs/xen-abi.md 1.4).
 */
#ifndef DISPATCH_HYPERCALL_PAGE_H
#define DISPATCH_HYPERCALL_PAGE_H

#include "abi.h"

/* A slot of the page, the bytes of its stub, and how many of them end the `int`. */
#define HYPERCALL_STUB_SIZE    32u
#define HYPERCALL_STUB_BYTES   8u
#define HYPERCALL_STUB_INT_END 7u

/* The stub of a number. False: it is iret's, which is jumped to and not called. */
bool hypercall_stub(unsigned nr, uint8_t bytes[HYPERCALL_STUB_BYTES]);

/* Write the page as the ABI's Xen does; `page` has RING1_PAGE_SIZE bytes. What
 * lies between the slots stays as it was before 3.2. */
void hypercall_page_init(const struct abi *abi, uint8_t *page);

#endif
