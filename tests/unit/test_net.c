/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * test_net.c - the network back end (docs/xen-abi.md 9.5) against a front end that is
 * played here, well-behaved and not.
 */
#include "devices/net.h"
#include "devices/net_checksum.h"
#include "dispatch/evtchn.h"
#include "dispatch/grant.h"
#include "dispatch/shared.h"
#include "fixture.h"

#include <stdlib.h>
#include <xen/io/netif.h>
#include <xen/io/xenbus.h>

#define FRONT      "/local/domain/1/device/vif/0/"
#define BACK       "/local/domain/0/backend/vif/1/0/"
#define ERROR_NODE "/local/domain/0/error/backend/vif/1/0/error"
#define TX_REF     8u
#define RX_REF     9u
#define DATA_REF   16u
#define DATA_PAGES 40u
#define SLOTS      256u

static struct fixture *f;
static struct xenstore *x;
static struct net *net;
static uint32_t tx_pfn, rx_pfn, data_pfn[DATA_PAGES];
static unsigned tx_port, rx_port;
static uint32_t tx_prod, tx_cons, rx_prod, rx_cons;
static GPtrArray *sent; /* GBytes: what came out of the card */
static const uint8_t MAC[NET_MAC_LEN] = {0x00, 0x16, 0x3E, 1, 2, 3};

static void grant(uint32_t ref, uint32_t pfn, uint16_t flags)
{
    *grant_entry(f->d, ref) = (struct grant_entry){.flags = flags, .domid = 0, .frame = fx_mfn(f, pfn).mfn};
}

static void set_front(const char *name, const char *value)
{
    g_autofree char *node = g_strconcat(FRONT, name, NULL);
    ck_assert(xenstore_write(x, node, value));
}

static void set_front_number(const char *name, unsigned number)
{
    g_autofree char *value = g_strdup_printf("%u", number);
    set_front(name, value);
}

static int back_state(void)
{
    g_autofree char *state = xenstore_read(x, BACK "state");
    return state ? atoi(state) : 0;
}

static void on_output(void *user, const uint8_t *frame, uint32_t len)
{
    ck_assert_ptr_eq(user, &net);
    g_ptr_array_add(sent, g_bytes_new(frame, len));
}

static void setup_for(enum ring1_xen xen)
{
    f = fixture_new(RING1_ABI_XEN_3_0_PAE, xen);
    ck_assert(grant_init(f->d));
    x = xenstore_new(f->d, "ring1");
    sent = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    net = net_new(x, f->d, 0, MAC, on_output, &net);
    tx_pfn = fx_alloc(f);
    rx_pfn = fx_alloc(f);
    for (unsigned i = 0; i < DATA_PAGES; i++) {
        data_pfn[i] = fx_alloc(f);
        grant(DATA_REF + i, data_pfn[i], 1);
    }
}

static void setup(void)
{
    setup_for(RING1_XEN_4_17);
}

static void teardown(void)
{
    net_free(net);
    xenstore_free(x);
    g_ptr_array_unref(sent);
    fixture_free(f);
}

/* --- the front end ------------------------------------------------------------------ */

static unsigned new_port(void)
{
    uint16_t op[4] = {FX_SELF, 0, 0, 0};
    gva_t at = fx_put(f, op, sizeof op);
    uint32_t old[7] = {6, FX_SELF};
    if (f->abi->xen >= RING1_XEN_3_0_4) {
        ck_assert_int_eq(CALL(f, 32, 6, at.va), 0);
        return fx_get(f, GVA(at.va + 4));
    }
    at = fx_put(f, old, sizeof old);
    ck_assert_int_eq(CALL(f, 16, at.va), 0);
    return fx_get(f, GVA(at.va + 8));
}

static void init_ring(uint32_t pfn)
{
    uint8_t *ring = fx_page(f, pfn);
    memset(ring, 0, RING1_PAGE_SIZE);
    store32(ring + 4, 1);
    store32(ring + 12, 1);
}

/* Up to the point where the back end has to connect. */
static void prepare(bool split)
{
    init_ring(tx_pfn);
    init_ring(rx_pfn);
    tx_prod = tx_cons = rx_prod = rx_cons = 0;
    grant(TX_REF, tx_pfn, 1);
    grant(RX_REF, rx_pfn, 1);
    tx_port = rx_port = new_port();
    if (split) {
        rx_port = new_port();
        set_front_number("event-channel-tx", tx_port);
        set_front_number("event-channel-rx", rx_port);
    } else {
        set_front_number("event-channel", tx_port);
    }
    set_front_number("tx-ring-ref", TX_REF);
    set_front_number("rx-ring-ref", RX_REF);
    set_front("request-rx-copy", "1");
    set_front("feature-rx-notify", "1");
    set_front("feature-sg", "1");
}

