/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * grant.h - the domain's grant table (docs/xen-abi.md 8.20).
 */
#ifndef DISPATCH_GRANT_H
#define DISPATCH_GRANT_H

#include "domain.h"

/* A frame of Xen's, shared with the domain: its own and writable for good, no
 * part of its p2m, zeroed. Frame 0 when the machine has none to spare. */
mfn_t xen_frame_alloc(struct domain *d);

/* Make the table as it is when the domain starts: the first frames, and from 4.17
 * on the entries for console and xenstore that a toolstack fills. Served lazily
 * by grant_table_op too; a second call does nothing. False: no frames left. */
bool grant_init(struct domain *d);

/* Frames that the table starts with, and may grow to. */
unsigned grant_initial_frames(const struct abi *abi);
unsigned grant_max_frames(const struct abi *abi);
/* Have at least nr_frames; false: no frames left. */
bool grant_grow(struct domain *d, unsigned nr_frames);

/* An entry of the guest's table, version 1. */
struct grant_entry {
    uint16_t flags;
    uint16_t domid;
    uint32_t frame;
};
G_STATIC_ASSERT(sizeof(struct grant_entry) == 8);

/* The guest's entry `ref`, or NULL beyond the table. It is shared memory: copy
 * it once before looking at it. */
struct grant_entry *grant_entry(const struct domain *d, uint32_t ref);

#endif
