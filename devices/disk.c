/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * disk.c - disks that are files, and the choice by name. See disk.h.
 */
#define _GNU_SOURCE /* fallocate */
#include "disk.h"

#include "disk_nbd.h"
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <ring1/ring1.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_disk {
    struct disk disk;
    int fd;
    bool is_device;
};

static struct file_disk *file_of(struct disk *disk)
{
    return (struct file_disk *)disk;
}

/* Step over n bytes at the front of the vectors. */
static void advance(struct iovec **iov, int *nr, size_t n)
{
    while (*nr > 0 && n >= (*iov)->iov_len) {
        n -= (*iov)->iov_len;
        (*iov)++;
        (*nr)--;
    }
    if (*nr > 0) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + n;
        (*iov)->iov_len -= n;
    }
}

static int transfer(ssize_t (*call)(int, const struct iovec *, int, off_t), int fd, struct iovec *iov, int nr,
                    uint64_t offset)
{
    while (nr > 0) {
        ssize_t n = call(fd, iov, nr, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* 0: the file was made shorter */
            return n < 0 ? errno : EIO;
        offset += (uint64_t)n;
        advance(&iov, &nr, (size_t)n);
    }
    return 0;
}

static int file_read(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    return transfer(preadv, file_of(disk)->fd, iov, nr, offset);
}

static int file_write(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    return transfer(pwritev, file_of(disk)->fd, iov, nr, offset);
}

static int file_flush(struct disk *disk)
{
    return fdatasync(file_of(disk)->fd) == 0 ? 0 : errno;
}

static int file_discard(struct disk *disk, uint64_t offset, uint64_t len)
{
    const struct file_disk *f = file_of(disk);
    uint64_t range[2] = {offset, len};
    int err = f->is_device
                  ? ioctl(f->fd, BLKDISCARD, range)
                  : fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)len);
    return err == 0 ? 0 : errno;
}

static void file_close(struct disk *disk)
{
    close(file_of(disk)->fd);
}

static uint64_t file_changed(struct disk *disk)
{
    struct stat st;
    if (fstat(file_of(disk)->fd, &st) || S_ISBLK(st.st_mode))
        return 0;
    return (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
}

static const struct disk_ops file_ops = {
    .read = file_read,
    .write = file_write,
    .flush = file_flush,
    .discard = file_discard,
    .close = file_close,
    .changed = file_changed,
};

static void *no_disk(GError **error, const char *name, const char *why)
{
    g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "disk %s: %s", name, why);
    return NULL;
}

static bool file_size(int fd, const struct stat *st, uint64_t *size)
{
    if (S_ISBLK(st->st_mode))
        return ioctl(fd, BLKGETSIZE64, size) == 0;
    *size = (uint64_t)st->st_size;
    return true;
}

struct disk *disk_open_file(const char *path, bool readonly, GError **error)
{
    struct stat st;
    uint64_t size;
    int fd = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return no_disk(error, path, g_strerror(errno));
    const char *why = NULL;
    if (fstat(fd, &st) || !file_size(fd, &st, &size))
        why = g_strerror(errno);
    else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        why = "is neither a file nor a block device";
    else if (size < 512)
        why = "is shorter than one sector of 512 bytes";
    else if (flock(fd, (readonly ? LOCK_SH : LOCK_EX) | LOCK_NB))
        why = errno == EWOULDBLOCK ? "is in use by another ring1" : g_strerror(errno);
    if (why) {
        close(fd);
        return no_disk(error, path, why);
    }
    struct file_disk *f = g_new0(struct file_disk, 1);
    f->disk = (struct disk){.ops = &file_ops, .size = size & ~UINT64_C(511), .readonly = readonly};
    f->disk.name = g_strdup(path);
    f->disk.can_discard = !readonly;
    f->fd = fd;
    f->is_device = S_ISBLK(st.st_mode);
    return &f->disk;
}

struct disk *disk_open_nbd(const char *uri, bool readonly, GError **error)
{
    g_autofree char *why = NULL;
    nbd_open_fn open_nbd = NULL;
    *(void **)&open_nbd = module_function(NBD_MODULE, NBD_SYMBOL, &why);
    struct disk *disk = open_nbd ? open_nbd(uri, readonly, &why) : NULL;
    return disk ? disk : no_disk(error, uri, why);
}

struct disk *disk_open(const char *place, bool readonly, GError **error)
{
    if (g_str_has_prefix(place, "nbd:") || g_str_has_prefix(place, "nbd+"))
        return disk_open_nbd(place, readonly, error);
    return disk_open_file(place, readonly, error);
}

void disk_share(struct disk *disk)
{
    disk->others++;
}

uint64_t disk_changed(struct disk *disk)
{
    return disk->ops->changed ? disk->ops->changed(disk) : 0;
}

void disk_close(struct disk *disk)
{
    if (!disk)
        return;
    if (disk->others > 0) {
        disk->others--;
        return;
    }
    disk->ops->close(disk);
    g_free(disk->name);
    g_free(disk);
}
