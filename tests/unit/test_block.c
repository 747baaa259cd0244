/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_block.c - the block back end (docs/xen-abi.md 9.4) against a front end that is
 * played here, well-behaved and not.
 */
#include "devices/block.h"
#include "devices/block_wire.h"
#include "dispatch/evtchn.h"
#include "dispatch/grant.h"
#include "dispatch/shared.h"
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xen/io/xenbus.h>

#define DISK_BYTES (1u << 20)
#define SECTORS    (DISK_BYTES / 512)
#define FRONT      "/local/domain/1/device/vbd/51712/"
#define BACK       "/local/domain/0/backend/vbd/1/51712/"
#define FIRST_REF  8u /* what toolstacks reserve is below */
#define DATA_PAGES 40u

static struct fixture *f;
static struct xenstore *x;
static struct block *block;
static char *path;
static unsigned port, nr_pages, nr_slots;
static uint32_t ring_pfn[4], data_pfn[DATA_PAGES];
static uint32_t req_prod, rsp_cons;
static uint64_t next_id;

static uint32_t ring_ref(unsigned i)
{
    return FIRST_REF + i;
}
static uint32_t data_ref(unsigned i)
{
    return FIRST_REF + 16 + i;
}

static void grant(uint32_t ref, uint32_t pfn, uint16_t flags)
{
    *grant_entry(f->d, ref) = (struct grant_entry){.flags = flags, .domid = 0, .frame = fx_mfn(f, pfn).mfn};
}

static struct disk *open_disk(bool readonly)
{
    g_autoptr(GError) error = NULL;
    struct disk *disk = disk_open(path, readonly, &error);
    ck_assert_msg(disk != NULL, "%s", error ? error->message : "?");
    return disk;
}

static void set_front(const char *name, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void set_front(const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *value = g_strdup_vprintf(format, args);
    g_autofree char *node = g_strconcat(FRONT, name, NULL);
    va_end(args);
    ck_assert(xenstore_write(x, node, value));
}

static int back_state(void)
{
    g_autofree char *state = xenstore_read(x, BACK "state");
    return state ? atoi(state) : 0;
}

static void make(bool readonly)
{
    f = fixture_new(RING1_ABI_XEN_3_0_PAE, RING1_XEN_4_17);
    ck_assert(grant_init(f->d));
    x = xenstore_new(f->d, "ring1");
    path = g_build_filename(g_get_tmp_dir(), "ring1-block.XXXXXX", NULL);
    int fd = g_mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, DISK_BYTES + 100), 0);
    close(fd);
    block = block_new(x, f->d, open_disk(readonly), "xvda", 51712);
    for (unsigned i = 0; i < DATA_PAGES; i++)
        data_pfn[i] = fx_alloc(f);
    for (unsigned i = 0; i < 4; i++)
        ring_pfn[i] = fx_alloc(f);
    for (unsigned i = 0; i < DATA_PAGES; i++)
        grant(data_ref(i), data_pfn[i], 1);
    next_id = UINT64_C(0x1122334400000000);
}

/* What a front end does up to the point where the back end has to connect. */
static void prepare(unsigned pages)
{
    nr_pages = pages;
    nr_slots = pages == 1 ? 32 : pages == 2 ? 64 : 128;
    for (unsigned i = 0; i < pages; i++) {
        memset(fx_page(f, ring_pfn[i]), 0, RING1_PAGE_SIZE);
        grant(ring_ref(i), ring_pfn[i], 1);
    }
    store32((uint8_t *)fx_page(f, ring_pfn[0]) + 4, 1);
    store32((uint8_t *)fx_page(f, ring_pfn[0]) + 12, 1);
    req_prod = rsp_cons = 0;
    uint16_t bytes[4] = {FX_SELF, 0, 0, 0};
    gva_t op = fx_put(f, bytes, sizeof bytes);
    ck_assert_int_eq(CALL(f, 32, 6, op.va), 0);
    port = fx_get(f, GVA(op.va + 4));
    if (pages == 1) {
        set_front("ring-ref", "%u", ring_ref(0));
    } else {
        set_front("ring-page-order", "%u", pages == 2 ? 1 : 2);
        for (unsigned i = 0; i < pages; i++) {
            g_autofree char *name = g_strdup_printf("ring-ref%u", i);
            set_front(name, "%u", ring_ref(i));
        }
    }
    set_front("event-channel", "%u", port);
    set_front("protocol", "x86_32-abi");
}

