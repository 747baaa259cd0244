/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * record_disk.c - disks of a machine that is recorded, and of one that is replayed. An
 * answer is its errno (4 bytes), then what was read.
 */
#include "devices/disk.h"
#include "record.h"

#include <errno.h>
#include <string.h>

#define ERRNO_BYTES 4u

/* --- recorded ----------------------------------------------------------------------- */

struct recorded {
    struct disk disk;
    struct disk *below;
    struct recorder *recorder;
    unsigned index;
};

static struct recorded *recorded_of(struct disk *disk)
{
    return (struct recorded *)disk;
}

static int answer(struct recorded *d, int err)
{
    uint8_t bytes[ERRNO_BYTES] = {(uint8_t)err, (uint8_t)(err >> 8), (uint8_t)(err >> 16),
                                  (uint8_t)(err >> 24)};
    recorder_data(d->recorder, d->index, bytes, sizeof bytes);
    return err;
}

static int recorded_read(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    struct recorded *d = recorded_of(disk);
    g_autofree struct iovec *copy = g_memdup2(iov, (size_t)nr * sizeof *iov);
    int err = answer(d, d->below->ops->read(d->below, iov, nr, offset));
    for (int i = 0; err == 0 && i < nr; i++)
        recorder_data(d->recorder, d->index, copy[i].iov_base, copy[i].iov_len);
    return err;
}

static int recorded_write(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    struct recorded *d = recorded_of(disk);
    return answer(d, d->below->ops->write(d->below, iov, nr, offset));
}

static int recorded_flush(struct disk *disk)
{
    struct recorded *d = recorded_of(disk);
    return answer(d, d->below->ops->flush(d->below));
}

static int recorded_discard(struct disk *disk, uint64_t offset, uint64_t len)
{
    struct recorded *d = recorded_of(disk);
    return answer(d, d->below->ops->discard(d->below, offset, len));
}

static void recorded_close(struct disk *disk)
{
    disk_close(recorded_of(disk)->below);
}

static const struct disk_ops recorded_ops = {
    .read = recorded_read,
    .write = recorded_write,
    .flush = recorded_flush,
    .discard = recorded_discard,
    .close = recorded_close,
};

struct disk *record_disk(struct recorder *r, unsigned index, struct disk *below)
{
    struct recorded *d = g_new0(struct recorded, 1);
    d->disk = *below;
    d->disk.ops = &recorded_ops;
    d->disk.name = g_strdup(below->name);
    d->below = below;
    d->recorder = r;
    d->index = index;
    return &d->disk;
}

/* --- replayed ----------------------------------------------------------------------- */

struct replayed {
    struct disk disk;
    unsigned index;
    bool (*data)(void *user, unsigned index, uint8_t *bytes, size_t len);
    void *user;
};

static int recorded_answer(struct disk *disk)
{
    struct replayed *d = (struct replayed *)disk;
    uint8_t b[ERRNO_BYTES];
    if (!d->data(d->user, d->index, b, sizeof b))
        return EIO;
    return (b[0] | b[1] << 8 | b[2] << 16 | (b[3] & 0x7F) << 24);
}

static int replayed_read(struct disk *disk, struct iovec *iov, int nr, G_GNUC_UNUSED uint64_t offset)
{
    struct replayed *d = (struct replayed *)disk;
    int err = recorded_answer(disk);
    for (int i = 0; err == 0 && i < nr; i++)
        if (!d->data(d->user, d->index, iov[i].iov_base, iov[i].iov_len))
            return EIO;
    return err;
}

static int replayed_write(struct disk *disk, G_GNUC_UNUSED struct iovec *iov, G_GNUC_UNUSED int nr,
                          G_GNUC_UNUSED uint64_t offset)
{
    return recorded_answer(disk);
}

static int replayed_discard(struct disk *disk, G_GNUC_UNUSED uint64_t offset, G_GNUC_UNUSED uint64_t len)
{
    return recorded_answer(disk);
}

static void replayed_close(G_GNUC_UNUSED struct disk *disk)
{
}

static const struct disk_ops replayed_ops = {
    .read = replayed_read,
    .write = replayed_write,
    .flush = recorded_answer,
    .discard = replayed_discard,
    .close = replayed_close,
};

struct disk *replay_disk(uint64_t size, bool readonly, bool discard, unsigned index,
                         bool (*data)(void *user, unsigned index, uint8_t *bytes, size_t len), void *user)
{
    struct replayed *d = g_new0(struct replayed, 1);
    d->disk = (struct disk){.ops = &replayed_ops, .size = size, .readonly = readonly, .can_discard = discard};
    d->disk.name = g_strdup("recorded");
    d->index = index;
    d->data = data;
    d->user = user;
    return &d->disk;
}