static void connect(void)
{
    prepare(false);
    set_front("state", "4");
    ck_assert_int_eq(back_state(), XenbusStateConnected);
    ck_assert(net_connected(net));
}

static bool event(unsigned port)
{
    return bit_test_and_clear(shared_info(f->d) + f->abi->si_evtchn_pending, port);
}

static void tx_slot(const void *slot, size_t len)
{
    memcpy((uint8_t *)fx_page(f, tx_pfn) + 64 + tx_prod++ % SLOTS * 12, slot, len);
}

/* A request whose id is its index. */
static void tx(uint32_t ref, unsigned offset, unsigned size, unsigned flags)
{
    struct netif_tx_request r = {ref, (uint16_t)offset, (uint16_t)flags, (uint16_t)tx_prod, (uint16_t)size};
    tx_slot(&r, sizeof r);
}

static void tx_extra(uint8_t type, uint8_t flags, uint16_t size, uint8_t gso)
{
    struct netif_extra_info e = {.type = type, .flags = flags, .u.gso = {size, gso, 0, 0}};
    tx_slot(&e, sizeof e);
}

static void tx_push(void)
{
    store32(fx_page(f, tx_pfn), tx_prod);
    ck_assert(net_notify(net, (uint16_t)tx_port));
    fx_recount(f);
}

static int tx_answer(void)
{
    uint8_t *ring = fx_page(f, tx_pfn);
    struct netif_tx_response r;
    ck_assert_uint_ne(load32(ring + 8), tx_cons);
    memcpy(&r, ring + 64 + tx_cons % SLOTS * 12, sizeof r);
    if (r.status != NETIF_RSP_NULL)
        ck_assert_uint_eq(r.id, (uint16_t)tx_cons);
    tx_cons++;
    store32(ring + 12, tx_cons + 1);
    return r.status;
}

static void tx_answers(unsigned nr, int status)
{
    for (unsigned i = 0; i < nr; i++)
        ck_assert_int_eq(tx_answer(), status);
    ck_assert_uint_eq(load32((uint8_t *)fx_page(f, tx_pfn) + 8), tx_cons);
}

/* Give buffers, the first of them data page `first`; without a kick. */
static void rx(unsigned first, unsigned nr)
{
    for (unsigned i = 0; i < nr; i++) {
        struct netif_rx_request r = {(uint16_t)(rx_prod + 1000), 0, DATA_REF + first + i};
        memcpy((uint8_t *)fx_page(f, rx_pfn) + 64 + rx_prod++ % SLOTS * 8, &r, sizeof r);
    }
    store32(fx_page(f, rx_pfn), rx_prod);
}

static bool rx_none(void)
{
    return load32((uint8_t *)fx_page(f, rx_pfn) + 8) == rx_cons;
}

static struct netif_rx_response rx_answer(void)
{
    uint8_t *ring = fx_page(f, rx_pfn);
    struct netif_rx_response r;
    ck_assert(!rx_none());
    memcpy(&r, ring + 64 + rx_cons % SLOTS * 8, sizeof r);
    ck_assert_uint_eq(r.id, rx_cons + 1000);
    rx_cons++;
    store32(ring + 12, rx_cons + 1);
    return r;
}

/* --- frames -------------------------------------------------------------------------- */

/* An Ethernet frame with IPv4 and `len` bytes of TCP (6) or UDP (17), checksum blank. */
static GByteArray *frame_of(uint8_t protocol, unsigned len)
{
    GByteArray *a = g_byte_array_new();
    unsigned total = 20 + len;
    uint8_t head[34] = {[12] = 8, [14] = 0x45, [22] = 64};
    head[16] = (uint8_t)(total >> 8);
    head[17] = (uint8_t)total;
    head[23] = protocol;
    memcpy(head + 26, (uint8_t[]){10, 0, 2, 15, 10, 0, 2, 2}, 8);
    g_byte_array_append(a, head, sizeof head);
    for (unsigned i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)(i * 7 + 3);
        g_byte_array_append(a, &byte, 1);
    }
    memset(a->data + 34 + (protocol == 6 ? 16 : 6), 0, 2);
    return a;
}

