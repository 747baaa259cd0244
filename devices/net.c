/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net.c - see net.h: the two rings and the packets in them. What is a front end's fault
 * beyond a single packet ends the connection, as in Linux's xenvif_fatal_tx_err; a
 * packet that is no good is answered with an error.
 */
#include "net.h"

#include "dispatch/evtchn.h"
#include "net_checksum.h"
#include "ring.h"
#include "xenbus.h"

#include <ring1/ring1.h>
#include <xen/io/netif.h>

G_STATIC_ASSERT(sizeof(struct netif_tx_request) == 12 && sizeof(struct netif_tx_response) == 4);
G_STATIC_ASSERT(sizeof(struct netif_extra_info) == 8);
G_STATIC_ASSERT(sizeof(struct netif_rx_request) == 8 && sizeof(struct netif_rx_response) == 8);

#define ETHER_HEADER 14u
#define MTU          1500u
/* Requests of one packet, as netback has it. */
#define MAX_SLOTS XEN_NETIF_NR_SLOTS_MIN
/* Requests in a ring of one page. */
#define RING_SLOTS 256u
/* What waits for the guest at most. */
#define QUEUE_BYTES  (1u << 20)
#define QUEUE_FRAMES 1024u
/* Where a packet begins in a page that goes to the guest: Linux wants 16 bytes before
 * it, and its IP header aligned. */
#define FLIP_OFFSET 18u

/* All that a snapshot has to hold, beside the packets. */
struct net_state {
    struct ring tx, rx;
    uint32_t tx_port, rx_port; /* one and the same, or two; 0: none */
    uint32_t xenbus;           /* xenbus_save */
    uint32_t nr_queued;
    bool sg; /* the front end takes packets in several buffers */
    /* It gives pages away and gets others, with packets in them: those of Xen 3.0.0 and
     * some time after know no other way. */
    bool flip;
};

struct net {
    struct domain *d;
    struct xenbus *bus;
    net_output_fn output;
    void *output_user;
    unsigned handle;
    uint8_t mac[NET_MAC_LEN];
    struct net_state s;
    GQueue queue; /* GBytes: frames that wait for buffers */
    size_t queued_bytes;
    char *fault;
    bool busy; /* serving */
    uint8_t frame[NET_FRAME_MAX];
};

