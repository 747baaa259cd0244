/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * disk.h - where a block device's bytes are: a raw image or block device of the host,
 * a server of the NBD protocol, or one of these under an overlay that takes all
 * writes. Everything is in bytes; offsets and lengths are multiples of 512 and lie
 * within the disk, the back end sees to it. All calls wait until they are done.
 */
#ifndef DEVICES_DISK_H
#define DEVICES_DISK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct disk;

/* One kind of place. They return 0 or a positive errno of the host; discard may say
 * EOPNOTSUPP. The vectors may be changed. */
struct disk_ops {
    int (*read)(struct disk *disk, struct iovec *iov, int nr, uint64_t offset);
    int (*write)(struct disk *disk, struct iovec *iov, int nr, uint64_t offset);
    int (*flush)(struct disk *disk);
    int (*discard)(struct disk *disk, uint64_t offset, uint64_t len);
    /* Another guest gets it: NULL where that changes nothing. */
    void (*renew)(struct disk *disk);
    void (*close)(struct disk *disk);
    /* When its bytes were changed last, in ns since 1970; 0: that is not known. NULL: likewise. */
    uint64_t (*changed)(struct disk *disk);
};

/* What every kind begins with. */
struct disk {
    const struct disk_ops *ops;
    uint64_t size;
    bool readonly;
    bool can_discard;
    unsigned others; /* who has it beside the one who opened it */
    bool temporary;  /* what is written to it is gone with ring1 */
    char *name;      /* for messages: the path or address */
};

/* An image file or a block device. With `readonly` it is only opened for reading. Two
 * writers of one file are refused by a lock. NULL: RING1_ERROR_HOST names the file. */
struct disk *disk_open_file(const char *path, bool readonly, GError **error);

/* A file, or "nbd+unix:///EXPORT?socket=PATH", "nbd://127.0.0.1:PORT/EXPORT". */
struct disk *disk_open(const char *place, bool readonly, GError **error);

/* `below` is read, never written: what is written goes to a nameless temporary file.
 * Owns `below`. */
struct disk *disk_overlay(struct disk *below, GError **error);

/* Somebody else has it, too: it is closed when each of them has. */
void disk_share(struct disk *disk);
/* --- for snapshots: what was written to an overlay --- */

#define DISK_CLUSTER 65536u
bool disk_is_overlay(const struct disk *disk);
/* The first cluster from *cluster on that was written, to *cluster and `bytes` (DISK_CLUSTER, zeroes behind
 * the disk's end). 0; ENOENT: there is none; or an errno of the host. */
int disk_overlay_next(struct disk *disk, uint64_t *cluster, uint8_t *bytes);
/* 0, or an errno: EINVAL when the disk has no such cluster. */
int disk_overlay_put(struct disk *disk, uint64_t cluster, const uint8_t *bytes);

/* For whoever takes a guest back again and again: an overlay as it stands is kept, and it is that again. */
void disk_overlay_mark(struct disk *disk);
void disk_overlay_back(struct disk *disk);

/* As disk_ops.changed. */
uint64_t disk_changed(struct disk *disk);

void disk_close(struct disk *disk);

#endif
