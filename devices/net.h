/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * net.h - a network card for the guest: the back end of Xen's network interface, "vif"
 * (docs/xen-abi.md 9.5; Xen's io/netif.h), as Linux's xen-netback serves one queue of
 * it. Packets are whole Ethernet frames. What is behind the card is the owner's
 * business: packets of the guest go to its output function, and whatever comes from
 * outside enters by net_input alone.
 */
#ifndef DEVICES_NET_H
#define DEVICES_NET_H

#include "xenstore.h"

/* The longest frame: what a request's 16 bits of size can say. */
#define NET_FRAME_MAX 65535u
#define NET_MAC_LEN   6u

struct net;

/* A frame that the guest sent; it is the function's only during the call. Checksums
 * that the guest left to the card are there; a frame that it wants to be cut into
 * segments (TCP over IPv4) is still one. It must not call net_input. */
typedef void (*net_output_fn)(void *user, const uint8_t *frame, uint32_t len);

/* Card `handle` (0, 1, ...) of the domain, offered to the guest at once. */
struct net *net_new(struct xenstore *x, struct domain *d, unsigned handle, const uint8_t mac[NET_MAC_LEN],
                    net_output_fn output, void *user);
/* The domain goes too: nothing is said to the guest. */
void net_free(struct net *n);

/* A front end listens: packets can come and go. */
bool net_connected(const struct net *n);

/* A frame from outside, now. It waits while the guest gives no buffers. False: it was
 * dropped; nobody listens, too much waits already, or it is too long or too short. */
bool net_input(struct net *n, const uint8_t *frame, uint32_t len);

/* The guest kicked a port. False: it is not this device's. */
bool net_notify(struct net *n, uint16_t port);
/* Look whether the guest gave buffers and did not say so. True: something moved. */
bool net_poll(struct net *n);

/* Around machine_resume: forget what the old life granted, and be offered anew. */
void net_suspend(struct net *n);
void net_resume(struct net *n);

/* What the front end did wrong, last, or NULL. */
const char *net_fault(const struct net *n);

/* Rings, ports and the packets that wait; nothing of what is behind the card. */
GBytes *net_save(const struct net *n);
bool net_restore(struct net *n, GBytes *saved, GError **error);
/* As block_check and block_pins. */
bool net_check(const struct net *n, GError **error);
void net_pins(const struct net *n, uint32_t *pins);

#endif