static void connect(unsigned pages)
{
    prepare(pages);
    set_front("state", "%d", XenbusStateInitialised);
    ck_assert_int_eq(back_state(), XenbusStateConnected);
    set_front("state", "%d", XenbusStateConnected);
}

static void setup(void)
{
    make(false);
}

static void teardown(void)
{
    block_free(block);
    xenstore_free(x);
    fixture_free(f);
    unlink(path);
    g_free(path);
}

/* --- the front end's ring --------------------------------------------------------- */

static void ring_bytes(uint32_t at, void *out, const void *in, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        uint8_t *byte =
            (uint8_t *)fx_page(f, ring_pfn[(at + i) / RING1_PAGE_SIZE]) + (at + i) % RING1_PAGE_SIZE;
        if (in)
            *byte = ((const uint8_t *)in)[i];
        else
            ((uint8_t *)out)[i] = *byte;
    }
}

static void put(const union blk_request *r)
{
    ring_bytes(64 + req_prod % nr_slots * 108, NULL, r, 108);
    req_prod++;
}

static void push(void)
{
    store32(fx_page(f, ring_pfn[0]), req_prod);
    ck_assert(block_notify(block, (uint16_t)port));
}

static struct blk_response take(void)
{
    struct blk_response r;
    ck_assert_uint_ne(load32((uint8_t *)fx_page(f, ring_pfn[0]) + 8), rsp_cons);
    ring_bytes(64 + rsp_cons % nr_slots * 108, &r, NULL, sizeof r);
    rsp_cons++;
    store32((uint8_t *)fx_page(f, ring_pfn[0]) + 12, rsp_cons + 1);
    return r;
}

/* One request: its status. */
static int submit(union blk_request *r)
{
    r->rw.id = ++next_id;
    put(r);
    push();
    struct blk_response response = take();
    ck_assert_uint_eq(response.id, next_id);
    ck_assert_uint_eq(load32((uint8_t *)fx_page(f, ring_pfn[0]) + 8), rsp_cons);
    fx_recount(f);
    return response.status;
}

/* `segment` holds `nr` segments, or one where that is more than a request takes. */
static int rw(uint8_t op, uint64_t sector, unsigned nr, const struct blk_segment *segment)
{
    union blk_request r = {.rw = {.op = op, .nr_segments = (uint8_t)nr, .sector = sector}};
    unsigned given = nr > BLK_MAX_SEGMENTS ? 1 : nr;
    if (given)
        memcpy(r.rw.segment, segment, given * sizeof *segment);
    return submit(&r);
}

static int page_rw(uint8_t op, uint64_t sector, unsigned page)
{
    return rw(op, sector, 1, &(struct blk_segment){data_ref(page), 0, 7, 0});
}

static void read_file(void *bytes, size_t len, off_t offset)
{
    FILE *file = fopen(path, "rb");
    ck_assert(file && fseek(file, offset, SEEK_SET) == 0 && fread(bytes, 1, len, file) == len);
    fclose(file);
}

/* --- tests ------------------------------------------------------------------------ */

START_TEST(test_numbers)
{
    static const struct {
        const char *name;
        unsigned number;
    } good[] = {
        {"xvda", 51712}, {"xvdb", 51728}, {"xvda1", 51713}, {"xvdp", 51952},     {"xvdq", 1u << 28 | 16 << 8},
        {"sda", 2048},   {"sdb3", 2067},  {"hda", 768},     {"hdb63", 768 + 127}};
    unsigned number;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        ck_assert_msg(block_device_number(good[i].name, &number), "%s", good[i].name);
        ck_assert_uint_eq(number, good[i].number);
    }
    static const char *const bad[] = {"",       "xvd", "xvdA", "xvda0", "xvda01",
                                      "xvda16", "sdq", "hdc",  "vda",   "xvda1x"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        ck_assert_msg(!block_device_number(bad[i], &number), "%s", bad[i]);
}
END_TEST

