/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_console.c - the console's ring, and 2.0's control interface with the disks behind
 * it, against any guest: indices, messages and requests of all kinds.
 */
#include "device_world.h"
#include "devices/block_2_0.h"
#include "devices/console.h"
#include "dispatch/evtchn.h"
#include "dispatch/page_type.h"
#include "dispatch/shared.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define DISK_BYTES 32768u

static void on_write(void *user, const char *bytes, size_t len)
{
    size_t *sum = user;
    for (size_t i = 0; i < len; i++)
        *sum += (uint8_t)bytes[i];
}

static int touch(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    for (int i = 0; i < nr; offset += iov[i].iov_len, i++)
        memset(iov[i].iov_base, 0x5A, iov[i].iov_len);
    return offset <= disk->size ? 0 : (abort(), 0);
}

static int look(struct disk *disk, struct iovec *iov, int nr, uint64_t offset)
{
    volatile uint8_t sum = 0;
    for (int i = 0; i < nr; offset += iov[i].iov_len, i++)
        for (size_t at = 0; at < iov[i].iov_len; at += 64)
            sum = (uint8_t)(sum + ((uint8_t *)iov[i].iov_base)[at]);
    return offset <= disk->size ? 0 : (abort(), 0);
}

static void no_close(struct disk *disk)
{
    (void)disk;
}

static const struct disk_ops ops = {.read = touch, .write = look, .close = no_close};

static struct disk *make_disk(void)
{
    struct disk *disk = g_new0(struct disk, 1);
    *disk = (struct disk){.ops = &ops, .size = DISK_BYTES, .name = g_strdup("fuzz")};
    return disk;
}

/* --- the ring ------------------------------------------------------------------------- */

static void play_ring(struct feed *f)
{
    struct world *w = device_world();
    uint8_t *ring = world_page(w, FRONT_PFN);
    size_t sum = 0;
    w->d->s.console_mfn = MFN(w->p2m[FRONT_PFN]);
    w->d->s.console_port = (uint16_t)evtchn_backend_alloc(w->d, BACKEND_CONSOLE);
    struct console *c = console_new(w->d, on_write, &sum);
    for (unsigned step = 0; f->left > 0 && step < 256; step++) {
        uint32_t place = 3072 + feed_byte(f) % 4 * 4;
        switch (feed_byte(f) % 4) {
        case 0:
            store32(ring + place, feed_interesting(f));
            break;
        case 1:
            store32(ring + place, load32(ring + place) + feed_byte(f));
            break;
        case 2: {
            uint8_t len = feed_byte(f);
            console_input(c, (const char *)f->at, MIN(f->left, len));
            break;
        }
        case 3:
            console_poll(c);
            break;
        }
    }
    console_poll(c);
    g_autoptr(GBytes) saved = console_save(c);
    console_restore(c, saved);
    console_free(c);
    device_world_check(w);
}

/* --- 2.0 ------------------------------------------------------------------------------ */

static struct world *world_2_0(void)
{
    static struct world *w; /* a fuzz target is a process */
    const struct world_setup setup = {.abi = abi_find(RING1_ABI_XEN_2_0, RING1_XEN_2_0), .nr_pages = 256};
    if (w)
        world_reset(w);
    else if (!(w = world_new(&setup, NULL)) || !world_start(w, NULL))
        abort();
    return w;
}

static uint32_t a_frame(struct world *w, struct feed *f)
{
    uint8_t which = feed_byte(f);
    return which < 200 ? w->p2m[FRONT_PFN + which % FRONT_PAGES] : feed_interesting(f) & 0xFFFFF;
}

static void put_message(struct world *w, uint8_t *cif, struct feed *f)
{
    static const uint8_t subtypes[] = {32, 33, 34, 35, 0, 255};
    uint32_t prod = load32(cif + 1024);
    uint8_t *msg = cif + prod % 8 * 64;
    msg[0] = feed_byte(f) % 8;
    msg[1] = subtypes[feed_byte(f) % G_N_ELEMENTS(subtypes)];
    msg[3] = feed_byte(f);
    store32(msg + 4, feed_byte(f) % 4);
    store32(msg + 12, a_frame(w, f));
    store32(cif + 1024, prod + 1);
}

static void put_request(struct world *w, struct feed *f)
{
    uint8_t *ring = world_page(w, FRONT_PFN + feed_byte(f) % 2);
    uint32_t prod = load32(ring);
    uint8_t *slot = ring + 8 + prod % 64 * 60;
    memset(slot, 0, 60);
    slot[0] = feed_byte(f) % 4;
    slot[1] = feed_byte(f) % 14;
    slot[2] = feed_byte(f) % 2;
    store32(slot + 8, feed_interesting(f));
    for (unsigned i = 0; i < MIN(slot[1], 11); i++)
        store32(slot + 16 + i * 4, a_frame(w, f) << 12 | feed_byte(f));
    store32(ring, prod + 1);
}

static void play_2_0(struct feed *f)
{
    struct world *w = world_2_0();
    uint8_t *cif = shared_info(w->d) + 2048;
    size_t sum = 0;
    w->d->s.control_port = (uint16_t)evtchn_backend_alloc(w->d, BACKEND_CONTROL);
    struct console *c = console_new(w->d, on_write, &sum);
    struct block_2_0 *b = block_2_0_new(w->d);
    block_2_0_add(b, make_disk(), 0);
    console_set_client(c, &block_2_0_client, b);
    for (unsigned step = 0; f->left > 0 && step < 256; step++) {
        switch (feed_byte(f) % 8) {
        case 0:
            store32(cif + 1024 + feed_byte(f) % 4 * 4, feed_interesting(f));
            break;
        case 1:
            store32(world_page(w, FRONT_PFN + feed_byte(f) % 2), feed_interesting(f));
            break;
        case 2:
            store32(cif + 1036, load32(cif + 1032));
            break;
        case 3:
            put_message(w, cif, f);
            break;
        case 4:
            console_poll(c);
            break;
        case 5:
            console_input(c, (const char *)f->at, MIN(f->left, 100));
            break;
        default:
            put_request(w, f);
            for (uint16_t port = 0; port < 16; port++)
                block_2_0_notify(b, port);
            break;
        }
    }
    g_autoptr(GBytes) saved = block_2_0_save(b);
    if (!block_2_0_restore(b, saved, NULL) || !page_recount(w->d, NULL))
        abort();
    console_free(c);
    block_2_0_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    if (feed_byte(&f) % 2)
        play_2_0(&f);
    else
        play_ring(&f);
    return 0;
}