/* RFC 1071, a byte at a time: 0xFFFF when the segment's checksum is right. */
static unsigned slow_sum(const uint8_t *frame, unsigned len)
{
    uint32_t sum = frame[23] + (len - 34);
    for (unsigned i = 26; i < len; i++)
        sum += (unsigned)frame[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum;
}

static void put_frame(const GByteArray *frame, unsigned page)
{
    for (unsigned at = 0; at < frame->len; at += 4096)
        memcpy(fx_page(f, data_pfn[page++]), frame->data + at, MIN(4096u, frame->len - at));
}

static const uint8_t *sent_frame(unsigned i, unsigned len)
{
    ck_assert_uint_gt(sent->len, i);
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(g_ptr_array_index(sent, i), &size);
    ck_assert_uint_eq(size, len);
    return bytes;
}

/* --- connection ------------------------------------------------------------------------ */

START_TEST(test_offer)
{
    static const char *const nodes[][2] = {{"feature-rx-copy", "1"},
                                           {"feature-rx-flip", "0"},
                                           {"feature-sg", "1"},
                                           {"feature-gso-tcpv4", "1"},
                                           {"feature-split-event-channels", "1"},
                                           {"mac", "00:16:3e:01:02:03"},
                                           {"handle", "0"},
                                           {"mtu", "1500"}};
    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
        g_autofree char *path = g_strconcat(BACK, nodes[i][0], NULL);
        g_autofree char *value = xenstore_read(x, path);
        ck_assert_pstr_eq(value, nodes[i][1]);
    }
    g_autofree char *mac = xenstore_read(x, FRONT "mac");
    ck_assert_pstr_eq(mac, "00:16:3e:01:02:03");
    ck_assert_int_eq(back_state(), XenbusStateInitWait);
    ck_assert(!net_connected(net));
    ck_assert(!net_input(net, MAC, 6));
}
END_TEST

static void refused(const char *words)
{
    set_front("state", "4");
    g_autofree char *error = xenstore_read(x, ERROR_NODE);
    ck_assert_msg(error && strstr(error, words), "%s, not '%s'", error ? error : "no error", words);
    ck_assert_int_eq(back_state(), XenbusStateClosing);
    ck_assert(!net_connected(net));
    fx_recount(f);
    for (uint32_t ref = TX_REF; ref <= RX_REF; ref++)
        ck_assert_uint_eq(grant_entry(f->d, ref)->flags & (GTF_reading | GTF_writing), 0);
    set_front("state", "1");
    ck_assert_int_eq(back_state(), XenbusStateInitWait);
}

START_TEST(test_refused)
{
    prepare(false);
    set_front("request-rx-copy", "0");
    refused("never flipped");
    xenstore_rm(x, FRONT "request-rx-copy");
    refused("never flipped");
    set_front("request-rx-copy", "1");
    set_front("multi-queue-num-queues", "2");
    refused("there is one queue");
    set_front("multi-queue-num-queues", "1");
    set_front("tx-ring-ref", "x");
    refused("tx-ring-ref");
    set_front("tx-ring-ref", "500000");
    refused("tx-ring-ref 500000");
    set_front_number("tx-ring-ref", TX_REF);
    grant(RX_REF, rx_pfn, 5); /* read-only */
    refused("rx-ring-ref 9");
    grant(RX_REF, rx_pfn, 1);
    set_front("event-channel", "77");
    refused("event channel 77");
    xenstore_rm(x, FRONT "event-channel");
    refused("no event-channel");
    set_front_number("event-channel-tx", tx_port);
    set_front("event-channel-rx", "77");
    refused("event channel 77");
    set_front_number("event-channel-rx", new_port());
    set_front("state", "4");
    ck_assert_int_eq(back_state(), XenbusStateConnected);
}
END_TEST

START_TEST(test_split_ports)
{
    prepare(true);
    set_front("state", "4");
    ck_assert_int_eq(back_state(), XenbusStateConnected);
    g_autoptr(GByteArray) frame = frame_of(17, 100);
    put_frame(frame, 0);
    tx(DATA_REF, 0, frame->len, 0);
    tx_push();
    tx_answers(1, NETIF_RSP_OKAY);
    ck_assert(event(tx_port));
    ck_assert(!event(rx_port));
    rx(1, 1);
    ck_assert(net_notify(net, (uint16_t)rx_port));
    ck_assert(net_input(net, frame->data, frame->len));
    ck_assert(event(rx_port));
    ck_assert(!event(tx_port));
    ck_assert(!net_notify(net, 77));
    ck_assert(!net_notify(net, 0));
}
END_TEST

