/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net_restrict.h - what a guest with `restrict` may send: answers to those who came by a
 * forwarded port, ARP, DHCP and ping of the router. All else is dropped. libslirp has a
 * restriction of its own, which also drops what the guest answers by UDP.
 */
#ifndef DEVICES_NET_RESTRICT_H
#define DEVICES_NET_RESTRICT_H

#include <stdbool.h>
#include <stdint.h>

/* Who sent the guest a datagram by a forwarded port, lately. */
#define RESTRICT_PEERS 64u
struct net_restrict {
    uint32_t router; /* addresses in the host's byte order */
    struct restrict_peer {
        uint32_t guest, peer;
        uint16_t guest_port, peer_port;
    } peer[RESTRICT_PEERS];
    unsigned nr; /* ever; the newest is at (nr - 1) % RESTRICT_PEERS */
};

/* A frame of a forwarded datagram is on its way to the guest. */
void net_restrict_learn(struct net_restrict *r, const uint8_t *frame, uint32_t len);
/* The guest may send this frame. */
bool net_restrict_passes(const struct net_restrict *r, const uint8_t *frame, uint32_t len);

#endif
