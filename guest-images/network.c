/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * network - a front end of the network and as much of its protocols as a test needs:
 * DHCP, ARP, and a small server: UDP port 7 and TCP port 7 echo, TCP port 19 sends a
 * pattern in packets that the card has to cut, UDP port 9 ends the guest. `reach=PORT`
 * on the command line: connect to that port of the router, `reached=0` or 1 says with
 * which end; `flip=1`: as the front ends of Xen 3.0.0, which give pages away and get others
 * with packets in them (docs/xen-abi.md 9.5).
 */
#include "lib/xenbus.h"

#define PAGE    __attribute__((aligned(4096), section(".pages")))
#define BUFFERS 64u
#define PARTS   9u
#define SLOTS   256u

struct tx_request {
    u32 ref;
    u16 offset, flags, id, size;
};
struct rx_request {
    u16 id, pad;
    u32 ref;
};
struct rx_response {
    u16 id, offset, flags;
    short status;
};
struct ring {
    volatile u32 req_prod, req_event, rsp_prod, rsp_event;
    u32 pad[12];
    u8 slots[4032];
};
enum { CSUM_BLANK = 1, VALIDATED = 2, MORE = 4, EXTRA = 8 };

static u8 tx_page[4096] PAGE, rx_page[4096] PAGE, rx_data[BUFFERS][4096] PAGE, tx_data[PARTS][4096] PAGE;
static u32 tx_refs[PARTS], rx_refs[BUFFERS], tx_cons, rx_cons, port;
static u8 mac[6], router[6], frame[PARTS * 4096];
static u32 pattern = 200000, filled = 1; /* bytes of port 19 */
static u32 address, bad_sends, bad_sums, packets, flips, flipped;
static char front[64], back[128];
#define TX ((struct ring *)tx_page)
#define RX ((struct ring *)rx_page)

static void barrier(void)
{
    asm volatile("" ::: "memory");
}

static u32 get16(const u8 *p)
{
    return (u32)p[0] << 8 | p[1];
}

static u32 get32(const u8 *p)
{
    return get16(p) << 16 | get16(p + 2);
}

static void put16(u8 *p, u32 value)
{
    p[0] = (u8)(value >> 8);
    p[1] = (u8)value;
}

static void put32(u8 *p, u32 value)
{
    put16(p, value >> 16);
    put16(p + 2, value);
}

/* --- the rings -------------------------------------------------------------------- */

static void push(struct ring *r, u32 prod)
{
    u32 old = r->req_prod;

    barrier();
    r->req_prod = prod;
    barrier();
    if (prod - r->req_event < prod - old)
        channel_send(port);
}

/* Send `len` bytes of `frame` in pages, to be cut into segments of `mss` bytes if that is
 * not 0. The back end is done when the kick is. */
static void send(u32 len, u32 flags, u32 mss)
{
    struct tx_request *slot = (struct tx_request *)TX->slots;
    u32 prod = TX->req_prod, parts = (len + 4095) / 4096, i;

    for (i = 0; i < parts; i++) {
        u32 size = len - i * 4096 < 4096 ? len - i * 4096 : 4096;
        struct tx_request r = {tx_refs[i], 0, (u16)(i + 1 < parts ? MORE : 0), (u16)i, (u16)(i ? size : len)};

        memcpy(tx_data[i], frame + i * 4096, size);
        if (i == 0)
            r.flags |= (u16)(flags | (mss ? EXTRA : 0));
        slot[prod++ % SLOTS] = r;
        if (i == 0 && mss)
            slot[prod++ % SLOTS] = (struct tx_request){1 | mss << 16, 1, 0, 0, 0};
    }
    push(TX, prod);
    for (; tx_cons != prod; tx_cons++) {
        while (TX->rsp_prod == tx_cons)
            yield();
        if (((short *)&slot[tx_cons % SLOTS])[1] < 0)
            bad_sends++;
    }
    TX->rsp_event = tx_cons + 1;
}