START_TEST(test_closes_and_returns)
{
    for (unsigned i = 0; i < 3; i++) {
        connect();
        rx(0, 1);
        g_autoptr(GByteArray) frame = frame_of(17, 100);
        ck_assert(net_input(net, frame->data, frame->len));
        ck_assert(net_input(net, frame->data, frame->len)); /* no buffer is left */
        rx_answer();
        set_front("state", "5");
        ck_assert_int_eq(back_state(), XenbusStateClosing);
        ck_assert(!net_connected(net));
        ck_assert(!net_notify(net, (uint16_t)tx_port));
        set_front("state", "6");
        ck_assert_int_eq(back_state(), XenbusStateClosed);
        set_front("state", "1");
        ck_assert_int_eq(back_state(), XenbusStateInitWait);
        xenstore_rm(x, FRONT "event-channel");
    }
    fx_recount(f);
}
END_TEST

/* --- from the guest -------------------------------------------------------------------- */

START_TEST(test_send)
{
    connect();
    g_autoptr(GByteArray) frame = frame_of(17, 200);
    memcpy((uint8_t *)fx_page(f, data_pfn[3]) + 50, frame->data, frame->len);
    tx(DATA_REF + 3, 50, frame->len, 0);
    tx_push();
    ck_assert_uint_eq(sent->len, 1);
    ck_assert_mem_eq(sent_frame(0, frame->len), frame->data, frame->len); /* as it was */
    tx_answers(1, NETIF_RSP_OKAY);
    ck_assert(event(tx_port));
    ck_assert_ptr_null(net_fault(net));
    /* Many, around the ring's end; no event for who asked for none. */
    store32((uint8_t *)fx_page(f, tx_pfn) + 12, tx_cons + 100000);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < SLOTS; i++)
            tx(DATA_REF + 3, 50, frame->len, 0);
        tx_push();
        ck_assert_int_eq(event(tx_port), 0);
        tx_answers(SLOTS, NETIF_RSP_OKAY);
        store32((uint8_t *)fx_page(f, tx_pfn) + 12, tx_cons + 100000);
    }
    ck_assert_uint_eq(sent->len, 1 + 4 * SLOTS);
}
END_TEST

/* What a front end wrote before the back end came. */
START_TEST(test_early)
{
    prepare(false);
    g_autoptr(GByteArray) frame = frame_of(17, 200);
    put_frame(frame, 0);
    tx(DATA_REF, 0, frame->len, 0);
    store32(fx_page(f, tx_pfn), tx_prod);
    set_front("state", "4");
    ck_assert_uint_eq(sent->len, 1);
    tx_answers(1, NETIF_RSP_OKAY);
}
END_TEST

START_TEST(test_parts)
{
    connect();
    g_autoptr(GByteArray) frame = frame_of(6, 3000);
    memcpy(fx_page(f, data_pfn[0]), frame->data, 100);
    memcpy((uint8_t *)fx_page(f, data_pfn[1]) + 1000, frame->data + 100, 1900);
    memcpy((uint8_t *)fx_page(f, data_pfn[2]) + 3062, frame->data + 2000, 1034);
    tx(DATA_REF, 0, frame->len, NETTXF_more_data | NETTXF_csum_blank | NETTXF_data_validated);
    tx(DATA_REF + 1, 1000, 1900, NETTXF_more_data);
    tx(DATA_REF + 2, 3062, 1034, 0);
    tx(DATA_REF, 0, 100, 0); /* and another packet */
    tx_push();
    tx_answers(4, NETIF_RSP_OKAY);
    const uint8_t *bytes = sent_frame(0, frame->len);
    ck_assert_uint_eq(slow_sum(bytes, frame->len), 0xFFFF);
    ck_assert(net_checksum_good(bytes, frame->len));
    memset((uint8_t *)bytes + 50, 0, 2);
    ck_assert_mem_eq(bytes, frame->data, frame->len);
    sent_frame(1, 100);
}
END_TEST

/* 64 KiB in one piece, to be cut by the card. */
START_TEST(test_segments)
{
    connect();
    g_autoptr(GByteArray) frame = frame_of(6, 65500 - 34);
    unsigned parts = (frame->len + 4095) / 4096;
    put_frame(frame, 0);
    tx(DATA_REF, 0, frame->len, NETTXF_extra_info | NETTXF_more_data);
    tx_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
    tx_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 1448, XEN_NETIF_GSO_TYPE_TCPV4);
    for (unsigned i = 1; i < parts; i++)
        tx(DATA_REF + i, 0, MIN(4096u, frame->len - i * 4096), i + 1 < parts ? NETTXF_more_data : 0);
    tx_push();
    ck_assert_int_eq(tx_answer(), NETIF_RSP_OKAY);
    ck_assert_int_eq(tx_answer(), NETIF_RSP_NULL);
    ck_assert_int_eq(tx_answer(), NETIF_RSP_NULL);
    tx_answers(parts - 1, NETIF_RSP_OKAY);
    ck_assert_uint_eq(slow_sum(sent_frame(0, frame->len), frame->len), 0xFFFF);
}
END_TEST

