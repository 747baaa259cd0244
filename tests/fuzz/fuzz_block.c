/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_block.c - the block back end against any front end. The disk lies in memory
 * between guards; what the guest did not grant for writing has to stay as it is.
 */
#include "device_world.h"
#include "devices/block.h"
#include "devices/block_wire.h"
#include "dispatch/grant.h"
#include "dispatch/shared.h"
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_BYTES 32768u
#define GUARD      512u
#define FRONT      "/local/domain/1/device/vbd/51712"

struct memory_disk {
    struct disk disk;
    uint8_t bytes[DISK_BYTES + 2 * GUARD];
};

static int transfer(struct disk *disk, struct iovec *iov, int nr, uint64_t offset, bool write)
{
    uint8_t *at = ((struct memory_disk *)disk)->bytes + GUARD + offset;
    for (int i = 0; i < nr; at += iov[i].iov_len, i++) {
        if (at + iov[i].iov_len > ((struct memory_disk *)disk)->bytes + GUARD + DISK_BYTES)
            abort();
        memcpy(write ? (void *)at : iov[i].iov_base, write ? iov[i].iov_base : (const void *)at,
               iov[i].iov_len);
    }
    return 0;
}

static int disk_read(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    return transfer(disk, iov, nr, offset, false);
}

static int disk_write(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    return disk->readonly ? (abort(), 0) : transfer(disk, iov, nr, offset, true);
}

static int disk_flush(struct disk *disk)
{
    (void)disk;
    return 0;
}

static int disk_discard(struct disk *disk, uint64_t offset, uint64_t len)
{
    if (offset > DISK_BYTES || len > DISK_BYTES - offset)
        abort();
    memset(((struct memory_disk *)disk)->bytes + GUARD + offset, 0, len);
    return 0;
}

static void no_close(struct disk *disk)
{
    const struct memory_disk *m = (const struct memory_disk *)disk;
    for (unsigned i = 0; i < GUARD; i++)
        if (m->bytes[i] != 0xA5 || m->bytes[GUARD + DISK_BYTES + i] != 0xA5)
            abort();
}

static const struct disk_ops ops = {
    .read = disk_read,
    .write = disk_write,
    .flush = disk_flush,
    .discard = disk_discard,
    .close = no_close,
};

static struct disk *make_disk(bool readonly)
{
    struct memory_disk *m = g_new0(struct memory_disk, 1);
    memset(m->bytes, 0xA5, sizeof m->bytes);
    m->disk = (struct disk){.ops = &ops, .size = DISK_BYTES, .readonly = readonly, .can_discard = true};
    m->disk.name = g_strdup("memory");
    return &m->disk;
}

/* A request at the ring's place `slot`, mostly of the right form. */
static void put_request(struct world *w, struct feed *f, uint32_t slot)
{
    union blk_request r;
    memset(&r, 0, sizeof r);
    r.rw.op = feed_byte(f) % 8;
    r.rw.id = slot;
    r.rw.sector = feed_interesting(f);
    if (r.rw.op == BLK_OP_INDIRECT) {
        r.indirect.indirect_op = feed_byte(f) % 3;
        r.indirect.nr_segments = (uint16_t)feed_interesting(f);
        r.indirect.ref[0] = FRONT_REF + feed_byte(f) % (FRONT_PAGES + 2);
    } else if (r.rw.op == BLK_OP_DISCARD) {
        r.discard.nr_sectors = feed_interesting(f);
        r.discard.flag = feed_byte(f) % 4;
    } else {
        r.rw.nr_segments = feed_byte(f) % 14;
        for (unsigned i = 0; i < MIN(r.rw.nr_segments, BLK_MAX_SEGMENTS); i++) {
            uint8_t bounds = feed_byte(f);
            r.rw.segment[i].ref = FRONT_REF + feed_byte(f) % (FRONT_PAGES + 2);
            r.rw.segment[i].first = bounds & 15;
            r.rw.segment[i].last = bounds >> 4;
        }
    }
    /* In rings of one page; of more, some of it. */
    memcpy(world_page(w, FRONT_PFN) + 64 + slot % 32 * sizeof r, &r, sizeof r);
}

static void connect(struct world *w, struct xenstore *x)
{
    device_world_channel(w, x, FRONT);
    xenstore_write(x, FRONT "/ring-ref", "8");
    xenstore_write(x, FRONT "/state", "3");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const nodes[] = {"state",     "ring-ref",      "ring-ref0",
                                        "ring-ref1", "event-channel", "ring-page-order",
                                        "protocol",  "state",         "feature-persistent"};
    struct feed f = {data, size};
    struct world *w = device_world();
    struct xenstore *x = device_world_xenstore(w);
    uint8_t how = feed_byte(&f);
    struct block *b = block_new(x, w->d, make_disk(how & 1), "xvda", 51712);
    uint32_t prod = 0;
    if (how & 2)
        xenstore_write(x, FRONT "/feature-persistent", "1");
    if (!(how & 4))
        connect(w, x);
    for (unsigned step = 0; f.left > 0 && step < 512; step++) {
        switch (feed_byte(&f) % 4) {
        case 0:
            device_world_step(w, x, &f, FRONT, nodes, G_N_ELEMENTS(nodes));
            break;
        case 1:
        case 2:
            put_request(w, &f, prod++);
            store32(world_page(w, FRONT_PFN), prod);
            break;
        case 3:
            for (uint16_t port = 0; port < 16; port++)
                block_notify(b, port);
            prod = load32(world_page(w, FRONT_PFN));
            break;
        }
    }
    for (uint16_t port = 0; port < 16; port++)
        block_notify(b, port);
    device_world_check(w);
    g_autoptr(GBytes) saved = block_save(b);
    if (!block_restore(b, saved, NULL))
        abort();
    xenstore_write(x, FRONT "/state", "6");
    device_world_check(w);
    for (uint32_t i = 0; i < FRONT_PAGES + 4; i++)
        if (grant_entry(w->d, FRONT_REF + i)->flags & 0x18)
            abort(); /* a mapping was kept */
    block_free(b);
    xenstore_free(x);
    return 0;
}