static void fault(struct net *n, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void fault(struct net *n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_free(n->fault);
    n->fault = g_strdup_vprintf(format, args);
    va_end(args);
}

const char *net_fault(const struct net *n)
{
    return n->fault;
}

bool net_connected(const struct net *n)
{
    return n->s.rx.nr_pages != 0;
}

static void send_event(struct net *n, uint32_t port)
{
    evtchn_backend_send(n->d, port);
}

/* --- from the guest --------------------------------------------------------------- */

/* A packet as its requests describe it. */
struct packet {
    struct netif_tx_request slot[MAX_SLOTS]; /* the first one's size is the packet's */
    unsigned nr_slots;                       /* more than there is room for: counted only */
    struct netif_extra_info gso;             /* type 0: none */
    /* Every request in the ring's order, for the answers. */
    struct {
        uint16_t id;
        bool extra;
    } taken[RING_SLOTS];
    unsigned nr_taken;
};

/* False: there is none, and the fault says why. */
static bool take_next(struct net *n, struct packet *p, bool extra, void *request)
{
    enum ring_state state = p->nr_taken < RING_SLOTS ? ring_take(n->d, &n->s.tx, request) : RING_EMPTY;
    if (state == RING_BROKEN)
        fault(n, "the tx ring's req_prod is beyond its end");
    else if (state == RING_EMPTY)
        fault(n, "a packet's %s is not in the tx ring", extra ? "extra info" : "next part");
    if (state != RING_TAKEN)
        return false;
    p->taken[p->nr_taken].extra = extra;
    if (!extra)
        p->taken[p->nr_taken].id = ((const struct netif_tx_request *)request)->id;
    p->nr_taken++;
    return true;
}

static bool take_extra(struct net *n, struct packet *p, const struct netif_extra_info *e)
{
    if (e->type == XEN_NETIF_EXTRA_TYPE_NONE || e->type >= XEN_NETIF_EXTRA_TYPE_MAX) {
        fault(n, "extra info of type %u", e->type);
        return false;
    }
    if (e->type != XEN_NETIF_EXTRA_TYPE_GSO)
        return true;
    if (e->u.gso.size == 0 || e->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4) {
        fault(n, "segments of %u bytes, type %u", e->u.gso.size, e->u.gso.type);
        return false;
    }
    p->gso = *e;
    return true;
}

/* A slot of the ring as request or extra info. */
union tx_slot {
    struct netif_tx_request request;
    struct netif_extra_info extra;
};

/* All requests of the next packet. False: the ring makes no sense. */
static bool take_packet(struct net *n, struct packet *p)
{
    union tx_slot s;
    bool extra;
    p->nr_slots = p->nr_taken = 0;
    p->gso.type = XEN_NETIF_EXTRA_TYPE_NONE;
    if (!take_next(n, p, false, &s))
        return false;
    p->slot[p->nr_slots++] = s.request;
    uint16_t flags = s.request.flags;
    for (extra = flags & NETTXF_extra_info; extra; extra = s.extra.flags & XEN_NETIF_EXTRA_FLAG_MORE)
        if (!take_next(n, p, true, &s) || !take_extra(n, p, &s.extra))
            return false;
    for (; flags & NETTXF_more_data; flags = s.request.flags) {
        if (!take_next(n, p, false, &s))
            return false;
        if (p->nr_slots < MAX_SLOTS)
            p->slot[p->nr_slots] = s.request;
        p->nr_slots++;
    }
    return true;
}

/* The first request has the size of all; turn it into its own part's. False: the parts
 * are more than the whole. */
static bool settle_sizes(struct net *n, struct packet *p, uint32_t *total)
{
    *total = p->slot[0].size;
    uint32_t others = 0;
    for (unsigned i = 1; i < p->nr_slots; i++)
        others += p->slot[i].size;
    if (others > *total) {
        fault(n, "a packet of %u bytes has %u bytes behind its first part", *total, others);
        return false;
    }
    p->slot[0].size = (uint16_t)(*total - others);
    return true;
}

static bool check_parts(struct net *n, const struct packet *p)
{
    for (unsigned i = 0; i < MIN(p->nr_slots, MAX_SLOTS); i++) {
        const struct netif_tx_request *r = &p->slot[i];
        if ((uint32_t)r->offset + r->size > RING1_PAGE_SIZE) {
            fault(n, "part %u of a packet: bytes %u to %u of a page", i, r->offset, r->offset + r->size);
            return false;
        }
    }
    return true;
}

static bool copy_parts(struct net *n, const struct packet *p)
{
    uint32_t done = 0;
    for (unsigned i = 0; i < p->nr_slots; i++) {
        const struct netif_tx_request *r = &p->slot[i];
        if (grant_copy_from(n->d, r->gref, r->offset, n->frame + done, r->size)) {
            fault(n, "part %u of a packet: grant %u: %s", i, r->gref, n->d->why);
            return false;
        }
        done += r->size;
    }
    return true;
}

static void respond(struct net *n, const struct packet *p, int16_t status)
{
    for (unsigned i = 0; i < p->nr_taken; i++) {
        struct netif_tx_response r = {.id = p->taken[i].id, .status = status};
        if (p->taken[i].extra)
            r = (struct netif_tx_response){.status = NETIF_RSP_NULL};
        ring_respond(n->d, &n->s.tx, &r, sizeof r);
    }
    if (ring_push(n->d, &n->s.tx))
        send_event(n, n->s.tx_port);
}

/* Send one packet, and answer it. False: the front end is not to be served any more. */
static bool send_packet(struct net *n)
{
    struct packet p;
    uint32_t total = 0;
    if (!take_packet(n, &p))
        return false;
    bool good = p.nr_slots <= MAX_SLOTS;
    if (!good)
        fault(n, "a packet in %u parts", p.nr_slots);
    good = good && settle_sizes(n, &p, &total);
    if (good && !check_parts(n, &p))
        return false;
    if (good && total < ETHER_HEADER) {
        fault(n, "a packet of %u bytes", total);
        good = false;
    }
    good = good && copy_parts(n, &p);
    if (good) {
        if ((p.slot[0].flags & NETTXF_csum_blank) || p.gso.type)
            net_checksum_complete(n->frame, total);
        n->output(n->output_user, n->frame, total);
    }
    respond(n, &p, good ? NETIF_RSP_OKAY : NETIF_RSP_ERROR);
    return true;
}

/* False: the ring makes no sense. */
static bool serve_tx(struct net *n)
{
    do {
        while (ring_waiting(n->d, &n->s.tx))
            if (!send_packet(n))
                return false;
    } while (ring_wait(n->d, &n->s.tx) && ring_waiting(n->d, &n->s.tx));
    union tx_slot next;
    if (ring_look(n->d, &n->s.tx, &next) != RING_BROKEN)
        return true;
    fault(n, "the tx ring's req_prod is beyond its end");
    return false;
}

/* --- to the guest ----------------------------------------------------------------- */

static void drop_first(struct net *n)
{
    GBytes *frame = g_queue_pop_head(&n->queue);
    n->queued_bytes -= g_bytes_get_size(frame);
    g_bytes_unref(frame);
}

static void drop_all(struct net *n)
{
    while (!g_queue_is_empty(&n->queue))
        drop_first(n);
}

static int16_t give_bytes(struct net *n, uint32_t ref, const uint8_t *bytes, uint32_t len)
{
    return n->s.flip ? grant_transfer(n->d, ref, FLIP_OFFSET, bytes, len)
                     : grant_copy_to(n->d, ref, 0, bytes, len);
}

/* Put a frame into the next `nr` buffers, which are there, and answer them. */
static void receive(struct net *n, const uint8_t *frame, uint32_t len, unsigned nr)
{
    struct netif_rx_response answers[NET_FRAME_MAX / RING1_PAGE_SIZE + 1];
    bool good = true;
    for (unsigned i = 0; i < nr; i++) {
        uint32_t at = i * RING1_PAGE_SIZE, size = MIN(len - at, RING1_PAGE_SIZE);
        struct netif_rx_request r;
        ring_take(n->d, &n->s.rx, &r);
        if (good && give_bytes(n, r.gref, frame + at, size)) {
            fault(n, "a buffer: grant %u: %s", r.gref, n->d->why);
            good = false;
        }
        answers[i] = (struct netif_rx_response){
            .id = r.id,
            .offset = n->s.flip ? FLIP_OFFSET : 0,
            .flags = i + 1 < nr ? NETRXF_more_data : 0,
            .status = (int16_t)size,
        };
    }
    if (good && net_checksum_good(frame, len))
        answers[0].flags |= NETRXF_data_validated;
    for (unsigned i = 0; i < nr; i++) {
        if (!good)
            answers[i].status = NETIF_RSP_ERROR;
        ring_respond(n->d, &n->s.rx, &answers[i], sizeof answers[i]);
    }
}

/* Give the guest what waits for it, as far as it gives buffers. False: the ring makes
 * no sense. */
static bool serve_rx(struct net *n, bool *moved)
{
    struct netif_rx_request next;
    while (!g_queue_is_empty(&n->queue)) {
        gsize len;
        const uint8_t *frame = g_bytes_get_data(g_queue_peek_head(&n->queue), &len);
        unsigned nr = ((unsigned)len + RING1_PAGE_SIZE - 1) / RING1_PAGE_SIZE;
        if (ring_look(n->d, &n->s.rx, &next) == RING_BROKEN) {
            fault(n, "the rx ring's req_prod is beyond its end");
            return false;
        }
        if (!ring_wait_for(n->d, &n->s.rx, nr))
            break;
        receive(n, frame, (uint32_t)len, nr);
        drop_first(n);
        *moved = true;
    }
    if (*moved && ring_push(n->d, &n->s.rx))
        send_event(n, n->s.rx_port);
    return true;
}

static bool serve(struct net *n)
{
    bool moved = false;
    if (n->busy || !net_connected(n))
        return false;
    n->busy = true;
    bool good = serve_tx(n) && serve_rx(n, &moved);
    n->busy = false;
    if (!good)
        xenbus_fail(n->bus, "%s", n->fault);
    return moved;
}

bool net_input(struct net *n, const uint8_t *frame, uint32_t len)
{
    uint32_t most = n->s.sg ? NET_FRAME_MAX : RING1_PAGE_SIZE - (n->s.flip ? FLIP_OFFSET : 0);
    if (!net_connected(n) || len < ETHER_HEADER || len > most || n->queued_bytes + len > QUEUE_BYTES ||
        g_queue_get_length(&n->queue) >= QUEUE_FRAMES)
        return false;
    g_queue_push_tail(&n->queue, g_bytes_new(frame, len));
    n->queued_bytes += len;
    serve(n);
    return true;
}

bool net_notify(struct net *n, uint16_t port)
{
    if (port == 0 || (port != n->s.tx_port && port != n->s.rx_port))
        return false;
    serve(n);
    return true;
}

bool net_poll(struct net *n)
{
    return !g_queue_is_empty(&n->queue) && serve(n);
}

/* --- connection ------------------------------------------------------------------- */

static void offer(void *device)
{
    struct net *n = device;
    xenbus_put(n->bus, "feature-rx-copy", "1");
    xenbus_put(n->bus, "feature-rx-flip", "0");
    xenbus_put(n->bus, "feature-sg", "1");
    xenbus_put(n->bus, "feature-gso-tcpv4", "1");
    xenbus_put(n->bus, "feature-split-event-channels", "1");
}

/* One port for both directions, or one for each. */
static bool bind_ports(struct net *n)
{
    uint32_t tx, rx;
    if (xenbus_get_number(n->bus, "event-channel", UINT16_MAX, &tx)) {
        rx = tx;
    } else if (!xenbus_get_number(n->bus, "event-channel-tx", UINT16_MAX, &tx) ||
               !xenbus_get_number(n->bus, "event-channel-rx", UINT16_MAX, &rx)) {
        xenbus_fail(n->bus, "there is no event-channel, nor event-channel-tx and event-channel-rx");
        return false;
    }
    if (evtchn_backend_bind(n->d, tx, BACKEND_DEVICE)) {
        xenbus_fail(n->bus, "event channel %u does not wait for domain 0", tx);
        return false;
    }
    n->s.tx_port = tx;
    if (rx != tx && evtchn_backend_bind(n->d, rx, BACKEND_DEVICE)) {
        xenbus_fail(n->bus, "event channel %u does not wait for domain 0", rx);
        return false;
    }
    n->s.rx_port = rx;
    return true;
}

static bool map_rings(struct net *n)
{
    uint32_t tx, rx;
    if (!xenbus_get_number(n->bus, "tx-ring-ref", UINT32_MAX, &tx) ||
        !xenbus_get_number(n->bus, "rx-ring-ref", UINT32_MAX, &rx)) {
        xenbus_fail(n->bus, "the front end's tx-ring-ref or rx-ring-ref is no good");
        return false;
    }
    if (ring_map(n->d, &n->s.tx, &tx, 1, sizeof(union tx_slot))) {
        xenbus_fail(n->bus, "tx-ring-ref %u: %s", tx, n->d->why);
        return false;
    }
    if (ring_map(n->d, &n->s.rx, &rx, 1, sizeof(struct netif_rx_request))) {
        xenbus_fail(n->bus, "rx-ring-ref %u: %s", rx, n->d->why);
        return false;
    }
    return true;
}

static bool connect_rings(void *device)
{
    struct net *n = device;
    uint32_t yes = 0, queues;
    bool copies = xenbus_get_number(n->bus, "request-rx-copy", 1, &yes) && yes;
    if (!copies && n->d->abi->xen >= RING1_XEN_4_17) {
        xenbus_fail(n->bus, "request-rx-copy is not 1: packets are copied to the guest, never flipped");
        return false;
    }
    if (xenbus_get_number(n->bus, "multi-queue-num-queues", UINT32_MAX, &queues) && queues != 1) {
        xenbus_fail(n->bus, "multi-queue-num-queues is %u: there is one queue", queues);
        return false;
    }
    if (!map_rings(n) || !bind_ports(n))
        return false;
    n->s.flip = !copies;
    n->s.sg = copies && xenbus_get_number(n->bus, "feature-sg", 1, &yes) && yes;
    g_clear_pointer(&n->fault, g_free);
    /* A request may stand there already. */
    serve(n);
    return net_connected(n);
}

static void let_go(struct net *n)
{
    if (n->s.tx_port)
        evtchn_backend_unbind(n->d, n->s.tx_port);
    if (n->s.rx_port && n->s.rx_port != n->s.tx_port)
        evtchn_backend_unbind(n->d, n->s.rx_port);
    ring_unmap(n->d, &n->s.tx);
    ring_unmap(n->d, &n->s.rx);
    drop_all(n);
    n->s.tx_port = n->s.rx_port = 0;
    n->s.sg = n->s.flip = false;
}

static void disconnect(void *device)
{
    let_go(device);
}

static const struct xenbus_driver driver = {
    .type = "vif",
    .offer = offer,
    .connect = connect_rings,
    .disconnect = disconnect,
};

/* What a toolstack writes for a card. */
static void describe(struct net *n)
{
    const uint8_t *m = n->mac;
    g_autofree char *mac =
        g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    xenbus_put(n->bus, "mac", "%s", mac);
    xenbus_put(n->bus, "handle", "%u", n->handle);
    xenbus_put(n->bus, "mtu", "%u", MTU);
    xenbus_put(n->bus, "type", "vif");
    xenbus_put(n->bus, "hotplug-status", "connected");
    xenbus_put_front(n->bus, "mac", "%s", mac);
    xenbus_put_front(n->bus, "handle", "%u", n->handle);
    xenbus_put_front(n->bus, "mtu", "%u", MTU);
}

struct net *net_new(struct xenstore *x, struct domain *d, unsigned handle, const uint8_t mac[NET_MAC_LEN],
                    net_output_fn output, void *user)
{
    struct net *n = g_new0(struct net, 1);
    n->d = d;
    n->handle = handle;
    n->output = output;
    n->output_user = user;
    memcpy(n->mac, mac, NET_MAC_LEN);
    g_queue_init(&n->queue);
    n->bus = xenbus_new(x, d, &driver, n, handle);
    describe(n);
    xenbus_start(n->bus);
    return n;
}

void net_free(struct net *n)
{
    if (!n)
        return;
    xenbus_free(n->bus);
    drop_all(n);
    g_free(n->fault);
    g_free(n);
}

void net_suspend(struct net *n)
{
    let_go(n);
}

void net_resume(struct net *n)
{
    xenbus_restart(n->bus);
}

/* --- snapshots -------------------------------------------------------------------- */

static const struct state_field net_rows[] = {
    STATE_S(net_state, tx, &ring_state_type),
    STATE_S(net_state, rx, &ring_state_type),
    STATE_N(net_state, tx_port, NR_EVTCHNS - 1),
    STATE_N(net_state, rx_port, NR_EVTCHNS - 1),
    STATE_N(net_state, xenbus, XENBUS_SAVED_MAX),
    STATE_N(net_state, nr_queued, QUEUE_FRAMES),
    STATE_B(net_state, sg),
    STATE_B(net_state, flip),
};
static const struct state_type net_type = STATE_TYPE(net_state, net_rows);

GBytes *net_save(const struct net *n)
{
    GByteArray *bytes = g_byte_array_new();
    struct net_state s = n->s;
    s.xenbus = xenbus_save(n->bus);
    s.nr_queued = g_queue_get_length((GQueue *)&n->queue);
    state_pack(bytes, &net_type, &s);
    for (const GList *i = n->queue.head; i; i = i->next) {
        gsize len;
        const uint8_t *frame = g_bytes_get_data(i->data, &len);
        uint32_t size = (uint32_t)len;
        g_byte_array_append(bytes, (const uint8_t *)&size, sizeof size);
        g_byte_array_append(bytes, frame, size);
    }
    return g_byte_array_free_to_bytes(bytes);
}

/* The frames behind the state. */
static bool restore_queue(struct net *n, const uint8_t *bytes, size_t len, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t size;
        if (len < sizeof size)
            return false;
        memcpy(&size, bytes, sizeof size);
        bytes += sizeof size;
        len -= sizeof size;
        if (size > len || size > NET_FRAME_MAX)
            return false;
        g_queue_push_tail(&n->queue, g_bytes_new(bytes, size));
        n->queued_bytes += size;
        bytes += size;
        len -= size;
    }
    return len == 0;
}