/* Packets that are answered with errors; the one behind them goes out. */
START_TEST(test_bad_packets)
{
    connect();
    struct {
        uint32_t ref;
        unsigned size, second;
        const char *words;
    } bad[] = {{DATA_REF, 13, 0, "13 bytes"},
               {DATA_REF, 0, 0, "0 bytes"},
               {DATA_REF, 100, 101, "behind its first part"},
               {400, 100, 0, "grant 400"},
               {UINT32_MAX, 100, 0, "grant 4294967295"},
               {DATA_REF + 39, 100, 0, "grant 55"}};
    *grant_entry(f->d, DATA_REF + 39) = (struct grant_entry){1, 0, FX_BEYOND};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        tx(bad[i].ref, 0, bad[i].size, bad[i].second ? NETTXF_more_data : 0);
        if (bad[i].second)
            tx(DATA_REF, 0, bad[i].second, 0);
        tx_push();
        tx_answers(bad[i].second ? 2 : 1, NETIF_RSP_ERROR);
        ck_assert_msg(strstr(net_fault(net), bad[i].words), "%s", net_fault(net));
    }
    for (unsigned i = 0; i < 19; i++)
        tx(DATA_REF, 0, i ? 10 : 1000, i < 18 ? NETTXF_more_data : 0);
    tx_push();
    tx_answers(19, NETIF_RSP_ERROR);
    for (unsigned i = 0; i < SLOTS; i++)
        tx(DATA_REF, 0, i ? 1 : 1000, i < SLOTS - 1 ? NETTXF_more_data : 0);
    tx_push();
    tx_answers(SLOTS, NETIF_RSP_ERROR);
    ck_assert_uint_eq(sent->len, 0);
    for (unsigned i = 0; i < 18; i++)
        tx(DATA_REF, 0, i ? 10 : 1000, i < 17 ? NETTXF_more_data : 0);
    tx_push();
    tx_answers(18, NETIF_RSP_OKAY);
    sent_frame(0, 1000);
    ck_assert_int_eq(back_state(), XenbusStateConnected);
}
END_TEST

/* Rings that make no sense: the connection is given up, with a word. */
static void breaks(const char *words)
{
    g_autofree char *error = xenstore_read(x, ERROR_NODE);
    ck_assert_msg(error && strstr(error, words), "%s, not '%s'", error ? error : "no error", words);
    ck_assert_int_eq(back_state(), XenbusStateClosing);
    ck_assert(!net_connected(net));
    ck_assert_uint_eq(grant_entry(f->d, TX_REF)->flags, 1);
    ck_assert_uint_eq(grant_entry(f->d, RX_REF)->flags, 1);
    fx_recount(f);
    xenstore_rm(x, ERROR_NODE);
    set_front("state", "1");
    connect();
}

START_TEST(test_broken_rings)
{
    g_autoptr(GByteArray) frame = frame_of(17, 200);
    connect();
    tx(DATA_REF, 4000, 97, 0);
    tx_push();
    breaks("bytes 4000 to 4097");
    tx(DATA_REF, 0xFFFF, 1000, NETTXF_more_data);
    tx(DATA_REF, 0xFFFF, 0xFFFF, 0);
    tx(DATA_REF, 0, 10, 0);
    tx_push(); /* the parts are more than the whole: that comes first */
    tx_answers(3, NETIF_RSP_ERROR);
    tx(DATA_REF, 0, 5000, NETTXF_more_data);
    tx(DATA_REF, 4095, 2, 0);
    tx_push();
    breaks("of a page");
    tx(DATA_REF, 0, 1000, NETTXF_more_data);
    tx_push();
    breaks("next part is not in");
    tx(DATA_REF, 0, 1000, NETTXF_extra_info);
    tx_push();
    breaks("extra info is not in");
    tx(DATA_REF, 0, 1000, NETTXF_extra_info);
    for (unsigned i = 1; i < SLOTS; i++)
        tx_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
    tx_push();
    breaks("extra info is not in");
    static const struct {
        uint8_t type, gso;
        uint16_t size;
    } extras[] = {{0, 0, 0}, {5, 0, 0}, {255, 1, 1448}, {1, 1, 0}, {1, 0, 1448}, {1, 2, 1448}};
    for (size_t i = 0; i < G_N_ELEMENTS(extras); i++) {
        tx(DATA_REF, 0, 1000, NETTXF_extra_info);
        tx_extra(extras[i].type, 0, extras[i].size, extras[i].gso);
        tx_push();
        breaks(extras[i].type == 1 ? "segments of" : "extra info of type");
    }
    static const uint32_t far[] = {SLOTS + 1, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < G_N_ELEMENTS(far); i++) {
        store32(fx_page(f, tx_pfn), far[i]);
        ck_assert(net_notify(net, (uint16_t)tx_port));
        breaks("the tx ring's req_prod");
        store32(fx_page(f, rx_pfn), far[i]);
        ck_assert(net_notify(net, (uint16_t)tx_port));
        net_input(net, frame->data, frame->len);
        breaks("the rx ring's req_prod");
    }
    ck_assert_uint_eq(sent->len, 0);
}
END_TEST

