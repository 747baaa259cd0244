/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * devices.c - the rows of the back ends, without a CPU: a disk of the page cache read
 * from front to end, 11 segments of 4 KiB a request, beside the same preadv alone; reads
 * of a node of xenstore through the ring.
 */
#define _GNU_SOURCE /* preadv */
#include "bench.h"

#include "debug/world.h"
#include "devices/block.h"
#include "devices/block_wire.h"
#include "devices/xenstore.h"
#include "dispatch/evtchn.h"
#include "dispatch/grant.h"
#include "dispatch/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#define DISK_MIB  64u
#define SEGMENTS  11u
#define REQUEST   (SEGMENTS * RING1_PAGE_SIZE)
#define RING_PFN  WORLD_FREE_PFN
#define DATA_PFN  (WORLD_FREE_PFN + 1)
#define SLOTS     32u
#define FIRST_REF 8u
#define SAMPLES   9u
#define XS_READS  20000u

/* A world with a block device whose front end is connected. */
struct setting {
    struct world *w;
    struct xenstore *x;
    struct block *block;
    char *path;
    uint16_t port;
    uint32_t prod;
};

static bool make_file(struct setting *s)
{
    g_autofree char *zeroes = g_malloc0(1u << 20);
    s->path = g_build_filename(g_get_tmp_dir(), "ring1-bench.XXXXXX", NULL);
    int fd = g_mkstemp(s->path);
    bool good = fd >= 0;
    for (unsigned i = 0; good && i < DISK_MIB; i++)
        good = write(fd, zeroes, 1u << 20) == 1 << 20;
    if (fd >= 0)
        close(fd);
    return good || bench_failed("%s: %s", s->path, g_strerror(errno));
}

static void connect(struct setting *s)
{
    struct domain *d = s->w->d;
    for (uint32_t i = 0; i <= SEGMENTS; i++) {
        *grant_entry(d, FIRST_REF + i) = (struct grant_entry){.flags = 1, .frame = s->w->p2m[RING_PFN + i]};
        memset(world_page(s->w, RING_PFN + i), 0, RING1_PAGE_SIZE);
    }
    /* alloc_unbound{SELF, 0} */
    uint8_t op[8] = {0xF0, 0x7F};
    world_poke(s->w, s->w->arena, op, sizeof op);
    world_call(s->w, 32, (uint32_t[MAX_HYPERCALL_ARGS]){6, s->w->arena.va});
    guest_read(&d->s.vcpu[0], GVA(s->w->arena.va + 4), &s->port, 2);
    g_autofree char *port = g_strdup_printf("%u", s->port);
    xenstore_write(s->x, "/local/domain/1/device/vbd/51712/ring-ref", "8");
    xenstore_write(s->x, "/local/domain/1/device/vbd/51712/event-channel", port);
    xenstore_write(s->x, "/local/domain/1/device/vbd/51712/feature-persistent", "1");
    xenstore_write(s->x, "/local/domain/1/device/vbd/51712/state", "3");
}

static bool set_up(struct setting *s)
{
    g_autoptr(GError) error = NULL;
    const struct world_setup setup = {.abi = abi_find(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17)};
    *s = (struct setting){.w = world_new(&setup, &error)};
    if (!s->w || !world_start(s->w, &error) || !make_file(s))
        return bench_failed("devices: %s", error ? error->message : "no disk");
    struct disk *disk = disk_open(s->path, true, &error);
    if (!disk)
        return bench_failed("devices: %s", error->message);
    grant_init(s->w->d);
    s->x = xenstore_new(s->w->d, "bench");
    s->block = block_new(s->x, s->w->d, disk, "xvda", 51712);
    connect(s);
    return true;
}

static void tear_down(struct setting *s)
{
    block_free(s->block);
    if (s->x)
        xenstore_free(s->x);
    if (s->w)
        world_free(s->w);
    if (s->path)
        unlink(s->path);
    g_free(s->path);
}

/* --- block -------------------------------------------------------------------------- */

/* All of the disk once, a ring full of requests a kick: ns a request. */
static double read_disk(struct setting *s)
{
    unsigned total = DISK_MIB * (1u << 20) / REQUEST;
    uint8_t *ring = world_page(s->w, RING_PFN);
    uint64_t start = cpu_ns();
    for (unsigned done = 0; done < total;) {
        unsigned n = MIN(SLOTS, total - done);
        for (unsigned i = 0; i < n; i++, s->prod++) {
            struct blk_rw r = {.op = BLK_OP_READ, .nr_segments = SEGMENTS, .id = s->prod};
            r.sector = (uint64_t)(done + i) * (REQUEST / 512);
            for (unsigned k = 0; k < SEGMENTS; k++)
                r.segment[k] = (struct blk_segment){FIRST_REF + 1 + k, 0, 7, 0};
            memcpy(ring + 64 + s->prod % SLOTS * sizeof r, &r, sizeof r);
        }
        store32(ring, s->prod);
        block_notify(s->block, s->port);
        done += n;
    }
    bool good = load32(ring + 8) == s->prod;
    for (uint32_t i = 0; i < MIN(SLOTS, s->prod); i++)
        good &= ring[64 + i * 108 + 10] == 0;
    return good ? (double)(cpu_ns() - start) / total : NAN;
}

