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
/* What was there before the guest wrote is kept, so much of it at most. */
#define UNDO_MAX (UINT64_C(256) << 20)

/* --- recorded ----------------------------------------------------------------------- */

struct recorded {
    struct disk disk;
    struct disk *below;
    struct recorder *recorder;
    unsigned index;
    bool keeps;  /* for record_disk_undo */
    GQueue undo; /* struct undo, the last one first */
    uint64_t undo_bytes;
    bool written, forgotten; /* at all; and that it was kept */
    struct record_place last_write, last_forgotten;
};

/* What a write replaced; `place` in the record is behind it. */
struct undo {
    struct record_place place;
    uint64_t offset;
    GBytes *old;
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

static void undo_free(void *undo)
{
    struct undo *u = undo;
    g_bytes_unref(u->old);
    g_free(u);
}

/* Before `len` bytes are written. */
static struct undo *keep_old(struct recorded *d, uint64_t offset, uint64_t len)
{
    if (!d->keeps || !d->below->temporary || len == 0 || len > UNDO_MAX)
        return NULL;
    struct undo *u = g_new0(struct undo, 1);
    struct iovec iov = {g_malloc(len), (size_t)len};
    void *old = iov.iov_base;
    u->offset = offset;
    u->old = g_bytes_new_take(old, (gsize)len);
    if (d->below->ops->read(d->below, &iov, 1, offset) == 0)
        return u;
    undo_free(u);
    return NULL;
}

/* After it. */
static void wrote(struct recorded *d, struct undo *u)
{
    d->written = true;
    d->last_write = recorder_here(d->recorder);
    if (!u) {
        d->forgotten = true;
        d->last_forgotten = d->last_write;
        return;
    }
    u->place = d->last_write;
    g_queue_push_head(&d->undo, u);
    d->undo_bytes += g_bytes_get_size(u->old);
    while (d->undo_bytes > UNDO_MAX) {
        struct undo *first = g_queue_pop_tail(&d->undo);
        d->forgotten = true;
        d->last_forgotten = first->place;
        d->undo_bytes -= g_bytes_get_size(first->old);
        undo_free(first);
    }
}

static uint64_t length(const struct iovec *iov, int nr)
{
    uint64_t len = 0;
    for (int i = 0; i < nr; i++)
        len += iov[i].iov_len;
    return len;
}

static int recorded_write(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    struct recorded *d = recorded_of(disk);
    struct undo *u = keep_old(d, offset, length(iov, nr));
    int err = answer(d, d->below->ops->write(d->below, iov, nr, offset));
    wrote(d, u);
    return err;
}

static int recorded_flush(struct disk *disk)
{
    struct recorded *d = recorded_of(disk);
    return answer(d, d->below->ops->flush(d->below));
}

static int recorded_discard(struct disk *disk, uint64_t offset, uint64_t len)
{
    struct recorded *d = recorded_of(disk);
    struct undo *u = keep_old(d, offset, len);
    int err = answer(d, d->below->ops->discard(d->below, offset, len));
    wrote(d, u);
    return err;
}

static void recorded_close(struct disk *disk)
{
    struct recorded *d = recorded_of(disk);
    g_queue_clear_full(&d->undo, undo_free);
    disk_close(d->below);
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
    d->disk.others = 0; /* those share what is below */
    d->disk.name = g_strdup(below->name);
    d->below = below;
    d->recorder = r;
    d->index = index;
    return &d->disk;
}

/* --- undone ------------------------------------------------------------------------- */

static bool is_behind(const struct record_place *a, const struct record_place *b)
{
    return a->index > b->index || (a->index == b->index && a->at > b->at);
}

void record_disk_keep_writes(struct disk *disk)
{
    recorded_of(disk)->keeps = true;
}

bool record_disk_can_undo(const struct disk *disk, const struct record_place *place, GError **error)
{
    const struct recorded *d = (const struct recorded *)disk;
    if (!d->written || !is_behind(&d->last_write, place) ||
        (d->below->temporary && (!d->forgotten || !is_behind(&d->last_forgotten, place))))
        return true;
    g_set_error(error, RING1_ERROR, RING1_ERROR_STATE,
                d->below->temporary ? "the guest has written too much to disk %s since to take it back"
                                    : "the guest has written to disk %s since, which is no snapshot",
                disk->name);
    return false;
}

bool record_disk_undo(struct disk *disk, const struct record_place *place, GError **error)
{
    struct recorded *d = recorded_of(disk);
    for (struct undo *u; (u = g_queue_peek_head(&d->undo)) && is_behind(&u->place, place);) {
        gsize len;
        const void *old = g_bytes_get_data(u->old, &len);
        struct iovec iov = {(void *)old, len};
        int err = d->below->ops->write(d->below, &iov, 1, u->offset);
        if (err) {
            g_set_error(error, RING1_ERROR, RING1_ERROR_HOST, "disk %s: %s", disk->name, g_strerror(err));
            return false;
        }
        d->undo_bytes -= len;
        undo_free(g_queue_pop_head(&d->undo));
    }
    return true;
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