/* --- to the guest ---------------------------------------------------------------------- */

START_TEST(test_receive)
{
    connect();
    g_autoptr(GByteArray) frame = frame_of(6, 1400);
    rx(0, 3);
    ck_assert(net_input(net, frame->data, frame->len)); /* its checksum is wrong */
    net_checksum_complete(frame->data, frame->len);
    ck_assert(net_input(net, frame->data, frame->len));
    ck_assert(event(rx_port));
    struct netif_rx_response r = rx_answer();
    ck_assert_int_eq(r.status, frame->len);
    ck_assert_uint_eq(r.flags, 0);
    ck_assert_uint_eq(r.offset, 0);
    r = rx_answer();
    ck_assert_uint_eq(r.flags, NETRXF_data_validated);
    ck_assert_mem_eq(fx_page(f, data_pfn[1]), frame->data, frame->len);
    ck_assert(rx_none());
    ck_assert(f->mem->marks[fx_mfn(f, data_pfn[1]).mfn] & MARK_DIRTY);
    fx_recount(f);
}
END_TEST

/* A front end of Xen 3.0.0 to 3.2 awaits pages, which come with packets in them. */
static void flips(enum ring1_xen xen)
{
    teardown();
    setup_for(xen);
    prepare(false);
    xenstore_rm(x, FRONT "request-rx-copy");
    set_front("state", "4");
    ck_assert_int_eq(back_state(), XenbusStateConnected);
    f->d->s.max_pages += 1;
    for (uint32_t i = 0; i < 4; i++)
        *grant_entry(f->d, DATA_REF + i) = (struct grant_entry){GTF_accept_transfer, i == 2, 0x77 + i};
    rx(0, 4);
    g_autoptr(GByteArray) frame = frame_of(17, 100);
    ck_assert(!net_input(net, frame->data, 4096 - 17));
    for (unsigned i = 0; i < 4; i++)
        ck_assert(net_input(net, frame->data, frame->len));
    struct netif_rx_response r = rx_answer();
    ck_assert_int_eq(r.status, frame->len);
    ck_assert_uint_eq(r.offset, 18);
    const struct grant_entry *e = grant_entry(f->d, DATA_REF);
    ck_assert_uint_eq(e->flags, GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed);
    ck_assert_uint_eq(frame_info(f->mem, MFN(e->frame))->owner, f->d->s.domid);
    ck_assert_uint_eq(m2p_get(f->mem, MFN(e->frame)), 0x77);
    const uint8_t *page = frame_ptr(f->mem, MFN(e->frame));
    ck_assert_mem_eq(page + 18, frame->data, frame->len);
    /* No page more than the domain may have, and none that it does not wait for. */
    ck_assert_int_eq(rx_answer().status, NETIF_RSP_ERROR);
    ck_assert_uint_eq(grant_entry(f->d, DATA_REF + 1)->flags, GTF_accept_transfer);
    ck_assert(strstr(net_fault(net), "no page more"));
    f->d->s.max_pages += 4;
    ck_assert_int_eq(rx_answer().status, NETIF_RSP_ERROR);
    ck_assert_int_eq(rx_answer().status, NETIF_RSP_ERROR);
    f->d->why[0] = '\0'; /* the first reason stays */
    *grant_entry(f->d, DATA_REF) = (struct grant_entry){GTF_permit_access, 0, fx_mfn(f, data_pfn[0]).mfn};
    rx(0, 1);
    ck_assert(net_input(net, frame->data, frame->len));
    ck_assert_int_eq(rx_answer().status, NETIF_RSP_ERROR);
    ck_assert(strstr(net_fault(net), "awaits no page"));
    fx_recount(f);
}

START_TEST(test_flip)
{
    flips(RING1_XEN_3_0_0);
    flips(RING1_XEN_3_2);
}
END_TEST

