/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_block_2_0.c - disks of a 2.0 guest (docs/xen-abi.md 9.1): a front end that is
 * played here, control messages and all.
 */
#include "devices/block_2_0.h"
#include "devices/console.h"
#include "dispatch/evtchn.h"
#include "dispatch/shared.h"
#include "fixture.h"

#include <stdlib.h>
#include <unistd.h>

#define SECTORS 256u
#define SDA1    2049u

struct request {
    uint8_t op, nr_segments;
    uint16_t device;
    uint32_t id;
    uint32_t sector[2];
    uint32_t segment[11];
};

static struct fixture *f;
static struct console *c;
static struct block_2_0 *b;
static uint8_t *cif; /* control_if_t */
static char *path;
static uint32_t ring_pfn, data_pfn, tx, rx, req_prod, port;

static void make(bool two)
{
    g_autoptr(GError) error = NULL;
    f = fixture_new(RING1_ABI_XEN_2_0, RING1_XEN_2_0);
    f->d->s.control_port = (uint16_t)evtchn_backend_alloc(f->d, BACKEND_CONTROL);
    cif = shared_info(f->d) + 2048;
    c = console_new(f->d, NULL, NULL);
    b = block_2_0_new(f->d);
    console_set_client(c, &block_2_0_client, b);
    path = g_build_filename(g_get_tmp_dir(), "ring1-block.XXXXXX", NULL);
    int fd = g_mkstemp(path);
    ck_assert(fd >= 0 && ftruncate(fd, SECTORS * 512) == 0);
    close(fd);
    for (unsigned i = 0; i < (two ? 2 : 1); i++) {
        struct disk *disk = disk_open(path, two, &error);
        ck_assert_msg(disk != NULL, "%s", error ? error->message : "?");
        block_2_0_add(b, disk, SDA1 + i);
    }
    ring_pfn = fx_alloc(f);
    data_pfn = fx_alloc(f);
    tx = rx = req_prod = 0;
}

static void setup(void)
{
    make(false);
}

static void teardown(void)
{
    console_free(c);
    block_2_0_free(b);
    fixture_free(f);
    unlink(path);
    g_free(path);
}

/* A control message of the guest; `words` are its contents, and what came back. */
static void say(uint8_t subtype, uint32_t *words, uint8_t len)
{
    uint8_t *msg = cif + 64 * (tx % 8);
    memset(msg, 0, 64);
    msg[0] = 2;
    msg[1] = subtype;
    msg[2] = (uint8_t)tx;
    msg[3] = len;
    memcpy(msg + 4, words, len);
    store32(cif + 1024, ++tx);
    console_poll(c);
    ck_assert_uint_eq(load32(cif + 1028), tx);
    memcpy(words, msg + 4, len);
}

/* The controller's next message: its status; and the port. */
static uint32_t hear(void)
{
    const uint8_t *msg = cif + 512 + 64 * (rx % 8);
    ck_assert_uint_ne(load32(cif + 1032), rx);
    ck_assert_uint_eq(msg[0], 2);
    ck_assert_uint_eq(msg[1], 0);
    ck_assert_uint_eq(msg[3], 12);
    store32(cif + 1036, ++rx);
    port = (uint32_t)(msg[12] | msg[13] << 8);
    return load32(msg + 8);
}

static void connect(void)
{
    uint32_t up[2] = {1, 0}, wanted[4] = {0, 0, fx_mfn(f, ring_pfn).mfn, 0};
    say(32, up, 8);
    ck_assert_uint_eq(hear(), 1);
    say(33, wanted, 16);
    ck_assert_uint_eq(hear(), 2);
    ck_assert_uint_ne(port, 0);
}

static int submit(struct request r)
{
    uint8_t *ring = fx_page(f, ring_pfn), *slot = ring + 8 + req_prod % 64 * 60;
    r.id = 0x1000 + req_prod;
    memcpy(slot, &r, sizeof r);
    store32(ring, ++req_prod);
    ck_assert(block_2_0_notify(b, (uint16_t)port));
    ck_assert_uint_eq(load32(ring + 4), req_prod);
    ck_assert_uint_eq(load32(slot), r.id);
    ck_assert_uint_eq(slot[4], r.op);
    fx_recount(f);
    return (int16_t)(slot[5] | slot[6] << 8);
}

static uint32_t segment(uint32_t pfn, unsigned first, unsigned last)
{
    return fx_mfn(f, pfn).mfn << 12 | first << 3 | last;
}

START_TEST(test_probe)
{
    if (_i) {
        teardown();
        make(true);
    }
    connect();
    int nr = submit((struct request){.op = 2, .nr_segments = 1, .segment = {segment(data_pfn, 0, 7)}});
    const uint8_t *v = fx_page(f, data_pfn);
    ck_assert_int_eq(nr, _i == 0 ? 1 : 2);
    for (int i = 0; i < nr; i++) {
        ck_assert_uint_eq(load32(v + i * 12), SECTORS);
        ck_assert_uint_eq(load32(v + i * 12 + 8), (SDA1 + (unsigned)i) | (_i == 0 ? 0xA0u : 0xE0u) << 16);
    }
    ck_assert_int_eq(
        submit((struct request){.op = 2, .nr_segments = 1, .segment = {segment(data_pfn, 0, 3)}}), -1);
    ck_assert_int_eq(submit((struct request){.op = 2, .nr_segments = 0}), -1);
}
END_TEST

