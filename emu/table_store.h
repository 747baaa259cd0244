/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * table_store.h - a kernel's stores to its L1 tables, which are mapped read-only
 * and made good by Xen (docs/xen-abi.md 5.7; dispatch/ptwr.h has the rules).
 *
 * The CPU itself executes the instruction, once, on a copy of the table: so every
 * instruction that stores is served, and none has to be known here. What it left
 * in the copy is then asked of Xen's rules.
 */
#ifndef EMU_TABLE_STORE_H
#define EMU_TABLE_STORE_H

#include "cpu.h"

struct machine;

/* The instruction at EIP was refused a write to `address` by error code 3. True:
 * it is done, or the domain is dead. False: the guest gets its #PF. */
bool table_store(struct machine *m, struct vcpu *v, uint32_t address);

/* While the copy is in force: the page that the CPU must find in its place. */
bool table_store_fill(const struct machine *m, uint32_t va, struct cpu_mapping *out);

#endif