/* Frames wait for buffers, in order, and the guest is asked to tell of new ones. */
START_TEST(test_flow_control)
{
    connect();
    uint8_t *ring = fx_page(f, rx_pfn);
    g_autoptr(GByteArray) frame = frame_of(17, 100);
    for (unsigned i = 0; i < 100; i++) {
        frame->data[0] = (uint8_t)i;
        ck_assert(net_input(net, frame->data, frame->len));
    }
    ck_assert(rx_none());
    ck_assert_uint_eq(load32(ring + 4), 1); /* req_event */
    for (unsigned i = 0; i < 100; i += 4) {
        rx(0, 4);
        ck_assert(i % 8 ? net_poll(net) : net_notify(net, (uint16_t)rx_port));
        for (unsigned j = 0; j < 4; j++) {
            ck_assert_int_eq(rx_answer().status, frame->len);
            ck_assert_uint_eq(*(uint8_t *)fx_page(f, data_pfn[j]), i + j);
        }
        ck_assert(rx_none());
    }
    ck_assert(!net_poll(net));
    /* As many as may wait. */
    unsigned taken = 0;
    while (taken < 5000 && net_input(net, frame->data, frame->len))
        taken++;
    ck_assert_uint_eq(taken, 1024);
    rx(0, 1);
    net_poll(net);
    ck_assert(net_input(net, frame->data, frame->len));
    ck_assert(!net_input(net, frame->data, frame->len));
}
END_TEST

START_TEST(test_receive_parts)
{
    connect();
    g_autoptr(GByteArray) frame = frame_of(17, 9000);
    net_checksum_complete(frame->data, frame->len);
    rx(0, 2);
    ck_assert(net_input(net, frame->data, frame->len));
    ck_assert(rx_none()); /* three are needed */
    ck_assert_uint_eq(load32((uint8_t *)fx_page(f, rx_pfn) + 4), 3);
    rx(2, 2);
    net_notify(net, (uint16_t)rx_port);
    for (unsigned i = 0; i < 3; i++) {
        struct netif_rx_response r = rx_answer();
        unsigned len = MIN(4096u, frame->len - i * 4096);
        ck_assert_int_eq(r.status, len);
        ck_assert_uint_eq(r.flags, (i < 2 ? NETRXF_more_data : 0) | (i ? 0 : NETRXF_data_validated));
        ck_assert_mem_eq(fx_page(f, data_pfn[i]), frame->data + i * 4096, len);
    }
    ck_assert(rx_none());
    /* The longest, and one too long or too short. */
    static uint8_t longest[NET_FRAME_MAX + 1];
    rx(0, 16);
    ck_assert(net_input(net, longest, NET_FRAME_MAX));
    for (unsigned i = 0; i < 16; i++)
        rx_answer();
    ck_assert(rx_none());
    ck_assert(!net_input(net, longest, NET_FRAME_MAX + 1));
    ck_assert(!net_input(net, longest, 13));
}
END_TEST

START_TEST(test_receive_without_sg)
{
    prepare(false);
    xenstore_rm(x, FRONT "feature-sg");
    set_front("state", "4");
    static uint8_t frame[5000];
    rx(0, 4);
    ck_assert(!net_input(net, frame, 4097));
    ck_assert(net_input(net, frame, 4096));
    ck_assert_int_eq(rx_answer().status, 4096);
    ck_assert(rx_none());
}
END_TEST

START_TEST(test_bad_buffers)
{
    connect();
    g_autoptr(GByteArray) frame = frame_of(17, 5000);
    grant(DATA_REF + 1, data_pfn[1], 5); /* read-only */
    rx(0, 2);
    ck_assert(net_input(net, frame->data, frame->len));
    struct netif_rx_response r = rx_answer();
    ck_assert_int_eq(r.status, NETIF_RSP_ERROR);
    ck_assert_uint_eq(r.flags, NETRXF_more_data);
    ck_assert_int_eq(rx_answer().status, NETIF_RSP_ERROR);
    rx(500, 1);
    ck_assert(net_input(net, frame->data, 1000));
    ck_assert_int_eq(rx_answer().status, NETIF_RSP_ERROR);
    rx(2, 1);
    ck_assert(net_input(net, frame->data, 1000));
    ck_assert_int_eq(rx_answer().status, 1000);
    fx_recount(f);
}
END_TEST

/* --- snapshots, suspend ------------------------------------------------------------------ */

