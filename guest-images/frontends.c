/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * frontends - a client of xenstore and of the block back end: requests, watches,
 * transactions; then, on the first disk that there is, reads and writes by chance
 * beside a shadow, a flush, and in the end a pattern that the host can look for: word i
 * of sector s is s * 2654435761 + i (docs/xen-abi.md 9.3, 9.4).
 */
#include "lib/xenbus.h"

#define PAGE __attribute__((aligned(4096), section(".pages")))

/* --- xenstore ------------------------------------------------------------------- */

static u32 same(const char *a, const char *b)
{
    return strlen(a) == strlen(b) && memcmp(a, b, strlen(a)) == 0;
}

static void nodes(void)
{
    CHECK("write", xs_write(0, "data/a", "one"), 3);
    CHECK("read", xs_path(XS_READ, 0, "data/a"), 3);
    CHECK("it is what was written", same(xs_reply, "one"), 1);
    CHECK("a relative path is one's own", xs_path(XS_READ, 0, "/local/domain/1/data/a"), 3);
    CHECK("read what is not there", xs_path(XS_READ, 0, "data/none"), -1);
    CHECK("ENOENT", same(xs_reply, "ENOENT"), 1);
    CHECK("write elsewhere", xs_write(0, "/local/domain/0/name", "x"), -1);
    CHECK("EACCES", same(xs_reply, "EACCES"), 1);
    CHECK("a path that is none", xs_path(XS_READ, 0, "data//a"), -1);
    CHECK("EINVAL", same(xs_reply, "EINVAL"), 1);
    CHECK("mkdir", xs_path(XS_MKDIR, 0, "data/dir"), 3);
    CHECK("directory", xs_path(XS_DIRECTORY, 0, "data"), 6);
    CHECK("its names", memcmp(xs_reply, "a\0dir", 6), 0);
    CHECK("get_domain_path", xs_path(XS_GET_DOMAIN_PATH, 0, "1"), 16);
    CHECK("the domain's place", same(xs_reply, "/local/domain/1"), 1);
    CHECK("rm", xs_path(XS_RM, 0, "data/dir"), 3);
    CHECK("it is gone", xs_path(XS_DIRECTORY, 0, "data/dir"), -1);
    CHECK("a request that is none", xs_request(99, 0, "", 1), -1);
    CHECK("ENOSYS", same(xs_reply, "ENOSYS"), 1);
}

static u32 event_is(const char *path, const char *token)
{
    const char *got_path, *got_token;

    return xs_event(&got_path, &got_token) && same(got_path, path) && same(got_token, token);
}

static void watches(void)
{
    const char *path, *token;

    CHECK("watch", xs_watch(XS_WATCH, "data", "t1"), 3);
    CHECK("its first event", event_is("data", "t1"), 1);
    CHECK("the same twice", xs_watch(XS_WATCH, "data", "t1"), -1);
    CHECK("EEXIST", same(xs_reply, "EEXIST"), 1);
    xs_write(0, "data/a", "two");
    CHECK("a change below it", event_is("data/a", "t1"), 1);
    xs_path(XS_RM, 0, "data/a");
    CHECK("a node that goes", event_is("data/a", "t1"), 1);
    CHECK("unwatch", xs_watch(XS_UNWATCH, "data", "t1"), 3);
    xs_write(0, "data/a", "three");
    CHECK("no more events", xs_event(&path, &token), 0);
    CHECK("unwatch twice", xs_watch(XS_UNWATCH, "data", "t1"), -1);
    CHECK("ENOENT", same(xs_reply, "ENOENT"), 1);
    xs_watch(XS_WATCH, "data", "t2");
    CHECK("reset_watches", xs_request(XS_RESET_WATCHES, 0, "", 1), 3);
    while (xs_event(&path, &token))
        ;
    xs_write(0, "data/a", "four");
    CHECK("none after a reset", xs_event(&path, &token), 0);
}

static void transactions(void)
{
    u32 tx = xs_start(), other;

    CHECK("write in a transaction", xs_write(tx, "data/t", "x"), 3);
    CHECK("unseen outside", xs_path(XS_READ, 0, "data/t"), -1);
    CHECK("seen inside", xs_path(XS_READ, tx, "data/t"), 1);
    CHECK("commit", xs_end(tx, "T"), 3);
    CHECK("seen outside", xs_path(XS_READ, 0, "data/t"), 1);
    CHECK("its end", xs_end(tx, "T"), -1);
    CHECK("ENOENT", same(xs_reply, "ENOENT"), 1);
    tx = xs_start();
    xs_write(tx, "data/t", "gone");
    CHECK("give up", xs_end(tx, "F"), 3);
    xs_path(XS_READ, 0, "data/t");
    CHECK("nothing is left of it", same(xs_reply, "x"), 1);
    tx = xs_start();
    other = xs_start();
    xs_path(XS_READ, tx, "data/t");
    xs_write(tx, "data/u", "1");
    xs_write(other, "data/t", "y");
    CHECK("the first to end", xs_end(other, "T"), 3);
    CHECK("the other has seen what changed", xs_end(tx, "T"), -1);
    CHECK("EAGAIN", same(xs_reply, "EAGAIN"), 1);
    xs_path(XS_RM, 0, "data/t");
}

/* --- block ---------------------------------------------------------------------- */

#define SEGMENTS 11u
#define SLOTS    32u

struct segment {
    u32 ref;
    u8 first, last;
    u16 pad;
};
struct request {
    u8 op, nr_segments;
    u16 handle;
    u32 id[2], sector[2];
    struct segment segment[SEGMENTS];
};
struct blk_ring {
    volatile u32 req_prod, req_event, rsp_prod, rsp_event;
    u32 pad[12];
    struct request slot[SLOTS];
};
enum { READ, WRITE, BARRIER, FLUSH };