static void give(u32 buffer)
{
    if (flips)
        grant_await(rx_refs[buffer], rx_data[buffer]);
    ((struct rx_request *)RX->slots)[RX->req_prod % SLOTS] =
        (struct rx_request){(u16)buffer, 0, rx_refs[buffer]};
    push(RX, RX->req_prod + 1);
}

/* --- headers ------------------------------------------------------------------------ */

static u32 ip_sum(const u8 *p)
{
    u32 sum = 0, i;

    for (i = 0; i < 20; i += 2)
        sum += get16(p + i);
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum ^ 0xFFFF;
}

/* Ethernet and IP before `len` bytes of `protocol`, which are at frame + 34. */
static void ip(u32 protocol, u32 to, u32 len)
{
    u8 *p = frame + 14;

    memcpy(frame, router, 6);
    memcpy(frame + 6, mac, 6);
    put16(frame + 12, 0x800);
    memset(p, 0, 20);
    p[0] = 0x45;
    put16(p + 2, 20 + len);
    p[8] = 64;
    p[9] = (u8)protocol;
    put32(p + 12, address);
    put32(p + 16, to);
    put16(p + 10, ip_sum(p));
}

static void udp(u32 to, u32 from_port, u32 to_port, u32 len)
{
    put16(frame + 34, from_port);
    put16(frame + 36, to_port);
    put16(frame + 38, 8 + len);
    put16(frame + 40, 0);
    ip(17, to, 8 + len);
    send(42 + len, CSUM_BLANK | VALIDATED, 0);
}