START_TEST(test_offer)
{
    g_autofree char *sectors = xenstore_read(x, BACK "sectors");
    g_autofree char *frontend = xenstore_read(x, BACK "frontend");
    g_autofree char *backend = xenstore_read(x, FRONT "backend");
    g_autofree char *indirect = xenstore_read(x, BACK "feature-max-indirect-segments");
    ck_assert_int_eq(back_state(), XenbusStateInitWait);
    ck_assert_str_eq(sectors, "2048"); /* the 100 bytes beyond are no sector */
    ck_assert_str_eq(frontend, "/local/domain/1/device/vbd/51712");
    ck_assert_str_eq(backend, "/local/domain/0/backend/vbd/1/51712");
    ck_assert_str_eq(indirect, "256");
}
END_TEST

/* Random reads and writes of one to 11 odd segments, over rings of 1, 2 and 4 pages,
 * with grants that are mapped each time or once. */
START_TEST(test_random)
{
    g_autofree uint8_t *shadow = g_malloc0(DISK_BYTES), *now = g_malloc(DISK_BYTES);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    set_front("feature-persistent", "%d", _i & 1);
    connect(1u << (_i / 2));
    for (unsigned round = 0; round < 400; round++) {
        struct blk_segment segment[BLK_MAX_SEGMENTS];
        bool reads = g_rand_boolean(rand);
        unsigned nr = (unsigned)g_rand_int_range(rand, 1, BLK_MAX_SEGMENTS + 1), sectors = 0;
        unsigned first = (unsigned)g_rand_int_range(rand, 0, SECTORS - 88);
        for (unsigned i = 0; i < nr; i++) {
            unsigned a = (unsigned)g_rand_int_range(rand, 0, 8),
                     b = (unsigned)g_rand_int_range(rand, (int)a, 8);
            segment[i] = (struct blk_segment){data_ref(i), (uint8_t)a, (uint8_t)b, 0};
            uint8_t *bytes = (uint8_t *)fx_page(f, data_pfn[i]) + a * 512;
            for (unsigned at = 0; at < (b - a + 1) * 512; at += 4)
                store32(bytes + at, g_rand_int(rand));
            if (!reads)
                memcpy(shadow + (first + sectors) * 512, bytes, (b - a + 1) * 512);
            sectors += b - a + 1;
        }
        ck_assert_int_eq(rw(reads ? BLK_OP_READ : BLK_OP_WRITE, first, nr, segment), BLK_STATUS_OKAY);
        for (unsigned i = 0, at = first * 512; reads && i < nr; i++) {
            unsigned len = (segment[i].last - segment[i].first + 1u) * 512;
            ck_assert_mem_eq((uint8_t *)fx_page(f, data_pfn[i]) + segment[i].first * 512, shadow + at, len);
            at += len;
        }
    }
    read_file(now, DISK_BYTES, 0);
    ck_assert_mem_eq(now, shadow, DISK_BYTES);
}
END_TEST

static void on_event(void *user, G_GNUC_UNUSED struct vcpu *v, const struct ring1_event *e)
{
    const struct ring1_device_event *d = &e->device;
    if (d->device != RING1_DEVICE_BLOCK)
        return; /* its grants */
    ck_assert_str_eq(d->disk, path);
    g_string_append_printf(user, "%s %" G_GUINT64_FORMAT "+%u%s%s;", d->request, d->sector, d->nr_sectors,
                           d->error ? " " : "", d->error ? d->error : "");
}