START_TEST(test_read_write)
{
    connect();
    uint8_t *page = fx_page(f, data_pfn);
    for (unsigned round = 0; round < 100; round++) { /* the ring wraps */
        struct request r = {.op = 1, .nr_segments = 2, .device = SDA1, .sector = {round * 2}};
        r.segment[0] = segment(data_pfn, 1, 1);
        r.segment[1] = segment(data_pfn, 3, 3);
        memset(page, 0, 4096);
        memset(page + 512, (int)round + 1, 512);
        memset(page + 1536, (int)round + 2, 512);
        ck_assert_int_eq(submit(r), 0);
        memset(page, 0xEE, 4096);
        r = (struct request){.nr_segments = 1, .device = SDA1, .sector = {round * 2}};
        r.segment[0] = segment(data_pfn, 4, 5);
        ck_assert_int_eq(submit(r), 0);
        ck_assert_uint_eq(page[2048], round + 1);
        ck_assert_uint_eq(page[2560], round + 2);
        ck_assert_uint_eq(page[2047], 0xEE);
        ck_assert_uint_eq(page[3072], 0xEE);
    }
}
END_TEST

START_TEST(test_bad_requests)
{
    connect();
    uint32_t good = segment(data_pfn, 0, 7);
    const struct request bad[] = {
        {.op = 3, .nr_segments = 1, .device = SDA1, .segment = {good}},
        {.nr_segments = 1, .device = 7, .segment = {good}},
        {.nr_segments = 0, .device = SDA1, .segment = {good}},
        {.nr_segments = 12, .device = SDA1, .segment = {good}},
        {.nr_segments = 1, .device = SDA1, .sector = {SECTORS - 7}, .segment = {good}},
        {.nr_segments = 1, .device = SDA1, .sector = {0, 1}, .segment = {good}},
        {.nr_segments = 1, .device = SDA1, .sector = {UINT32_MAX, UINT32_MAX}, .segment = {good}},
        {.nr_segments = 1, .device = SDA1, .segment = {segment(data_pfn, 5, 4)}},
        {.nr_segments = 1, .device = SDA1, .segment = {segment(data_pfn, 8, 7)}},
        {.nr_segments = 1, .device = SDA1, .segment = {f->xen_frame.mfn << 12 | 7}},
        {.nr_segments = 1, .device = SDA1, .segment = {0xFFFFF007}},
        {.nr_segments = 1, .device = SDA1, .segment = {0x7}},
        {.nr_segments = 1, .device = SDA1, .segment = {f->l1.mfn << 12 | 7}}, /* to be written */
        {.op = 2, .nr_segments = 1, .segment = {f->l1.mfn << 12 | 7}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        ck_assert_int_eq(submit(bad[i]), -1);
        ck_assert(block_2_0_fault(b) != NULL);
    }
    ck_assert_int_eq(submit((struct request){.nr_segments = 1, .device = SDA1, .segment = {good}}), 0);
    store32(fx_page(f, ring_pfn), req_prod + 65);
    ck_assert(block_2_0_notify(b, (uint16_t)port));
    ck_assert_uint_eq(load32((uint8_t *)fx_page(f, ring_pfn) + 4), req_prod);
}
END_TEST

START_TEST(test_messages)
{
    uint32_t query[3] = {0, 9, 9}, other[3] = {1, 9, 9}, handle = 0, bad[4] = {0, 0, FX_BEYOND, 0};
    say(35, query, 12);
    ck_assert_uint_eq(query[1], 1);
    say(35, other, 12);
    ck_assert_uint_eq(other[1], 0);
    say(33, bad, 16);
    ck_assert_uint_eq(hear(), 1);
    connect();
    uint32_t first = port;
    say(35, query, 12);
    ck_assert_uint_eq(query[1], 2);
    ck_assert_uint_eq(query[2], port);
    say(34, &handle, 4);
    ck_assert_uint_eq(hear(), 1);
    ck_assert(!block_2_0_notify(b, (uint16_t)first));
    connect();
    /* Its messages wait until the guest has room for them. */
    for (unsigned i = 0; i < 9; i++) {
        uint32_t up[2] = {1, 0};
        say(32, up, 8);
    }
    ck_assert_uint_eq(load32(cif + 1032) - rx, 8);
    for (unsigned i = 0; i < 8; i++)
        hear();
    console_poll(c);
    ck_assert_uint_eq(hear(), 1);
}
END_TEST

START_TEST(test_save)
{
    connect();
    ck_assert_int_eq(
        submit((struct request){.nr_segments = 1, .device = SDA1, .segment = {segment(data_pfn, 0, 7)}}), 0);
    g_autoptr(GBytes) saved = block_2_0_save(b);
    uint32_t handle = 0;
    say(34, &handle, 4);
    g_autoptr(GError) error = NULL;
    ck_assert(block_2_0_restore(b, saved, &error));
    ck_assert_int_eq(
        submit((struct request){.nr_segments = 1, .device = SDA1, .segment = {segment(data_pfn, 0, 7)}}), 0);
    g_autoptr(GBytes) cut = g_bytes_new_from_bytes(saved, 0, 4);
    ck_assert(!block_2_0_restore(b, cut, &error));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("block_2_0");
    TCase *t = tcase_create("block_2_0");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_probe, 0, 2);
    tcase_add_test(t, test_read_write);
    tcase_add_test(t, test_bad_requests);
    tcase_add_test(t, test_messages);
    tcase_add_test(t, test_save);
    suite_add_tcase(suite, t);
    return fx_main(suite);
}
