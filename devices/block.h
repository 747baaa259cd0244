/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * block.h - a disk for the guest: the back end of Xen's block interface, "vbd"
 * (docs/xen-abi.md 9.4; Xen's io/blkif.h). Requests are done while the guest waits
 * in its event: what it is told is true when it is told.
 */
#ifndef DEVICES_BLOCK_H
#define DEVICES_BLOCK_H

#include "disk.h"
#include "xenstore.h"

struct block;

/* The number by which guests know a device: 51712 for "xvda". Names are xvdX, sdX
 * and hdX, with a partition or without. False: it is none. */
bool block_device_number(const char *name, unsigned *number);

/* A device of the name `dev`, offered to the guest at once. Owns `disk`. */
struct block *block_new(struct xenstore *x, struct domain *d, struct disk *disk, const char *dev,
                        unsigned number);
/* The domain goes too: nothing is said to the guest. */
void block_free(struct block *b);

/* The guest kicked a port. False: it is not this device's. */
bool block_notify(struct block *b, uint16_t port);

/* Around machine_resume: forget what the old life granted, and be offered anew. */
void block_suspend(struct block *b);
void block_resume(struct block *b);

/* What the front end did wrong, last, or NULL. */
const char *block_fault(const struct block *b);

/* Ring, mappings and port; the disk's contents are not part of it. */
GBytes *block_save(const struct block *b);
bool block_restore(struct block *b, GBytes *saved, GError **error);
/* Of a state that was read from a file, when memory is there; and grant_pins of all that is mapped. */
bool block_check(const struct block *b, GError **error);
void block_pins(const struct block *b, uint32_t *pins);

#endif