START_TEST(test_flush_barrier_discard)
{
    g_autoptr(GString) told = g_string_new(NULL);
    struct tap tap = {.event = on_event, .events = RING1_EVENT_BIT(RING1_EVENT_DEVICE), .user = told};
    connect(1);
    f->d->tap = &tap;
    memset(fx_page(f, data_pfn[0]), 0x5A, RING1_PAGE_SIZE);
    ck_assert_int_eq(page_rw(BLK_OP_BARRIER, 8, 0), BLK_STATUS_OKAY);
    ck_assert_int_eq(rw(BLK_OP_FLUSH, 0, 0, NULL), BLK_STATUS_OKAY);
    uint8_t now[512];
    read_file(now, sizeof now, 8 * 512);
    ck_assert_uint_eq(now[0], 0x5A);
    union blk_request r = {.discard = {.op = BLK_OP_DISCARD, .sector = 8, .nr_sectors = 8}};
    ck_assert_int_eq(submit(&r), BLK_STATUS_OKAY);
    read_file(now, sizeof now, 8 * 512);
    ck_assert_uint_eq(now[0], 0);
    r.discard.flag = BLK_DISCARD_SECURE;
    ck_assert_int_eq(submit(&r), BLK_STATUS_NOT_SUPPORTED);
    r = (union blk_request){.discard = {.op = BLK_OP_DISCARD, .sector = 8, .nr_sectors = UINT64_MAX}};
    ck_assert_int_eq(submit(&r), BLK_STATUS_ERROR);
    r = (union blk_request){.rw = {.op = 99}};
    ck_assert_int_eq(submit(&r), BLK_STATUS_NOT_SUPPORTED);
    ck_assert_str_eq(told->str, "barrier 8+8;flush 0+0;discard 8+8;discard 8+8 not supported;"
                                "discard 8+4294967295 error;unknown 0+0 not supported;");
    f->d->tap = NULL;
}
END_TEST

START_TEST(test_indirect)
{
    connect(1);
    struct blk_segment *list = fx_page(f, data_pfn[39]);
    for (unsigned i = 0; i < 32; i++) {
        list[i] = (struct blk_segment){data_ref(i), 0, 7, 0};
        memset(fx_page(f, data_pfn[i]), (int)i + 1, RING1_PAGE_SIZE);
    }
    union blk_request r = {
        .indirect = {.op = BLK_OP_INDIRECT, .indirect_op = BLK_OP_WRITE, .nr_segments = 32}};
    r.indirect.sector = 100;
    r.indirect.ref[0] = data_ref(39);
    ck_assert_int_eq(submit(&r), BLK_STATUS_OKAY);
    uint8_t now[512];
    read_file(now, sizeof now, (100 + 31 * 8) * 512);
    ck_assert_uint_eq(now[511], 32);
    r.indirect.nr_segments = 257;
    ck_assert_int_eq(submit(&r), BLK_STATUS_ERROR);
    r.indirect.nr_segments = 0;
    ck_assert_int_eq(submit(&r), BLK_STATUS_ERROR);
    r.indirect.nr_segments = 1;
    r.indirect.indirect_op = BLK_OP_FLUSH;
    ck_assert_int_eq(submit(&r), BLK_STATUS_ERROR);
    r.indirect.indirect_op = BLK_OP_READ;
    r.indirect.ref[0] = 511;
    ck_assert_int_eq(submit(&r), BLK_STATUS_ERROR);
}
END_TEST

