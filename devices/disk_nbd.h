/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * disk_nbd.h - disks behind a server of the NBD protocol (libnbd): qemu-nbd serves
 * qcow2 and every other format that QEMU reads. They are the module ring1-nbd, loaded
 * for the first of them: libnbd brings TLS, XML and what these need.
 */
#ifndef DEVICES_DISK_NBD_H
#define DEVICES_DISK_NBD_H

#include "disk.h"

/* See disk_open. */
struct disk *disk_open_nbd(const char *uri, bool readonly, GError **error);

/* What the module has. It calls nothing of ring1. NULL: *why says why not; g_free. */
#define NBD_MODULE "ring1-nbd.so"
#define NBD_SYMBOL "ring1_nbd_open"
struct disk *ring1_nbd_open(const char *uri, bool readonly, char **why);
typedef struct disk *(*nbd_open_fn)(const char *uri, bool readonly, char **why);

#endif
