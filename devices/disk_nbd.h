/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * disk_nbd.h - disks behind a server of the NBD protocol (libnbd): qemu-nbd serves
 * qcow2 and every other format that QEMU reads.
 */
#ifndef DEVICES_DISK_NBD_H
#define DEVICES_DISK_NBD_H

#include "disk.h"

/* See disk_open. RING1_ERROR_OPTION when ring1 was built without libnbd. */
struct disk *disk_open_nbd(const char *uri, bool readonly, GError **error);

#endif