START_TEST(test_snapshot)
{
    connect();
    g_autoptr(GByteArray) frame = frame_of(17, 300);
    rx(0, 1);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(net_input(net, frame->data, frame->len - i));
    g_autoptr(GBytes) saved = net_save(net);
    g_autoptr(GError) error = NULL;
    net_input(net, frame->data, frame->len); /* is forgotten */
    ck_assert(net_restore(net, saved, &error));
    rx(1, 4);
    ck_assert(net_notify(net, (uint16_t)tx_port));
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(rx_answer().status, (int)(frame->len - i));
    ck_assert(rx_none());
    gsize len;
    const uint8_t *bytes = g_bytes_get_data(saved, &len);
    for (size_t cut = 0; cut < len; cut += cut < len - 400 ? 37 : 1) {
        g_autoptr(GBytes) part = g_bytes_new(bytes, cut);
        g_autoptr(GError) why = NULL;
        ck_assert(!net_restore(net, part, &why));
        ck_assert(g_error_matches(why, RING1_ERROR, RING1_ERROR_INPUT));
    }
    ck_assert(net_restore(net, saved, &error));
}
END_TEST

START_TEST(test_suspend)
{
    connect();
    g_autoptr(GByteArray) frame = frame_of(17, 300);
    ck_assert(net_input(net, frame->data, frame->len));
    net_suspend(net);
    ck_assert(!net_connected(net));
    ck_assert_uint_eq(grant_entry(f->d, TX_REF)->flags, 1);
    net_resume(net);
    ck_assert_int_eq(back_state(), XenbusStateInitWait);
    connect();
    rx(0, 1);
    ck_assert(net_notify(net, (uint16_t)tx_port));
    ck_assert(rx_none()); /* what waited is gone */
}
END_TEST

/* --- checksums ---------------------------------------------------------------------------- */

START_TEST(test_checksums)
{
    for (unsigned len = 20; len < 200; len++) {
        g_autoptr(GByteArray) frame = frame_of(len % 2 ? 6 : 17, len);
        ck_assert(net_checksum_complete(frame->data, frame->len));
        ck_assert_uint_eq(slow_sum(frame->data, frame->len), 0xFFFF);
        ck_assert(net_checksum_good(frame->data, frame->len));
        frame->data[frame->len - 1] ^= 1;
        ck_assert(!net_checksum_good(frame->data, frame->len));
    }
    /* Padding behind the datagram does not count. */
    g_autoptr(GByteArray) padded = frame_of(17, 21);
    net_checksum_complete(padded->data, padded->len);
    g_byte_array_append(padded, (const uint8_t *)"xyz", 3);
    ck_assert(net_checksum_good(padded->data, padded->len));
    /* UDP: 0 is no checksum, and a sum of 0 is written as 0xFFFF. */
    g_autoptr(GByteArray) udp = frame_of(17, 10);
    ck_assert(net_checksum_good(udp->data, udp->len));
    net_checksum_complete(udp->data, udp->len);
    udp->data[42] = udp->data[40];
    udp->data[43] = udp->data[41];
    ck_assert(net_checksum_complete(udp->data, udp->len));
    ck_assert(udp->data[40] || udp->data[41]);
}
END_TEST

START_TEST(test_no_checksum)
{
    struct {
        unsigned at;
        uint8_t byte;
    } spoilt[] = {{12, 0x86}, {14, 0x65}, {14, 0x44}, {14, 0x4F}, {16, 0xFF}, {17, 19},
                  {17, 20},   {17, 39},   {20, 0x20}, {21, 1},    {23, 1}};
    for (size_t i = 0; i < G_N_ELEMENTS(spoilt); i++) {
        g_autoptr(GByteArray) frame = frame_of(6, 30);
        frame->data[spoilt[i].at] = spoilt[i].byte;
        ck_assert_msg(!net_checksum_complete(frame->data, frame->len), "%zu", i);
        ck_assert(!net_checksum_good(frame->data, frame->len));
    }
    g_autoptr(GByteArray) frame = frame_of(6, 30);
    for (unsigned len = 0; len < frame->len; len++)
        ck_assert(!net_checksum_complete(frame->data, len));
}
END_TEST

static void add(Suite *s, const char *name, const TTest *const *tests)
{
    TCase *c = tcase_create(name);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    for (; *tests; tests++)
        tcase_add_test(c, *tests);
    suite_add_tcase(s, c);
}

int main(void)
{
    Suite *s = suite_create("net");
    add(s, "connection",
        (const TTest *const[]){test_offer, test_refused, test_split_ports, test_closes_and_returns,
                               test_snapshot, test_suspend, NULL});
    add(s, "from the guest",
        (const TTest *const[]){test_send, test_early, test_parts, test_segments, test_bad_packets,
                               test_broken_rings, NULL});
    add(s, "to the guest",
        (const TTest *const[]){test_receive, test_flow_control, test_receive_parts, test_receive_without_sg,
                               test_bad_buffers, test_flip, NULL});
    add(s, "checksums", (const TTest *const[]){test_checksums, test_no_checksum, NULL});
    return fx_main(s);
}
