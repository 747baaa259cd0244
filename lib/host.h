/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * host.h - a ring1_host: what machines took from the host, kept for those that follow,
 * which then open nothing. All functions take NULL for none.
 */
#ifndef LIB_HOST_H
#define LIB_HOST_H

#include "devices/disk.h"
#include "devices/net_user.h"

#include <ring1/ring1.h>

/* A file's bytes, read once; g_bytes_unref. It may be no regular file, and empty, with
 * `any`. NULL: GLib's error; without `any` RING1_ERROR_IMAGE, as image_read_file says it. */
GBytes *host_file(ring1_host *h, const char *path, bool any, GError **error);

/* The disk of this name, if it was kept, as the next machine is to find it; and keep one
 * that was opened. Who had it has to close it all the same. */
struct disk *host_disk(ring1_host *h, const char *name);
void host_keep_disk(ring1_host *h, const char *name, struct disk *disk);

/* The same for what is behind a card, the index'th. */
struct net_user *host_net(ring1_host *h, unsigned index);
void host_keep_net(ring1_host *h, unsigned index, struct net_user *net);

#endif
