/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * disk_overlay.c - a disk over another (`,snapshot`): clusters of 64 KiB are taken
 * from below when they are written first, and live in a nameless temporary file.
 */
#include "disk.h"

#include "dispatch/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <ring1/ring1.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLUSTER DISK_CLUSTER

struct overlay {
    struct disk disk;
    struct disk *below;
    int fd;
    uint8_t *present; /* a bit a cluster: it is in the file */
    bool layer;       /* `below` is what this overlay was before disk_overlay_mark, in the same file */
    uint64_t base;    /* where its bytes begin there */
    bool written;     /* since then, or since it was put back */
    uint8_t bounce[CLUSTER];
};

static size_t present_len(const struct overlay *o)
{
    return (size_t)(o->disk.size / CLUSTER / 8 + 1);
}

static struct overlay *overlay_of(struct disk *disk)
{
    return (struct overlay *)disk;
}

static bool all(ssize_t (*call)(int, void *, size_t, off_t), int fd, void *bytes, size_t len, uint64_t offset)
{
    for (char *at = bytes; len > 0;) {
        ssize_t n = call(fd, at, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

static ssize_t pwrite_any(int fd, void *bytes, size_t len, off_t offset)
{
    return pwrite(fd, bytes, len, offset);
}

/* Have a cluster in the file. */
static int take_up(struct overlay *o, uint64_t cluster)
{
    uint64_t offset = cluster * CLUSTER;
    if (bit_test(o->present, (unsigned)cluster))
        return 0;
    size_t len = (size_t)MIN(CLUSTER, o->disk.size - offset);
    struct iovec iov = {o->bounce, len};
    int err = o->below->ops->read(o->below, &iov, 1, offset);
    if (err)
        return err;
    if (!all(pwrite_any, o->fd, o->bounce, len, o->base + offset))
        return errno ? errno : EIO;
    bit_test_and_set(o->present, (unsigned)cluster);
    o->written = true;
    return 0;
}

/* One piece that lies in one cluster. */
static int piece(struct overlay *o, bool write, void *bytes, size_t len, uint64_t offset)
{
    uint64_t cluster = offset / CLUSTER;
    if (write) {
        int err = take_up(o, cluster);
        if (err)
            return err;
        return all(pwrite_any, o->fd, bytes, len, o->base + offset) ? 0 : EIO;
    }
    if (bit_test(o->present, (unsigned)cluster))
        return all(pread, o->fd, bytes, len, o->base + offset) ? 0 : EIO;
    struct iovec iov = {bytes, len};
    return o->below->ops->read(o->below, &iov, 1, offset);
}

static int pieces(struct overlay *o, bool write, const struct iovec *iov, int nr, uint64_t offset)
{
    for (int i = 0; i < nr; i++) {
        for (size_t done = 0; done < iov[i].iov_len;) {
            size_t n = (size_t)MIN(iov[i].iov_len - done, CLUSTER - offset % CLUSTER);
            int err = piece(o, write, (char *)iov[i].iov_base + done, n, offset);
            if (err)
                return err;
            done += n;
            offset += n;
        }
    }
    return 0;
}

static int overlay_read(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    return pieces(overlay_of(disk), false, iov, nr, offset);
}

static int overlay_write(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    return pieces(overlay_of(disk), true, iov, nr, offset);
}

/* It dies with ring1: there is nothing to keep. */
static int overlay_flush(G_GNUC_UNUSED struct disk *disk)
{
    return 0;
}

static int overlay_discard(struct disk *disk, uint64_t offset, uint64_t len)
{
    static const uint8_t zeroes[CLUSTER];
    struct overlay *o = overlay_of(disk);
    for (uint64_t n; len > 0; offset += n, len -= n) {
        n = MIN(len, CLUSTER - offset % CLUSTER);
        int err = piece(o, true, (void *)zeroes, (size_t)n, offset);
        if (err)
            return err;
    }
    return 0;
}

/* Nothing was written yet. */
static void overlay_renew(struct disk *disk)
{
    struct overlay *o = overlay_of(disk);
    memset(o->present, 0, present_len(o));
    if (o->layer)
        overlay_renew(o->below);
    if (ftruncate(o->fd, 0)) /* only the space is not given back */
        return;
}

static void overlay_close(struct disk *disk)
{
    struct overlay *o = overlay_of(disk);
    if (!o->layer)
        close(o->fd);
    g_free(o->present);
    disk_close(o->below);
}

/* What is below: what was written lives with the overlay. */
static uint64_t overlay_changed(struct disk *disk)
{
    return disk_changed(overlay_of(disk)->below);
}

static const struct disk_ops overlay_ops = {
    .read = overlay_read,
    .write = overlay_write,
    .flush = overlay_flush,
    .discard = overlay_discard,
    .renew = overlay_renew,
    .close = overlay_close,
    .changed = overlay_changed,
};

static int temporary_file(void)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "ring1-overlay.XXXXXX", NULL);
    int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(path);
    return fd;
}

struct disk *disk_overlay(struct disk *below, GError **error)
{
    int fd = temporary_file();
    if (fd < 0) {
        g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "disk %s: no temporary file for its snapshot: %s",
                    below->name, g_strerror(errno));
        return NULL;
    }
    struct overlay *o = g_new0(struct overlay, 1);
    o->disk = (struct disk){.ops = &overlay_ops, .size = below->size, .can_discard = true, .temporary = true};
    o->disk.name = g_strdup(below->name);
    o->below = below;
    o->fd = fd;
    o->present = g_malloc0(present_len(o));
    return &o->disk;
}