bool net_restore(struct net *n, GBytes *saved, GError **error)
{
    struct state_bytes from;
    struct net_state s = {.tx_port = 0};
    drop_all(n);
    from.at = g_bytes_get_data(saved, &from.left);
    bool ok = state_unpack(&from, &net_type, &s, error);
    if (ok && !restore_queue(n, from.at, from.left, s.nr_queued)) {
        g_set_error_literal(error, RING1_ERROR, RING1_ERROR_INPUT, "the frames that wait cannot be");
        ok = false;
    }
    if (!ok) {
        g_prefix_error(error, "%s: ", xenbus_name(n->bus));
        return false;
    }
    n->s = s;
    xenbus_restore(n->bus, s.xenbus);
    return true;
}

bool net_check(const struct net *n, GError **error)
{
    bool ok = ring_check(n->d, &n->s.tx, sizeof(union tx_slot)) &&
              ring_check(n->d, &n->s.rx, sizeof(struct netif_rx_request)) &&
              (n->s.rx.nr_pages == 0 || n->s.tx.nr_pages != 0) &&
              (n->s.rx.nr_pages != 0 || (n->s.tx_port == 0 && n->s.rx_port == 0)) &&
              n->queued_bytes <= QUEUE_BYTES;
    if (!ok)
        g_set_error(error, RING1_ERROR, RING1_ERROR_INPUT, "%s: its rings cannot be", xenbus_name(n->bus));
    return ok;
}

void net_pins(const struct net *n, uint32_t *pins)
{
    ring_pins(n->d, &n->s.tx, pins);
    ring_pins(n->d, &n->s.rx, pins);
}
