/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * disk_nbd.c - the module ring1-nbd: see disk_nbd.h.
 */
#include "disk_nbd.h"

#include <errno.h>
#include <libnbd.h>

struct nbd_disk {
    struct disk disk;
    struct nbd_handle *nbd;
    bool can_flush;
};

/* More than any server must take at once: the smallest limit of the protocol. */
#define NBD_MOST (32u << 20)

static struct nbd_disk *nbd_of(struct disk *disk)
{
    return (struct nbd_disk *)disk;
}

static int nbd_errno(void)
{
    int err = nbd_get_errno();
    return err > 0 ? err : EIO;
}

static int nbd_read(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    for (int i = 0; i < nr; offset += iov[i].iov_len, i++)
        if (nbd_pread(nbd_of(disk)->nbd, iov[i].iov_base, iov[i].iov_len, offset, 0))
            return nbd_errno();
    return 0;
}

static int nbd_write(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    for (int i = 0; i < nr; offset += iov[i].iov_len, i++)
        if (nbd_pwrite(nbd_of(disk)->nbd, iov[i].iov_base, iov[i].iov_len, offset, 0))
            return nbd_errno();
    return 0;
}

static int nbd_sync(struct disk *disk)
{
    return !nbd_of(disk)->can_flush || nbd_flush(nbd_of(disk)->nbd, 0) == 0 ? 0 : nbd_errno();
}

static int nbd_discard(struct disk *disk, uint64_t offset, uint64_t len)
{
    while (len > 0) {
        uint64_t n = MIN(len, NBD_MOST);
        if (nbd_trim(nbd_of(disk)->nbd, n, offset, 0))
            return nbd_errno();
        offset += n;
        len -= n;
    }
    return 0;
}

static void nbd_disconnect(struct disk *disk)
{
    nbd_shutdown(nbd_of(disk)->nbd, 0);
    nbd_close(nbd_of(disk)->nbd);
}

static const struct disk_ops nbd_ops = {
    .read = nbd_read,
    .write = nbd_write,
    .flush = nbd_sync,
    .discard = nbd_discard,
    .close = nbd_disconnect,
};

struct disk *ring1_nbd_open(const char *uri, bool readonly, char **why)
{
    struct nbd_handle *nbd = nbd_create();
    int64_t size = -1;
    if (!nbd || nbd_set_uri_allow_local_file(nbd, true) || nbd_connect_uri(nbd, uri) ||
        (size = nbd_get_size(nbd)) < 0) {
        *why = g_strdup(nbd_get_error());
    } else if (size < 512) {
        *why = g_strdup("is shorter than one sector of 512 bytes");
    } else if (!readonly && nbd_is_read_only(nbd) == 1) {
        *why = g_strdup("the server gives it for reading only (,ro)");
    } else {
        struct nbd_disk *n = g_new0(struct nbd_disk, 1);
        n->disk =
            (struct disk){.ops = &nbd_ops, .size = (uint64_t)size & ~UINT64_C(511), .readonly = readonly};
        n->disk.name = g_strdup(uri);
        n->disk.can_discard = !readonly && nbd_can_trim(nbd) == 1;
        n->can_flush = nbd_can_flush(nbd) == 1;
        n->nbd = nbd;
        return &n->disk;
    }
    nbd_close(nbd);
    return NULL;
}