static u8 ring_page[4096] PAGE, data[SEGMENTS][4096] PAGE, shadow[64 * 512];
static u32 ring_ref, data_ref[SEGMENTS], port, rsp_cons;
static char front[64], back[128];

static struct blk_ring *ring(void)
{
    return (struct blk_ring *)ring_page;
}

/* One request of whole pages or of `sectors` of the first: its status. */
static s32 submit(u32 op, u32 sector, u32 sectors)
{
    struct request *r = &ring()->slot[ring()->req_prod % SLOTS];
    u32 i, left = sectors, prod = ring()->req_prod;
    const u8 *answer;

    memset(r, 0, sizeof *r);
    r->op = (u8)op;
    r->id[0] = prod ^ 0x55AA;
    r->sector[0] = sector;
    for (i = 0; left; i++) {
        u32 n = left < 8 ? left : 8;

        r->segment[i].ref = data_ref[i];
        r->segment[i].last = (u8)(n - 1);
        left -= n;
    }
    r->nr_segments = (u8)i;
    asm volatile("" ::: "memory");
    ring()->req_prod = prod + 1;
    channel_send(port);
    while (ring()->rsp_prod == rsp_cons)
        yield();
    answer = (const u8 *)&ring()->slot[rsp_cons++ % SLOTS]; /* {u64 id, u8 op, u8, s16 status} */
    ring()->rsp_event = rsp_cons + 1;
    return *(const u32 *)answer == (prod ^ 0x55AA) && answer[8] == op ? *(const short *)(answer + 10) : -99;
}

static u32 chance(void)
{
    static u32 seed = 1;

    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void by_chance(u32 sectors)
{
    u32 round, i, bad = 0, most = sectors < 64 ? sectors : 64;

    CHECK("read what is there", submit(READ, 0, 64 > most ? most : 64), 0);
    memcpy(shadow, data, most * 512);
    for (round = 0; round < 300; round++) {
        u32 n = chance() % most + 1, at = chance() % (most - n + 1);

        if (chance() & 1) {
            for (i = 0; i < n * 128; i++)
                ((u32 *)data)[i] = chance();
            bad += submit(WRITE, at, n) != 0;
            memcpy(shadow + at * 512, data, n * 512);
        } else {
            memset(data, 0xEE, sizeof data);
            bad += submit(READ, at, n) != 0;
            bad += memcmp(data, shadow + at * 512, n * 512) != 0;
        }
    }
    CHECK("300 reads and writes like the shadow", bad, 0);
}

static void pattern(u32 sectors)
{
    u32 s, i, bad = 0;

    for (s = 0; s < sectors; s += 8) {
        u32 n = sectors - s < 8 ? sectors - s : 8;

        for (i = 0; i < n * 128; i++)
            ((u32 *)data)[i] = (s + i / 128) * 2654435761u + i % 128;
        bad += submit(WRITE, s, n) != 0;
    }
    CHECK("the pattern", bad, 0);
    CHECK("flush", submit(FLUSH, 0, 0), 0);
}

static void connect(void)
{
    u32 i;

    memset(ring_page, 0, sizeof ring_page);
    ring()->req_event = ring()->rsp_event = 1;
    rsp_cons = 0;
    ring_ref = grant_page(ring_page, 0);
    for (i = 0; i < SEGMENTS; i++)
        data_ref[i] = grant_page(data[i], 0);
    port = channel_new();
    CHECK("the back end waits", xenbus_wait(back, 2), 1);
    xenbus_put_number(front, "ring-ref", ring_ref);
    xenbus_put_number(front, "event-channel", port);
    xs_write(0, xenbus_path(front, "protocol"), "x86_32-abi");
    if (option("persistent"))
        xenbus_put_number(front, "feature-persistent", 1);
    xenbus_set_state(front, 3);
    CHECK("it connects", xenbus_wait(back, 4), 1);
    xenbus_set_state(front, 4);
}

static void disconnect(void)
{
    u32 i, in_use = 0;

    xenbus_set_state(front, 5);
    CHECK("it closes", xenbus_wait(back, 5), 1);
    xenbus_set_state(front, 6);
    CHECK("it has closed", xenbus_wait(back, 6), 1);
    for (i = 0; i < SEGMENTS; i++)
        in_use += !grant_end(data_ref[i]);
    CHECK("no grant is in use", in_use + !grant_end(ring_ref), 0);
    channel_close(port);
    xenbus_set_state(front, 1);
}

static void disk(void)
{
    u32 sectors, info;

    if (xs_path(XS_DIRECTORY, 0, "device/vbd") <= 0) {
        print("no disk\n");
        return;
    }
    memcpy(front, xenbus_path("device/vbd", xs_reply), sizeof front);
    CHECK("where its back end is", xs_path(XS_READ, 0, xenbus_path(front, "backend")) > 0, 1);
    memcpy(back, xs_reply, strlen(xs_reply) + 1);
    connect();
    sectors = xenbus_number(back, "sectors");
    info = xenbus_number(back, "info");
    print("disk of %u sectors, info %u\n", sectors, info);
    CHECK("beyond its end", submit(READ, sectors, 1), -1);
    if (info & 4) {
        CHECK("write to a disk that is read-only", submit(WRITE, 0, 1), -1);
    } else {
        by_chance(sectors);
        disconnect();
        connect();
        if (option("flush_only"))
            print("writing\n");
        pattern(sectors);
        if (option("flush_only")) { /* the host ends it in the midst of more writes */
            print("flushed\n");
            for (;;)
                submit(WRITE, chance() % 8, 1);
        }
    }
    disconnect();
}

void guest_main(void)
{
    nodes();
    watches();
    transactions();
    disk();
}