/* The same bytes to the same places by preadv alone. */
static double copy_alone(const struct setting *s)
{
    int fd = open(s->path, O_RDONLY | O_CLOEXEC);
    unsigned total = DISK_MIB * (1u << 20) / REQUEST;
    struct iovec iov[SEGMENTS];
    uint64_t start = cpu_ns();
    bool good = fd >= 0;
    for (unsigned i = 0; good && i < total; i++) {
        for (unsigned k = 0; k < SEGMENTS; k++)
            iov[k] = (struct iovec){world_page(s->w, DATA_PFN + k), RING1_PAGE_SIZE};
        good = preadv(fd, iov, SEGMENTS, (off_t)i * REQUEST) == REQUEST;
    }
    double ns = (double)(cpu_ns() - start) / total;
    if (fd >= 0)
        close(fd);
    return good ? ns : NAN;
}

static bool measure_block(struct bench *b, struct setting *s)
{
    double own[SAMPLES], bare[SAMPLES], rate[SAMPLES], cost[SAMPLES];
    unsigned samples = b->quick ? 1 : SAMPLES;
    for (unsigned i = 0; i < samples; i++) {
        bare[i] = copy_alone(s);
        own[i] = read_disk(s);
        rate[i] = REQUEST / own[i]; /* bytes a ns are GB a s */
        cost[i] = own[i] - bare[i];
        if (isnan(own[i]) || isnan(bare[i]))
            return bench_failed("devices: reading the disk failed");
    }
    struct bench_row *row = bench_add(b, "block: 11 segments of 4 KiB, read", "ns");
    row->figure = median(own, samples);
    row->bare = median(bare, samples);
    row->ratio = row->figure / row->bare;
    row->samples = samples;
    row->note = "bare is the same preadv alone, from the page cache";
    row = bench_add(b, "block: of that, the back end", "ns");
    row->figure = median(cost, samples);
    row->samples = samples;
    row = bench_add(b, "block: a GB in sequence", "ms");
    row->figure = 1000 / median(rate, samples);
    row->samples = samples;
    row->goal = GOAL_FIGURE;
    row->limit = 1000;
    row->note = "1000 ms is 1 GB/s";
    return true;
}

/* --- xenstore ------------------------------------------------------------------------- */

static bool measure_xenstore(struct bench *b, struct setting *s)
{
    static const char path[] = "/local/domain/1/memory/target";
    struct domain *d = s->w->d;
    uint8_t *ring = world_page(s->w, WORLD_STORE_PFN);
    double ns[SAMPLES];
    unsigned samples = b->quick ? 1 : SAMPLES;
    struct xsd_sockmsg h = {.type = XS_READ, .req_id = 1, .len = sizeof path};
    d->s.store_mfn = MFN(s->w->p2m[WORLD_STORE_PFN]);
    for (unsigned i = 0; i < samples; i++) {
        uint64_t start = cpu_ns();
        for (unsigned k = 0; k < XS_READS; k++) {
            uint32_t prod = load32(ring + 2052);
            for (uint32_t at = 0; at < sizeof h + sizeof path; at++)
                ring[(prod + at) % 1024] = at < sizeof h ? ((uint8_t *)&h)[at] : (uint8_t)path[at - sizeof h];
            store32(ring + 2052, prod + (uint32_t)(sizeof h + sizeof path));
            xenstore_poll(s->x);
            uint32_t got = load32(ring + 2060) - load32(ring + 2056);
            if (got < sizeof h + 1 || got > 64)
                return bench_failed("devices: xenstore answers with %u bytes", got);
            store32(ring + 2056, load32(ring + 2060));
        }
        ns[i] = (double)(cpu_ns() - start) / XS_READS;
    }
    struct bench_row *row = bench_add(b, "xenstore: a read through the ring", "ns");
    row->figure = median(ns, samples);
    row->samples = samples;
    row->goal = GOAL_FIGURE;
    row->limit = 5000;
    row->note = "5000 ns are 200 000 reads a second";
    return true;
}

bool measure_devices(struct bench *b)
{
    struct setting s;
    bool good = set_up(&s) && measure_block(b, &s) && measure_xenstore(b, &s);
    tear_down(&s);
    return good;
}
