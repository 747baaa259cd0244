/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_restrict.c - see net_restrict.h. Only plain IPv4 passes: no options, no fragments,
 * headers that are all there.
 */
#include "net_restrict.h"

#define ETHER_HEADER  14u
#define IP_HEADER     20u
#define TRANSPORT     (ETHER_HEADER + IP_HEADER)
#define BROADCAST     0xFFFFFFFFu
#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP  6
#define PROTOCOL_UDP  17
#define DHCP_SERVER   67u
#define DHCP_CLIENT   68u
#define TCP_SYN       0x02
#define TCP_ACK       0x10

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static bool is_plain_ip(const uint8_t *frame, uint32_t len)
{
    const uint8_t *ip = frame + ETHER_HEADER;
    return len >= TRANSPORT && get16(frame + 12) == 0x0800 && ip[0] == 0x45 && get16(ip + 2) >= IP_HEADER &&
           get16(ip + 2) <= len - ETHER_HEADER && (get16(ip + 6) & 0x3FFF) == 0;
}

/* At least `most` bytes of the header behind IP's are there. */
static bool has(const uint8_t *frame, uint32_t most)
{
    return get16(frame + ETHER_HEADER + 2) >= IP_HEADER + most;
}

void net_restrict_learn(struct net_restrict *r, const uint8_t *frame, uint32_t len)
{
    if (!is_plain_ip(frame, len) || frame[23] != PROTOCOL_UDP || !has(frame, 8))
        return;
    const struct restrict_peer peer = {.guest = get32(frame + 30),
                                       .peer = get32(frame + 26),
                                       .guest_port = get16(frame + TRANSPORT + 2),
                                       .peer_port = get16(frame + TRANSPORT)};
    if (peer.peer_port != DHCP_SERVER || peer.peer != r->router)
        r->peer[r->nr++ % RESTRICT_PEERS] = peer;
}

static bool is_answer(const struct net_restrict *r, const uint8_t *frame)
{
    for (unsigned i = 0; i < r->nr && i < RESTRICT_PEERS; i++) {
        const struct restrict_peer *p = &r->peer[i];
        if (p->guest == get32(frame + 26) && p->peer == get32(frame + 30) &&
            p->guest_port == get16(frame + TRANSPORT) && p->peer_port == get16(frame + TRANSPORT + 2))
            return true;
    }
    return false;
}

bool net_restrict_passes(const struct net_restrict *r, const uint8_t *frame, uint32_t len)
{
    if (len >= ETHER_HEADER && get16(frame + 12) == 0x0806)
        return true;
    if (!is_plain_ip(frame, len))
        return false;
    uint32_t to = get32(frame + 30);
    switch (frame[23]) {
    case PROTOCOL_ICMP:
        return to == r->router;
    case PROTOCOL_TCP: /* who begins is outside */
        return has(frame, 20) && (frame[TRANSPORT + 13] & (TCP_SYN | TCP_ACK)) != TCP_SYN;
    case PROTOCOL_UDP:
        if (!has(frame, 8))
            return false;
        if (get16(frame + TRANSPORT) == DHCP_CLIENT && get16(frame + TRANSPORT + 2) == DHCP_SERVER)
            return to == r->router || to == BROADCAST;
        return is_answer(r, frame);
    default:
        return false;
    }
}
