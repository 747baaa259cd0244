/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fuzz_net.c - the network back end against any front end. A frame that comes out of the
 * card has the length that it says, what the guest did not grant stays as it is, and
 * nothing stays mapped.
 */
#include "device_world.h"
#include "devices/net.h"
#include "dispatch/grant.h"
#include "dispatch/shared.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <xen/io/netif.h>

#define FRONT "/local/domain/1/device/vif/0"
#define TX    FRONT_PFN
#define RX    (FRONT_PFN + 1)

/* A sanitizer sees a byte that is not there. */
static void on_output(void *user, const uint8_t *frame, uint32_t len)
{
    uint32_t *sum = user;
    if (len < 14 || len > NET_FRAME_MAX)
        abort();
    for (uint32_t i = 0; i < len; i++)
        *sum += frame[i];
}

/* A slot of the tx ring, mostly of the right form. */
static void put_tx(struct world *w, struct feed *f, uint32_t slot)
{
    uint8_t how = feed_byte(f);
    uint8_t *at = world_page(w, TX) + 64 + slot % 256 * 12;
    if (how & 0x80) {
        struct netif_extra_info e = {.type = how & 7, .flags = how >> 3 & 1};
        e.u.gso.size = (uint16_t)feed_interesting(f);
        e.u.gso.type = how >> 4 & 3;
        memcpy(at, &e, sizeof e);
    } else {
        struct netif_tx_request r = {.id = (uint16_t)slot, .flags = how & 15};
        r.gref = FRONT_REF + feed_byte(f) % (FRONT_PAGES + 2);
        r.offset = how & 0x10 ? (uint16_t)feed_interesting(f) : feed_byte(f);
        r.size = how & 0x20 ? (uint16_t)feed_interesting(f) : (uint16_t)(14 + feed_byte(f));
        memcpy(at, &r, sizeof r);
    }
}

static void put_rx(struct world *w, struct feed *f, uint32_t slot)
{
    struct netif_rx_request r = {.id = (uint16_t)slot, .gref = FRONT_REF + feed_byte(f) % (FRONT_PAGES + 2)};
    memcpy(world_page(w, RX) + 64 + slot % 256 * 8, &r, sizeof r);
}

static void connect(struct world *w, struct xenstore *x)
{
    device_world_channel(w, x, FRONT);
    xenstore_write(x, FRONT "/tx-ring-ref", "8");
    xenstore_write(x, FRONT "/rx-ring-ref", "9");
    xenstore_write(x, FRONT "/request-rx-copy", "1");
    xenstore_write(x, FRONT "/state", "4");
}

static void kick(struct net *n)
{
    for (uint16_t port = 0; port < 16; port++)
        net_notify(n, port);
}

static void input(struct net *n, struct feed *f)
{
    static uint8_t frame[NET_FRAME_MAX];
    uint32_t len = feed_byte(f) & 1 ? feed_interesting(f) & 0xFFFF : 14u + feed_byte(f);
    memset(frame, 0, 64);
    frame[12] = 8;
    frame[14] = 0x45;
    frame[16] = feed_byte(f) & 1;
    frame[17] = feed_byte(f);
    frame[23] = feed_byte(f) & 1 ? 6 : 17;
    net_input(n, frame, MIN(len, NET_FRAME_MAX));
}

static void step(struct world *w, struct xenstore *x, struct net *n, struct feed *f, uint32_t *tx,
                 uint32_t *rx)
{
    static const char *const nodes[] = {
        "state",           "tx-ring-ref",      "rx-ring-ref",      "event-channel",
        "request-rx-copy", "event-channel-tx", "event-channel-rx", "multi-queue-num-queues",
        "state",           "feature-sg"};
    switch (feed_byte(f) % 6) {
    case 0:
        device_world_step(w, x, f, FRONT, nodes, G_N_ELEMENTS(nodes));
        break;
    case 1:
    case 2:
        put_tx(w, f, (*tx)++);
        store32(world_page(w, TX), *tx);
        break;
    case 3:
        put_rx(w, f, (*rx)++);
        store32(world_page(w, RX), *rx);
        break;
    case 4:
        input(n, f);
        break;
    case 5:
        kick(n);
        net_poll(n);
        *tx = load32(world_page(w, TX));
        *rx = load32(world_page(w, RX));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t mac[NET_MAC_LEN] = {0, 0x16, 0x3E, 0, 0, 1};
    struct feed f = {data, size};
    struct world *w = device_world();
    struct xenstore *x = device_world_xenstore(w);
    uint8_t how = feed_byte(&f);
    uint32_t sum = 0, tx = 0, rx = 0;
    struct net *n = net_new(x, w->d, 0, mac, on_output, &sum);
    if (how & 1)
        xenstore_write(x, FRONT "/feature-sg", "1");
    if (!(how & 2))
        connect(w, x);
    for (unsigned i = 0; f.left > 0 && i < 512; i++)
        step(w, x, n, &f, &tx, &rx);
    kick(n);
    device_world_check(w);
    g_autoptr(GBytes) saved = net_save(n);
    if (!net_restore(n, saved, NULL))
        abort();
    xenstore_write(x, FRONT "/state", "6");
    device_world_check(w);
    for (uint32_t i = 0; i < FRONT_PAGES + 4; i++)
        if (grant_entry(w->d, FRONT_REF + i)->flags & (GTF_reading | GTF_writing))
            abort(); /* a mapping was kept */
    net_free(n);
    xenstore_free(x);
    return 0;
}