/* Errors of one request: the next is served. */
START_TEST(test_bad_requests)
{
    static const struct {
        struct blk_segment segment;
        uint64_t sector;
        unsigned nr;
        uint8_t op;
        int16_t status;
    } bad[] = {
        {{FIRST_REF + 16, 5, 4, 0}, 0, 1, BLK_OP_READ, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 8, 0}, 0, 1, BLK_OP_READ, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 255, 0}, 0, 1, BLK_OP_WRITE, BLK_STATUS_ERROR},
        {{300, 0, 7, 0}, 0, 1, BLK_OP_READ, BLK_STATUS_ERROR},
        {{UINT32_MAX, 0, 7, 0}, 0, 1, BLK_OP_WRITE, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 7, 0}, SECTORS - 7, 1, BLK_OP_READ, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 7, 0}, SECTORS, 1, BLK_OP_WRITE, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 7, 0}, UINT64_MAX, 1, BLK_OP_READ, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 7, 0}, UINT64_MAX - 6, 1, BLK_OP_WRITE, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 7, 0}, 0, 0, BLK_OP_READ, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 7, 0}, 0, 12, BLK_OP_WRITE, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 7, 0}, 0, 255, BLK_OP_BARRIER, BLK_STATUS_ERROR},
        {{FIRST_REF + 16, 0, 7, 0}, 0, 1, 4, BLK_STATUS_NOT_SUPPORTED},
        {{FIRST_REF + 16, 0, 7, 0}, 0, 1, 255, BLK_STATUS_NOT_SUPPORTED},
    };
    connect(1);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        ck_assert_int_eq(rw(bad[i].op, bad[i].sector, bad[i].nr, &bad[i].segment), bad[i].status);
        ck_assert(block_fault(block) != NULL);
        ck_assert_int_eq(page_rw(BLK_OP_READ, 0, 1), BLK_STATUS_OKAY);
    }
    /* A read into a page that is granted for reading, or is no plain page. */
    grant(data_ref(0), data_pfn[0], 5);
    ck_assert_int_eq(page_rw(BLK_OP_READ, 0, 0), BLK_STATUS_ERROR);
    ck_assert_int_eq(page_rw(BLK_OP_WRITE, 0, 0), BLK_STATUS_OKAY);
    grant_entry(f->d, data_ref(1))->frame = f->l1.mfn;
    ck_assert_int_eq(page_rw(BLK_OP_READ, 0, 1), BLK_STATUS_ERROR);
    grant_entry(f->d, data_ref(2))->frame = FX_BEYOND;
    ck_assert_int_eq(page_rw(BLK_OP_WRITE, 0, 2), BLK_STATUS_ERROR);
    ck_assert_int_eq(page_rw(BLK_OP_READ, 0, 3), BLK_STATUS_OKAY);
}
END_TEST

START_TEST(test_readonly)
{
    teardown();
    make(true);
    g_autofree char *mode = xenstore_read(x, BACK "mode"), *info = xenstore_read(x, BACK "info");
    ck_assert_str_eq(mode, "r");
    ck_assert_str_eq(info, "4");
    connect(1);
    ck_assert_int_eq(page_rw(BLK_OP_WRITE, 0, 0), BLK_STATUS_ERROR);
    ck_assert_int_eq(page_rw(BLK_OP_READ, 0, 0), BLK_STATUS_OKAY);
}
END_TEST

/* An index that runs away: the device is closed, and can be opened again. */
START_TEST(test_runaway)
{
    connect(1);
    req_prod = 33;
    push();
    ck_assert_int_eq(back_state(), XenbusStateClosing);
    g_autofree char *error = xenstore_read(x, "/local/domain/0/error/backend/vbd/1/51712/error");
    ck_assert(error && strstr(error, "req_prod"));
    ck_assert(!block_notify(block, (uint16_t)port));
    fx_recount(f);
    set_front("state", "%d", XenbusStateClosed);
    ck_assert_int_eq(back_state(), XenbusStateClosed);
    set_front("state", "%d", XenbusStateInitialising);
    ck_assert_int_eq(back_state(), XenbusStateInitWait);
    connect(1);
    ck_assert_int_eq(page_rw(BLK_OP_READ, 0, 0), BLK_STATUS_OKAY);
}
END_TEST

/* Front ends that cannot be connected. */
START_TEST(test_refused)
{
    static const struct {
        const char *name, *value, *words;
    } bad[] = {
        {"protocol", "x86_64-abi", "x86_64-abi"},    {"ring-ref", "", "ring-ref"},
        {"ring-ref", "4294967295", "ring page"},     {"ring-ref", "77777777777", "ring-ref"},
        {"ring-page-order", "5", "ring-page-order"}, {"ring-page-order", "1", "ring-ref"},
        {"event-channel", "0", "event-channel"},     {"event-channel", "4095", "event-channel"},
        {"event-channel", "-1", "event-channel"},
    };
    prepare(1);
    set_front(bad[_i].name, "%s", bad[_i].value);
    set_front("state", "%d", XenbusStateInitialised);
    ck_assert_int_eq(back_state(), XenbusStateClosing);
    g_autofree char *error = xenstore_read(x, "/local/domain/0/error/backend/vbd/1/51712/error");
    ck_assert_msg(error && strstr(error, bad[_i].words), "%s: %s", bad[_i].words, error);
    fx_recount(f);
}
END_TEST

