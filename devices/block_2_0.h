/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * block_2_0.h - disks for a guest of Xen 2.0 (docs/xen-abi.md 9.1): one interface with
 * one ring for all of them, made by control messages. Requests name machine frames,
 * which have to be the guest's own.
 */
#ifndef DEVICES_BLOCK_2_0_H
#define DEVICES_BLOCK_2_0_H

#include "control.h"
#include "disk.h"

struct block_2_0;

struct block_2_0 *block_2_0_new(struct domain *d);
void block_2_0_free(struct block_2_0 *b);

/* Give the guest a disk of this number (block_device_number). Owns it. Before the
 * guest runs. */
void block_2_0_add(struct block_2_0 *b, struct disk *disk, unsigned number);

/* Block messages of the control interface go to it. */
extern const struct control_client block_2_0_client; /* its pointer is the block_2_0 */

/* The guest kicked a port. False: it is not this one's. */
bool block_2_0_notify(struct block_2_0 *b, uint16_t port);

/* What the front end did wrong, last, or NULL. */
const char *block_2_0_fault(const struct block_2_0 *b);

GBytes *block_2_0_save(const struct block_2_0 *b);
bool block_2_0_restore(struct block_2_0 *b, GBytes *saved, GError **error);

#endif