static void arp(u32 op, const u8 *to, u32 to_address)
{
    memset(frame, 0, 60);
    memcpy(frame, op == 1 ? (const u8 *)"\377\377\377\377\377\377" : to, 6);
    memcpy(frame + 6, mac, 6);
    memcpy(frame + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00", 9);
    frame[21] = (u8)op;
    memcpy(frame + 22, mac, 6);
    put32(frame + 28, address);
    if (op == 2)
        memcpy(frame + 32, to, 6);
    put32(frame + 38, to_address);
    send(60, 0, 0);
}

/* --- TCP: one connection, nothing is lost, and what cannot be taken is sent again ----- */

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
static struct {
    u32 on, peer, port, own_port, next, sent, acked, window, left;
} c;
static s32 reached = -1; /* 0: refused; 1: connected */

static void tcp(u32 flags, u32 len)
{
    u8 *p = frame + 34;

    put16(p, c.own_port);
    put16(p + 2, c.port);
    put32(p + 4, c.sent);
    put32(p + 8, flags & ACK ? c.next : 0);
    p[12] = 0x50;
    p[13] = (u8)flags;
    put16(p + 14, 16384);
    put32(p + 16, 0);
    ip(6, c.peer, 20 + len);
    send(54 + len, CSUM_BLANK | VALIDATED, len > 1460 ? 1460 : 0);
    c.sent += len + (flags & (SYN | FIN) ? 1 : 0);
}

static void more_pattern(void)
{
    while (c.on && c.left && c.acked + c.window - c.sent >= 30000) {
        u32 len = c.left < 30000 ? c.left : 30000, i;

        for (i = 0; filled && i < len; i++)
            frame[54 + i] = (u8)((pattern - c.left + i) * 2654435761u >> 24);
        c.left -= len;
        tcp(ACK, len);
        if (!c.left)
            tcp(ACK | FIN, 0);
    }
}

static void tcp_came(const u8 *p, u32 len, u32 from)
{
    u32 flags = p[13], head = (p[12] >> 4) * 4u, sequence = get32(p + 4), own = get16(p + 2);

    if (c.on && (from != c.peer || get16(p) != c.port || own != c.own_port) && !(flags & SYN))
        return;
    if (flags & RST) {
        reached = reached < 0 ? 0 : reached;
        c.on = 0;
        return;
    }
    if ((flags & (SYN | ACK)) == SYN) {
        if (own != 7 && own != 19)
            return;
        memset(&c, 0, sizeof c);
        c.on = 1;
        c.peer = from;
        c.port = get16(p);
        c.own_port = own;
        c.next = sequence + 1;
        c.sent = c.acked = sequence * 7 + 99;
        c.left = own == 19 ? pattern : 0;
        tcp(SYN | ACK, 0);
        return;
    }
    if (!c.on)
        return;
    c.acked = get32(p + 8);
    c.window = get16(p + 14);
    if (flags & SYN) { /* the answer to ours */
        reached = 1;
        tcp(RST, 0);
        c.on = 0;
        return;
    }
    len -= head;
    if (sequence != c.next) {
        if (len || flags & FIN)
            tcp(ACK, 0);
        return;
    }
    if (len) {
        if (c.acked + c.window - c.sent < len)
            return; /* it comes again */
        c.next += len;
        memcpy(frame + 54, p + head, len);
        tcp(ACK, c.own_port == 7 ? len : 0);
    }
    if (flags & FIN) {
        c.next++;
        tcp(c.own_port == 7 ? ACK | FIN : ACK, 0);
        c.on = c.own_port != 7 && c.left;
    }
    more_pattern();
}

/* --- what comes ------------------------------------------------------------------------ */

static u32 arps, quit, dhcp_type, dhcp_address, dhcp_server;

static void dhcp_came(const u8 *p, u32 len)
{
    u32 at = 240;

    dhcp_address = get32(p + 16);
    while (at + 2 < len && p[at] != 255) {
        if (p[at] == 53)
            dhcp_type = p[at + 2];
        if (p[at] == 54)
            dhcp_server = get32(p + at + 2);
        at += p[at] ? 2u + p[at + 1] : 1;
    }
}

static void udp_came(const u8 *p, u32 from)
{
    u32 to = get16(p + 2), len = get16(p + 4) - 8;

    if (to == 68)
        dhcp_came(p + 8, len);
    if (to == 9)
        quit = 1;
    if (to == 7 && len < 1500) {
        memcpy(frame + 42, p + 8, len);
        udp(from, 7, get16(p), len);
    }
}

static void frame_came(const u8 *p, u32 len, u32 flags)
{
    u32 total = get16(p + 16);

    packets++;
    if (get16(p + 12) == 0x806 && get32(p + 38) == address) {
        memcpy(router, p + 22, 6);
        arps = 1;
        if (get16(p + 20) == 1)
            arp(2, p + 22, get32(p + 28));
    }
    if (get16(p + 12) != 0x800 || total + 14 > len || p[14] != 0x45)
        return;
    if (!(flags & 1)) /* the back end has looked at its checksum */
        bad_sums += p[23] == 6 || p[23] == 17;
    if (p[23] == 17)
        udp_came(p + 34, get32(p + 26));
    if (p[23] == 6)
        tcp_came(p + 34, total - 20, get32(p + 26));
}

/* Everything that has come; 0: nothing. */
static u32 look(void)
{
    u32 n = 0;

    for (; RX->rsp_prod != rx_cons; rx_cons++, n++) {
        struct rx_response r = ((struct rx_response *)RX->slots)[rx_cons % SLOTS];

        barrier();
        RX->rsp_event = rx_cons + 2;
        if (flips)
            flipped += check_quietly("a page for the one given away",
                                     (u32)grant_take(rx_refs[r.id], rx_data[r.id]), 1);
        if (r.status > 0)
            frame_came(rx_data[r.id] + r.offset, (u32)r.status, r.flags);
        give(r.id);
    }
    return n;
}

/* Look until *what is `value`: 1; 0 when it is not for long. */
static u32 look_for(const volatile u32 *what, u32 value)
{
    u32 i;

    for (i = 0; i < 1000 && *what != value; i++)
        if (!look())
            yield();
    return *what == value;
}

/* --- the whole --------------------------------------------------------------------------- */

static void dhcp(u32 type)
{
    u8 *p = frame + 42;

    memset(p, 0, 300);
    memcpy(p, "\x01\x01\x06\x00RNG1", 8);
    memcpy(p + 28, mac, 6);
    memcpy(p + 236, "\x63\x82\x53\x63\x35\x01", 6);
    p[242] = (u8)type;
    if (type == 3) {
        memcpy(p + 243, "\x32\x04", 2);
        put32(p + 245, dhcp_address);
        memcpy(p + 249, "\x36\x04", 2);
        put32(p + 251, dhcp_server);
        p[255] = 255;
    } else {
        p[243] = 255;
    }
    memset(router, 0xFF, 6);
    udp(0xFFFFFFFF, 68, 67, 300);
}

static u32 hex(char digit)
{
    return (u32)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static void connect(void)
{
    u32 i;

    TX->req_event = TX->rsp_event = RX->req_event = RX->rsp_event = 1;
    for (i = 0; i < PARTS; i++)
        tx_refs[i] = grant_page(tx_data[i], 1);
    for (i = 0; i < BUFFERS; i++)
        rx_refs[i] = grant_page(rx_data[i], 0);
    port = channel_new();
    CHECK("the back end waits", xenbus_wait(back, 2), 1);
    xenbus_put_number(front, "tx-ring-ref", grant_page(tx_page, 0));
    xenbus_put_number(front, "rx-ring-ref", grant_page(rx_page, 0));
    xenbus_put_number(front, "event-channel", port);
    flips = option("flip") != 0;
    if (!flips) {
        xenbus_put_number(front, "request-rx-copy", 1);
        xenbus_put_number(front, "feature-rx-notify", 1);
        xenbus_put_number(front, "feature-sg", 1);
    }
    CHECK("a mac", xs_path(XS_READ, 0, xenbus_path(front, "mac")), 17);
    for (i = 0; i < 6; i++)
        mac[i] = (u8)(hex(xs_reply[i * 3]) << 4 | hex(xs_reply[i * 3 + 1]));
    xenbus_set_state(front, 4);
    CHECK("it connects", xenbus_wait(back, 4), 1);
    for (i = 0; i < BUFFERS; i++)
        give(i);
}

static u32 number_of(const char *text)
{
    u32 n = 0;

    while (text && *text >= '0' && *text <= '9')
        n = n * 10 + (u32)(*text++ - '0');
    return n;
}

static void reach(u32 to_port)
{
    u32 i;

    c.on = 1;
    c.peer = 0x0A000202;
    c.port = to_port;
    c.own_port = 4321;
    c.sent = 1000;
    tcp(SYN, 0);
    for (i = 0; i < 300 && reached < 0; i++)
        if (!look())
            yield();
    c.on = 0;
    CHECK("a connection to the host", reached == 1, number_of(option("reached")));
}

void guest_main(void)
{
    if (xs_path(XS_DIRECTORY, 0, "device/vif") <= 0) {
        print("no network\n");
        return;
    }
    memcpy(front, xenbus_path("device/vif", xs_reply), sizeof front);
    CHECK("where its back end is", xs_path(XS_READ, 0, xenbus_path(front, "backend")) > 0, 1);
    memcpy(back, xs_reply, strlen(xs_reply) + 1);
    if (option("bytes")) {
        pattern = number_of(option("bytes"));
        filled = 0;
    }
    connect();
    dhcp(1);
    CHECK("DHCP offers", look_for(&dhcp_type, 2), 1);
    dhcp(3);
    CHECK("DHCP gives", look_for(&dhcp_type, 5), 1);
    CHECK("the address", dhcp_address, 0x0A00020F);
    address = dhcp_address;
    memset(router, 0, 6);
    arp(1, 0, 0x0A000202);
    CHECK("the router's ARP", look_for(&arps, 1), 1);
    if (option("reach"))
        reach(number_of(option("reach")));
    print("ready\n");
    while (!quit)
        if (!look())
            yield();
    if (flips)
        CHECK("pages came for those given away", flipped > 4, 1);
    CHECK("packets that were not sent", bad_sends, 0);
    CHECK("checksums that nobody looked at", bad_sums, 0);
    print("%s\n", packets > 4 ? "packets came" : "too few packets came");
}