/* Nothing of the guest is kept when it closes, goes away, or takes its directory. */
START_TEST(test_let_go)
{
    set_front("feature-persistent", "1");
    connect(4);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(page_rw(BLK_OP_READ, i, i), BLK_STATUS_OKAY);
    ck_assert_uint_ne(grant_entry(f->d, data_ref(0))->flags & 0x18, 0);
    if (_i == 0)
        set_front("state", "%d", XenbusStateClosing);
    else if (_i == 1)
        set_front("state", "%d", XenbusStateClosed);
    else
        ck_assert(xenstore_rm(x, "/local/domain/1/device/vbd/51712"));
    for (unsigned i = 0; i < 8; i++)
        ck_assert_uint_eq(grant_entry(f->d, data_ref(i))->flags & 0x18, 0);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(grant_entry(f->d, ring_ref(i))->flags & 0x18, 0);
    fx_recount(f);
}
END_TEST

/* In the middle of its life into another back end of the same domain. */
START_TEST(test_save)
{
    set_front("feature-persistent", "1");
    connect(1);
    ck_assert_int_eq(page_rw(BLK_OP_WRITE, 0, 0), BLK_STATUS_OKAY);
    g_autoptr(GBytes) saved = block_save(block), tree = xenstore_save(x);
    g_autoptr(GError) error = NULL;
    block_free(block);
    block = block_new(x, f->d, open_disk(false), "xvda", 51712);
    ck_assert(xenstore_restore(x, tree, &error));
    ck_assert(block_restore(block, saved, &error));
    ck_assert_int_eq(page_rw(BLK_OP_READ, 0, 0), BLK_STATUS_OKAY);
    set_front("state", "%d", XenbusStateClosed);
    ck_assert_uint_eq(grant_entry(f->d, data_ref(0))->flags & 0x18, 0);
    g_autoptr(GBytes) cut = g_bytes_new_from_bytes(saved, 0, g_bytes_get_size(saved) - 1);
    ck_assert(!block_restore(block, cut, &error));
}
END_TEST

/* An overlay: what is written is read again, and the file below stays as it is. */
START_TEST(test_overlay)
{
    block_free(block);
    g_autoptr(GError) error = NULL;
    struct disk *disk = disk_overlay(open_disk(true), &error);
    ck_assert(disk != NULL);
    block = block_new(x, f->d, disk, "xvda", 51712);
    connect(1);
    memset(fx_page(f, data_pfn[0]), 0x77, RING1_PAGE_SIZE);
    for (unsigned sector = 121; sector < 140; sector += 8) /* across a bound of clusters */
        ck_assert_int_eq(page_rw(BLK_OP_WRITE, sector, 0), BLK_STATUS_OKAY);
    ck_assert_int_eq(page_rw(BLK_OP_READ, 124, 1), BLK_STATUS_OKAY);
    ck_assert_mem_eq(fx_page(f, data_pfn[0]), fx_page(f, data_pfn[1]), RING1_PAGE_SIZE);
    ck_assert_int_eq(page_rw(BLK_OP_READ, 120, 1), BLK_STATUS_OKAY);
    ck_assert_uint_eq(*(uint8_t *)fx_page(f, data_pfn[1]), 0);
    g_autofree uint8_t *now = g_malloc(DISK_BYTES);
    read_file(now, DISK_BYTES, 0);
    for (unsigned i = 0; i < DISK_BYTES; i++)
        ck_assert_uint_eq(now[i], 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("block");
    TCase *t = tcase_create("block");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_numbers);
    tcase_add_test(t, test_offer);
    tcase_add_loop_test(t, test_random, 0, 6);
    tcase_add_test(t, test_flush_barrier_discard);
    tcase_add_test(t, test_indirect);
    tcase_add_test(t, test_bad_requests);
    tcase_add_test(t, test_readonly);
    tcase_add_test(t, test_runaway);
    tcase_add_loop_test(t, test_refused, 0, 9);
    tcase_add_loop_test(t, test_let_go, 0, 3);
    tcase_add_test(t, test_save);
    tcase_add_test(t, test_overlay);
    suite_add_tcase(suite, t);
    return fx_main(suite);
}