/* --- snapshots -------------------------------------------------------------------- */

bool disk_is_overlay(const struct disk *disk)
{
    return disk->ops == &overlay_ops;
}

static uint64_t nr_clusters(const struct overlay *o)
{
    return (o->disk.size + CLUSTER - 1) / CLUSTER;
}

static size_t cluster_size(const struct overlay *o, uint64_t cluster)
{
    return (size_t)MIN(CLUSTER, o->disk.size - cluster * CLUSTER);
}

static bool is_present(const struct overlay *o, uint64_t cluster)
{
    return bit_test(o->present, (unsigned)cluster) ||
           (o->layer && is_present((const struct overlay *)o->below, cluster));
}

int disk_overlay_next(struct disk *disk, uint64_t *cluster, uint8_t *bytes)
{
    struct overlay *o = overlay_of(disk);
    while (*cluster < nr_clusters(o) && !is_present(o, *cluster))
        ++*cluster;
    if (*cluster >= nr_clusters(o))
        return ENOENT;
    memset(bytes, 0, CLUSTER);
    struct iovec iov = {bytes, cluster_size(o, *cluster)};
    return overlay_read(disk, &iov, 1, *cluster * CLUSTER);
}

int disk_overlay_put(struct disk *disk, uint64_t cluster, const uint8_t *bytes)
{
    struct overlay *o = overlay_of(disk);
    if (cluster >= nr_clusters(o))
        return EINVAL;
    errno = 0;
    if (!all(pwrite_any, o->fd, (void *)bytes, cluster_size(o, cluster), o->base + cluster * CLUSTER))
        return errno ? errno : EIO;
    bit_test_and_set(o->present, (unsigned)cluster);
    return 0;
}

/* What it is moves below; writes go behind that, for no file can be opened in the sandbox. */
void disk_overlay_mark(struct disk *disk)
{
    struct overlay *o = overlay_of(disk), *below = g_new(struct overlay, 1);
    *below = *o;
    below->disk.name = g_strdup(o->disk.name);
    below->disk.others = 0;
    o->below = &below->disk;
    o->base += nr_clusters(o) * CLUSTER;
    o->present = g_malloc0(present_len(o));
    o->layer = true;
    o->written = false;
}

void disk_overlay_back(struct disk *disk)
{
    struct overlay *o = overlay_of(disk);
    if (o->layer && o->written)
        memset(o->present, 0, present_len(o));
    o->written = false;
}
